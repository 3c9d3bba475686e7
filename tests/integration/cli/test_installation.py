"""Commands on a database of the operator's own, run as a shell runs them."""

import json
import os
import stat
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg
import pytest

from kundelik_core.kernel.boot import Urls
from kundelik_core.kernel.pg import EmbeddedPostgres
from kundelik_core.kernel.wire import Connection
from tests.commands import CODE, environment
from tests.postgres import fresh_databases

Answer = subprocess.CompletedProcess[str]


class Shell:
    """Calls ``kundelik`` with an installation's addresses in the environment."""

    def __init__(self, urls: Urls, folder: Path) -> None:
        self.urls = urls
        self.folder = folder
        self.env = environment(urls, KUNDELIK_DATA_DIR=str(folder))

    def __call__(self, *args: str) -> Answer:
        return subprocess.run(
            [sys.executable, "-c", CODE, *args],
            env=self.env, cwd=self.folder, capture_output=True, text=True, timeout=240,
            check=False,
        )  # fmt: skip

    async def directory(self, sql: str, *args: object) -> list[tuple[object, ...]]:
        """Ask the directory as its owner."""
        conn: Connection = await asyncpg.connect(self.urls.migrate_directory)
        try:
            return [tuple(row.values()) for row in await conn.fetch(sql, *args)]
        finally:
            await conn.close()


def worker() -> str:
    return os.environ.get("PYTEST_XDIST_WORKER", "main")


@pytest.fixture(scope="module")
async def real(
    postgres: EmbeddedPostgres, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Shell]:
    """An installation for real schools, empty as yet."""
    async with fresh_databases(postgres, f"real_{worker()}") as urls:
        yield Shell(urls, tmp_path_factory.mktemp("real"))


@pytest.fixture(scope="module")
async def made_up(
    postgres: EmbeddedPostgres, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Shell]:
    """A demo, prepared as its first start does."""
    async with fresh_databases(postgres, f"demo_{worker()}") as urls:
        shell = Shell(urls, tmp_path_factory.mktemp("demo"))
        done = shell("demo", "--prepare", "--seed", "5", "--password", "one-password")
        assert done.returncode == 0, done.stderr
        yield shell


async def test_a_school_is_added_and_listed_and_no_made_up_one_beside_it(real: Shell) -> None:
    added = real(
        "school", "add", "№5 мектеп", "--title-ru", "Школа № 5", "--year", "2026", "--json"
    )
    assert added.returncode == 0, added.stderr
    school_id = json.loads(added.stdout)["school"]
    (row,) = json.loads(real("school", "list", "--json").stdout)
    assert (row["id"], row["title"]["ru"], row["is_demo"]) == (school_id, "Школа № 5", False)
    refused = real("generate", "--size", "S")
    assert refused.returncode == 1
    assert "holds real schools" in refused.stderr
    assert len(json.loads(real("school", "list", "--json").stdout)) == 1
    assert real("school", "add", "Х", "--region", "KZ-00").returncode == 1


async def test_an_operator_is_made_and_given_a_new_password(real: Shell) -> None:
    made = real("user", "create", "Aigerim", "--name", "Айгерім", "--json")
    assert made.returncode == 0, made.stderr
    assert json.loads(made.stdout)["role"] == "operator"
    (row,) = json.loads(real("user", "list", "--platform", "--json").stdout)
    assert (row["login"], row["roles"]) == ("aigerim", ["operator"])
    again = real("user", "create", "aigerim")
    assert (again.returncode, "taken" in again.stderr) == (1, True)
    sql = (
        "select a.password_hash, a.must_change_password from directory.account a "
        "join directory.login l on l.account_id = a.id where l.login = 'aigerim'"
    )
    ((before, must),) = await real.directory(sql)
    assert must
    assert real("user", "reset", "aigerim").returncode == 0
    ((after, must),) = await real.directory(sql)
    assert before != after
    assert must
    unknown = real("user", "reset", "nobody")
    assert (unknown.returncode, "no login nobody" in unknown.stderr) == (1, True)
    weak = real("user", "create", "other", "--password", "123")
    assert (weak.returncode, "Traceback" in weak.stderr) == (1, False)


