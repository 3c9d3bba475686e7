"""Commands that need no database: helps, schemes, and one clear line for what is wrong."""

import json
import os
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from click.testing import CliRunner, Result

from kundelik_core.cli import main
from kundelik_core.gradebook.schemes.catalogue import builtin


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody's kundelik.env, and no ./var of the checkout."""
    monkeypatch.chdir(tmp_path)
    for name in [name for name in os.environ if name.startswith("KUNDELIK_")]:
        monkeypatch.delenv(name)


def call(*args: str, env: dict[str, str] | None = None) -> Result:
    return CliRunner().invoke(main, args, env=env)


def walk(group: click.Group, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Every command below ``group`` that does something."""
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command, name
        if isinstance(command, click.Group):
            yield from walk(command, (*path, name))
        else:
            yield (*path, name)


def test_every_command_has_a_help_with_an_example() -> None:
    assert isinstance(main, click.Group)
    found = list(walk(main))
    assert {("demo",), ("serve",), ("doctor",), ("user", "create"), ("scheme", "check")} <= {*found}
    for path in found:
        result = call(*path, "--help")
        assert result.exit_code == 0, path
        assert "Example:" in result.output, path


def test_the_first_help_imports_no_command(monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    for name in [n for n in sys.modules if n.startswith("kundelik_core.cli.demo")]:
        monkeypatch.delitem(sys.modules, name)
    result = call("--help")
    assert result.exit_code == 0
    assert "demo" in result.output
    assert "kundelik_core.cli.demo" not in sys.modules


def test_unknown_commands_and_options_are_refused_with_2() -> None:
    assert call("nonsense").exit_code == 2
    assert call("generate", "--size", "XXL").exit_code == 2
    assert call("user", "create", "x", "--role", "region").exit_code == 2


@pytest.mark.parametrize("command", ["serve", "migrate", "demo"])
def test_a_bad_setting_stops_with_one_line(command: str) -> None:
    result = call(command, env={"KUNDELIK_PORT": "many"})
    assert result.exit_code == 2
    assert "KUNDELIK_PORT" in result.output
    assert len(result.output.strip().splitlines()) == 1


def test_the_doctor_names_a_bad_setting() -> None:
    result = call("doctor", "--json", env={"KUNDELIK_COLOUR": "blue"})
    assert result.exit_code == 2
    (finding,) = json.loads(result.output)
    assert finding["level"] == "wrong"
    assert "KUNDELIK_COLOUR" in finding["text"]


def test_schemes_are_listed_and_shown() -> None:
    listed = json.loads(call("scheme", "list", "--json").output)
    assert {(row["code"], row["version"]) for row in listed} == set(builtin())
    shown = call("scheme", "show", "kz-cba-2022")
    assert shown.exit_code == 0
    assert "soch, weight 50" in shown.output
    assert call("scheme", "show", "nowhere").exit_code == 2


def test_scheme_check_tells_a_miss_by_its_exit_code(tmp_path: Path) -> None:
    file = tmp_path / "vectors.json"
    row = {"id": "a", "fo": [8, 8, 8], "sor": [[12, 15]], "soch": [20, 25], "mark": 4}
    file.write_text(json.dumps({"period": [row]}))
    good = call("scheme", "check", str(file))
    assert (good.exit_code, "all hold" in good.output) == (0, True)
    file.write_text(json.dumps({"period": [{**row, "mark": 5}]}))
    bad = call("scheme", "check", str(file), "--json")
    assert bad.exit_code == 1
    report = json.loads(bad.output)
    assert not report["ok"]
    assert report["misses"][0]["where"] == "period a"
    file.write_text("{")
    assert call("scheme", "check", str(file)).exit_code == 1
    assert call("scheme", "check", str(tmp_path / "none.json")).exit_code == 2


def test_plugins_are_listed() -> None:
    result = call("plugin", "list", "--json")
    assert isinstance(json.loads(result.output), list)
    assert result.exit_code == int("quarantined" in result.output or "incompat" in result.output)
