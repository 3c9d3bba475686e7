"""What runs beside the server comes back when it dies, and goes when the server goes."""

import asyncio
import itertools
import os
import signal
import subprocess
import sys
from pathlib import Path

import asyncpg
import httpx
import pytest

from kundelik_core.kernel import supervise
from kundelik_core.kernel.pg import EmbeddedPostgres
from kundelik_core.kernel.supervise import Companion, Supervisor
from tests.server import PLAIN, Server, ask, roomy_dir
from tests.waiting import wait_for

pytestmark = [pytest.mark.durability, pytest.mark.xdist_group("durability")]

# Writes its pid, then lives until its standard input is closed or it is told to end.
CHILD = """
import os, sys
with open(sys.argv[1], "a") as file:
    file.write(f"{os.getpid()}\\n")
sys.stdin.read()
"""

MASTER = """
import sys, time
from kundelik_core.kernel.supervise import Companion, Supervisor
with Supervisor([Companion("child", [sys.executable, "-c", *sys.argv[1:]])]):
    time.sleep(60)
"""


def pids(file: Path, number: int) -> list[int]:
    def written() -> list[int]:
        # A line that has no end yet is half a number.
        lines = file.read_text().splitlines(keepends=True) if file.exists() else []
        return [int(line) for line in lines if line.endswith("\n")]

    wait_for(lambda: len(written()) >= number, what=f"{number} starts")
    return written()


def gone(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"


def test_it_is_started_again_and_stopped_at_the_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(supervise, "LOOK_EVERY", 0.02)
    monkeypatch.setattr(supervise, "_FIRST_PAUSE", 0.05)
    file = tmp_path / "pids"
    companion = Companion("child", [sys.executable, "-c", CHILD, str(file)])
    with Supervisor([companion]):
        (first,) = pids(file, 1)
        os.kill(first, signal.SIGKILL)
        second = pids(file, 2)[1]
        assert companion.pid == second != first
    assert gone(second)
    assert companion.pid is None


def test_it_begins_anew_when_it_is_told_to(tmp_path: Path) -> None:
    file = tmp_path / "pids"
    companion = Companion("child", [sys.executable, "-c", CHILD, str(file)])
    told: list[str] = []

    class Other:
        def look(self) -> None:
            """Do nothing."""

        def stop(self) -> None:
            """Do nothing."""

        def reload(self) -> None:
            told.append("anew")

    with Supervisor([companion, Other()]) as supervisor:
        (first,) = pids(file, 1)
        supervisor.reload()
        # Not after a pause, as one that died would be.
        second = pids(file, 2)[1]
        assert gone(first)
        assert companion.pid == second
        assert told == ["anew"]
    assert gone(second)


def test_one_that_clings_is_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(supervise, "_STOP_SECONDS", 0.2)
    monkeypatch.setattr(supervise, "LOOK_EVERY", 0.05)
    file = tmp_path / "pids"
    deaf = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN)\n" + CHILD
    companion = Companion("child", [sys.executable, "-c", deaf, str(file)])
    with Supervisor([companion]) as supervisor:
        (first,) = pids(file, 1)
        supervisor.reload()
        pids(file, 2)
        assert gone(first)