async def test_the_doctor_finds_a_sound_installation_and_what_it_lacks(real: Shell) -> None:
    found = json.loads(real("doctor", "--json").stdout)
    subjects = {one["subject"] for one in found if one["level"] == "ok"}
    assert {"version", "disk", "tenant", "directory", "jobs", "migrations"} <= subjects
    # The suite's own server runs without fsync: the doctor must not let that pass.
    assert any("fsync" in one["text"] for one in found if one["level"] == "wrong")
    assert not any("kundelik_app@" in one["text"] for one in found), "addresses are not shown"
    assert real("migrate", "--check").returncode == 0
    conn: Connection = await asyncpg.connect(real.urls.migrate_tenant)
    try:
        await conn.execute("update core.migration set id = id || '-' where id like 'gradebook/%'")
        lacking = real("doctor", "--json")
        assert lacking.returncode == 1
        wrong = [one for one in json.loads(lacking.stdout) if one["level"] == "wrong"]
        assert any("gradebook/0001" in w["text"] and "migrate" in w["mend"] for w in wrong)
        assert real("migrate", "--check").returncode == 1
        # Nothing else runs on a database that does not fit.
        stopped = real("school", "list")
        assert (stopped.returncode, "kundelik migrate" in stopped.stderr) == (1, True)
    finally:
        await conn.execute("update core.migration set id = rtrim(id, '-')")
        await conn.close()


async def test_the_doctor_says_which_database_cannot_be_reached(real: Shell) -> None:
    shell = Shell(real.urls, real.folder)
    shell.env["KUNDELIK_DIRECTORY_URL"] = "postgresql://x@127.0.0.1:9/x"
    found = shell("doctor", "--json")
    assert found.returncode == 1
    lost = [one for one in json.loads(found.stdout) if "cannot be reached" in one["text"]]
    assert [(one["subject"], one["level"]) for one in lost] == [("directory", "wrong")]
    assert lost[0]["mend"]


async def test_the_demo_has_every_login_with_one_password(made_up: Shell) -> None:
    state = made_up.folder / "demo.json"
    assert stat.S_IMODE(state.stat().st_mode) == 0o600
    kept = json.loads(state.read_text())
    assert (kept["password"], kept["seed"], kept["ready"]) == ("one-password", "5", True)
    names = ["deputy", "director", "homeroom", "operator", "parent", "parent2", "pupil", "region",
             "teacher", "vendor"]  # fmt: skip
    found = await made_up.directory(
        "select l.login, a.password_hash from directory.login l "
        "join directory.account a on a.id = l.account_id where l.login = any($1) order by 1",
        names,
    )
    assert [login for login, _ in found] == names
    assert len({hashed for _, hashed in found}) == 1
    children = await made_up.directory(
        "select c.school_id from directory.account_child c join directory.login l "
        "on l.account_id = c.account_id where l.login = 'parent' order by 1"
    )
    assert [school for (school,) in children] == [1, 2]


async def test_a_second_start_keeps_everything_but_the_password(made_up: Shell) -> None:
    sql = "select a.id from directory.account a order by 1"
    before = await made_up.directory(sql)
    again = made_up("demo", "--prepare", "--password", "another-one")
    assert again.returncode == 0, again.stderr
    assert "Made" not in again.stdout
    assert await made_up.directory(sql) == before
    kept = json.loads((made_up.folder / "demo.json").read_text())
    assert kept["password"] == "another-one"
    hashes = await made_up.directory("select count(distinct password_hash) from directory.account")
    assert hashes == [(1,)]


async def test_a_demo_whose_state_was_lost_is_not_made_twice(made_up: Shell) -> None:
    state = made_up.folder / "demo.json"
    state.unlink()
    lost = made_up("demo", "--prepare")
    assert (lost.returncode, "--password" in lost.stderr) == (1, True)
    assert not state.exists()
    found = made_up("demo", "--prepare", "--password", "third-one")
    assert found.returncode == 0, found.stderr
    assert json.loads(state.read_text())["ready"] is True
    assert len(json.loads(made_up("school", "list", "--json").stdout)) == 2


async def test_a_demo_does_not_become_production(made_up: Shell) -> None:
    refused = made_up("school", "add", "№5 мектеп")
    assert refused.returncode == 1
    assert "holds demo schools" in refused.stderr
    assert "KUNDELIK_DATA_DIR" in refused.stderr


async def test_a_taken_port_is_told_before_anything_starts(made_up: Shell) -> None:
    import socket

    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        answer = made_up("demo", "--port", str(taken.getsockname()[1]))
    assert answer.returncode == 2
    assert "cannot listen" in answer.stderr
