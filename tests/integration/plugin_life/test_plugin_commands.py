"""The operator's commands, run as a shell runs them, on a plugin that lies on the path."""

import json
import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from kundelik_core.kernel.pg import EmbeddedPostgres
from tests.integration.cli.test_installation import Shell, worker
from tests.integration.plugin_life.samples import install, remove
from tests.postgres import fresh_databases
from tests.unit.plugins.dists import Site


@pytest.fixture
async def shell(postgres: EmbeddedPostgres, tmp_path: Path) -> AsyncIterator[Shell]:
    async with fresh_databases(postgres, f"plugins_{worker()}") as urls:
        made = Shell(urls, tmp_path)
        made.env["PYTHONPATH"] = str(tmp_path / "site")
        yield made


def told(shell: Shell, *args: str) -> str:
    done = shell(*args)
    assert done.returncode == 0, done.stderr
    return done.stdout


async def test_a_life_by_commands(shell: Shell, tmp_path: Path) -> None:
    (tmp_path / "site").mkdir()
    site, name = Site(tmp_path / "site"), f"notes_{os.getpid()}_cli"
    install(site, name)

    def state() -> str:
        rows = json.loads(told(shell, "plugin", "list", "--json"))
        return str(next(row["state"] for row in rows if row["name"] == name))

    assert state() == "found"
    refused = shell("plugin", "migrate", name)
    assert (refused.returncode, "is not approved" in refused.stderr) == (1, True)
    done = json.loads(told(shell, "plugin", "approve", name, "--in-process", "--json"))
    assert (done["state"], done["mode"], done["scopes"]) == ("migrated", "process", ["student.v1"])
    assert state() == "migrated"

    school = json.loads(told(shell, "school", "add", "№5 мектеп", "--year", "2026", "--json"))
    number = str(school["school"])
    assert "count" in told(shell, "x", name)
    off = shell("x", name, "count", "--school", number)
    assert (off.returncode, "is not on" in off.stdout) == (1, True)
    assert shell("x", name, "count").returncode == 2
    assert shell("x", name, "nothing", "--school", number).returncode == 2

    assert "is held back" in told(shell, "plugin", "trip", name, "--reason", "slow")
    shown = json.loads(told(shell, "plugin", "show", name, "--json"))
    assert shown["breaker"] == {"phase": "open", "held": True, "reason": "slow"}
    assert [one["step"] for one in shown["history"]] == ["trip", "migrate", "approve"]
    assert (shown["reads"], shown["new_scopes"]) == (["student.v1"], [])
    told(shell, "plugin", "reset", name)
    assert json.loads(told(shell, "plugin", "show", name, "--json"))["breaker"] == {}
    assert told(shell, "plugin", "export", name, "--school", number) == ""

    told(shell, "plugin", "disable", name)
    assert "disabled" in told(shell, "plugin", "show", name)
    told(shell, "plugin", "block", name, "--reason", "leaks")
    assert state() == "blocked"
    assert told(shell, "plugin", "export", name, "--rows") == ""
    kept = json.loads(told(shell, "plugin", "retain", name, "--json"))
    assert kept["trash"].startswith(f"trash_{name}_")
    remove(site, name)
    assert state() == "retained"
    early = shell("plugin", "erase", name, "--yes")
    assert (early.returncode, "is kept until" in early.stderr) == (1, True)
    told(shell, "plugin", "erase", name, "--yes", "--early")
    assert state() == "erased"
    assert shell("plugin", "erase", name, "--yes", "--early").returncode == 1
    assert shell("plugin", "show", "nothing").returncode == 2