def test_one_that_dies_at_once_is_tried_ever_more_slowly(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [100.0]
    monkeypatch.setattr("kundelik_core.kernel.supervise.time.monotonic", lambda: now[0])
    companion = Companion("child", [sys.executable, "-c", ""])
    starts: list[float] = []
    for _ in range(200):
        before = companion._process
        companion.look()
        if companion._process is not before and companion._process is not None:
            starts.append(now[0])
            companion._process.wait()
        now[0] += 0.5
    companion.stop()
    pauses = [later - earlier for earlier, later in itertools.pairwise(starts)]
    assert len(starts) < 10
    assert pauses == sorted(pauses)
    assert pauses[-1] >= 30


def test_it_ends_with_a_master_that_was_killed(tmp_path: Path) -> None:
    file = tmp_path / "pids"
    master = subprocess.Popen([sys.executable, "-c", MASTER, CHILD, str(file)])
    (child,) = pids(file, 1)
    master.kill()
    master.wait()
    wait_for(lambda: gone(child))


def _postmaster(server: EmbeddedPostgres) -> int:
    try:
        return int((server.data / "postmaster.pid").read_text().split("\n", 1)[0])
    except (FileNotFoundError, ValueError):
        return 0


def test_a_database_that_died_is_started_again(tmp_path: Path) -> None:
    server = EmbeddedPostgres(tmp_path)
    assert server.revive() is False, "nobody asked for it yet"
    server.start()
    try:
        assert server.revive() is False
        with Supervisor(postgres=server):
            first = _postmaster(server)
            os.kill(first, signal.SIGKILL)
            wait_for(lambda: _postmaster(server) not in {0, first} and server.alive())
    finally:
        assert server.stop() is True
    assert server.revive() is False, "it was stopped on purpose"


def _job_worker(server: Server) -> int:
    """Return the pid of the job worker of a running server, or 0."""
    assert server._process
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            rest = stat.read_text().rpartition(")")[2].split()
            command = (stat.parent / "cmdline").read_bytes()
        except OSError:
            continue
        if int(rest[1]) == server._process.pid and b"kundelik_core.cli.worker" in command:
            return int(stat.parent.name)
    return 0


@pytest.mark.slow
def test_a_server_keeps_its_worker_and_its_database() -> None:
    with roomy_dir("supervised") as place:
        server = Server(place)
        server.start()
        try:
            wait_for(lambda: _job_worker(server))
            before, workers = _job_worker(server), set(server.workers())
            assert server._process
            os.kill(server._process.pid, signal.SIGHUP)
            wait_for(lambda: _job_worker(server) not in {0, before})
            wait_for(lambda: len(now := set(server.workers())) == 2 and not now & workers)
            first = _job_worker(server)
            os.kill(first, signal.SIGKILL)
            wait_for(lambda: _job_worker(server) not in {0, first})
            postgres = EmbeddedPostgres(place)
            dead = _postmaster(postgres)
            os.kill(dead, signal.SIGKILL)
            wait_for(lambda: _postmaster(postgres) not in {0, dead})
            wait_for(lambda: ask(f"{server.url}/readyz").status_code == 200)
            # The worker comes back by itself, too, once it can.
            wait_for(lambda: _registered(postgres))
            last = _job_worker(server)
        finally:
            print(server.said())
            server.stop()
        assert gone(last)
        assert postgres.alive() is False


def _registered(postgres: EmbeddedPostgres) -> bool:
    """Whether a worker says that it lives, to the database that was started again."""

    async def ask() -> object:
        conn = await asyncpg.connect(postgres.dsn("kundelik", "postgres"))
        try:
            return await conn.fetchval(
                "select count(*) from pg_stat_activity where application_name = 'kundelik worker'"
            )
        finally:
            await conn.close()

    return bool(asyncio.run(ask()))


def _children(parent: int) -> set[int]:
    found = set()
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            rest = stat.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(rest[1]) == parent:
            found.add(int(stat.parent.name))
    return found


@pytest.mark.slow
def test_nothing_outlives_a_master_that_was_killed() -> None:
    with roomy_dir("orphans") as place:
        server = Server(place)
        server.start()
        assert server._process
        master = server._process
        try:
            # A browser that keeps its connection is no reason to stay.
            with httpx.Client(base_url=server.url, timeout=10, verify=PLAIN) as client:
                assert client.get("/readyz").status_code == 200
                wait_for(lambda: _job_worker(server))
                family = _children(master.pid)
                assert {*server.workers(), _job_worker(server)} <= family
                assert len(server.workers()) == 2
                master.kill()
                master.wait()
                wait_for(lambda: all(gone(pid) for pid in family))
            server.start()
            assert ask(f"{server.url}/readyz").status_code == 200
        finally:
            print(server.said())
            server.stop()
        assert EmbeddedPostgres(place).alive() is False
