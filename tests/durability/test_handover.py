"""New workers take the places of old ones, and nobody who asks meanwhile is turned away."""

import contextlib
import os
import signal
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import IO

import httpx
import pytest
from typing_extensions import override

from tests.server import Server, ask, free_port, roomy_dir
from tests.waiting import wait_for

pytestmark = [pytest.mark.durability, pytest.mark.xdist_group("durability")]

# A worker starts when the file ``may-start`` is there, and does not survive it if it says so.
APPLICATION = """
import asyncio, os, pathlib
HERE = pathlib.Path(__file__).parent

async def application(scope, receive, send):
    if scope["type"] == "lifespan":
        await receive()
        while not (HERE / "may-start").exists():
            await asyncio.sleep(0.01)
        if (HERE / "may-start").read_text() == "fail":
            await send({"type": "lifespan.startup.failed", "message": "broken"})
            return
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await send({"type": "lifespan.shutdown.complete"})
        return
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": str(os.getpid()).encode()})
"""
MASTER = """
import sys
from granian.constants import Interfaces
from kundelik_core.web.handover import Handover
Handover(
    "application:application", interface=Interfaces.ASGI, port=int(sys.argv[1]),
    workers=int(sys.argv[2]), respawn_failed_workers=True, respawn_interval=0.01,
    workers_kill_timeout=5,
).serve()
"""


class Asker(threading.Thread):
    """Asks over and over, each time over a connection of its own; tells what went wrong."""

    def __init__(self, url: str) -> None:
        super().__init__()
        self._url = url
        self._ending = threading.Event()
        self.answers: Counter[str] = Counter()
        self.faults: list[str] = []
        self.cut: list[str] = []

    @override
    def run(self) -> None:
        while not self._ending.wait(0.02):
            try:
                answer = ask(self._url, 60)
            except (httpx.RemoteProtocolError, httpx.ReadError) as error:
                # Taken at the very moment when a worker stops; browsers ask again.
                self.cut.append(repr(error))
            except httpx.HTTPError as error:
                self.faults.append(repr(error))
            else:
                if answer.status_code == 200:
                    self.answers[answer.text] += 1
                else:
                    self.faults.append(str(answer.status_code))

    def end(self) -> None:
        self._ending.set()
        self.join(90)
        assert not self.is_alive()


@contextmanager
def asking(url: str, number: int = 2) -> Iterator[list[Asker]]:
    askers = [Asker(url) for _ in range(number)]
    for one in askers:
        one.start()
    try:
        yield askers
    finally:
        for one in askers:
            one.end()


def renewed(pids: Callable[[], Iterable[int]], before: set[int]) -> Callable[[], bool]:
    """Tell whether others are there, and as many."""
    return lambda: len(now := set(pids())) == len(before) and not now & before


def answered(askers: list[Asker]) -> int:
    return sum(sum(one.answers.values()) for one in askers)


class Small:
    """A small server under ``Handover``, without a database."""

    def __init__(self, folder: Path, workers: int) -> None:
        (folder / "application.py").write_text(APPLICATION)
        self.gate = folder / "may-start"
        self.gate.write_text("go")
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}/"
        self.log = folder / "log"
        self._folder, self._workers = folder, workers
        self.process: subprocess.Popen[bytes] | None = None

    def start(self, output: IO[bytes]) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", MASTER, str(self.port), str(self._workers)],
            cwd=self._folder, stdout=output, stderr=output, start_new_session=True,
            env={**os.environ, "PYTHONPATH": os.pathsep.join([str(self._folder), *sys.path])},
        )  # fmt: skip
        wait_for(lambda: self._answers() and len(self.pids()) == self._workers)

    def _answers(self) -> bool:
        with contextlib.suppress(httpx.HTTPError):
            return ask(self.url).status_code == 200
        return False

    def pids(self) -> set[int]:
        assert self.process
        found = set()
        for stat in Path("/proc").glob("[0-9]*/stat"):
            with contextlib.suppress(OSError):
                rest = stat.read_text().rpartition(")")[2].split()
                if int(rest[1]) == self.process.pid and rest[0] != "Z":
                    found.add(int(stat.parent.name))
        return found

    def reload(self) -> None:
        assert self.process
        self.process.send_signal(signal.SIGHUP)

    def stop(self) -> int:
        assert self.process
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(30)


@pytest.fixture(params=[1, 2], ids=["one worker", "two workers"])
def small(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Small]:
    server = Small(tmp_path, request.param)
    with server.log.open("ab") as output:
        server.start(output)
        try:
            yield server
        finally:
            assert server.process
            if server.process.poll() is None:
                os.killpg(server.process.pid, signal.SIGKILL)
                server.process.wait()
            print(server.log.read_text())


def test_an_old_worker_stays_until_the_new_one_has_started(small: Small) -> None:
    old = small.pids()
    small.gate.unlink()

    def one_more(number: int) -> bool:
        return len(small.pids()) == number + 1

    def more_answers(number: int) -> bool:
        return answered(askers) > number

    with asking(small.url) as askers:
        for _ in range(2):
            before = small.pids()
            small.reload()
            wait_for(partial(one_more, len(before)))
            # Far longer than the pause after which granian would end the old one.
            wait_for(partial(more_answers, answered(askers) + 100))
            assert before < small.pids()
            small.gate.write_text("go")
            wait_for(renewed(small.pids, before))
            small.gate.unlink()
    assert [fault for one in askers for fault in one.faults] == []
    assert sum(len(one.cut) for one in askers) <= 2 * len(old)
    assert small.stop() == 0


def test_one_that_cannot_start_replaces_nobody(small: Small) -> None:
    old = small.pids()
    with asking(small.url) as askers:
        small.gate.write_text("fail")
        small.reload()
        wait_for(lambda: "nothing is replaced" in small.log.read_text())
        wait_for(lambda: small.pids() == old)
        small.gate.write_text("go")
        small.reload()
        wait_for(renewed(small.pids, old))
    assert [fault for one in askers for fault in one.faults] == []
    assert small.stop() == 0


def test_it_stops_while_it_waits_for_a_new_worker(small: Small) -> None:
    old = small.pids()
    small.gate.unlink()
    small.reload()
    wait_for(lambda: len(small.pids()) == len(old) + 1)
    assert small.stop() == 0
    assert "nothing is replaced" not in small.log.read_text()


def test_who_asks_while_a_worker_that_died_comes_back_waits_for_it(small: Small) -> None:
    old = small.pids()
    with asking(small.url, 4) as askers:
        small.gate.unlink()
        for pid in old:
            os.kill(pid, signal.SIGKILL)
        wait_for(renewed(small.pids, old))
        small.gate.write_text("go")
        new = {str(pid) for pid in small.pids()}
        wait_for(lambda: all(one.answers.keys() & new for one in askers))
    assert [fault for one in askers for fault in one.faults] == []


@pytest.mark.slow
def test_the_real_server_answers_through_two_reloads() -> None:
    with roomy_dir("handover") as place:
        server = Server(place)
        server.start()
        try:
            with asking(f"{server.url}/login") as askers:
                for _ in range(2):
                    before = set(server.workers())
                    os.kill(server.master, signal.SIGHUP)
                    wait_for(renewed(server.workers, before), 120)
        finally:
            print(server.said())
            server.stop()
        assert [fault for one in askers for fault in one.faults] == []
        assert sum(len(one.cut) for one in askers) <= 4
        assert all(sum(one.answers.values()) > 20 for one in askers)
