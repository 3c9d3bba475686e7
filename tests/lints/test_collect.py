"""The collector must fail a run that it should fail; tried in a pytest inside pytest."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.lints import collect

ROOT = Path(__file__).resolve().parents[2]
CONFTEST = """
from tests.lints import collect

def pytest_configure(config):
    config.pluginmanager.register(collect.SqlCollector(config), collect.NAME)
"""
TESTS = """
import pytest
from tests.lints import collect

{know}

@pytest.mark.parametrize("number", range(6))
def test_runs(number):
    for statement in {statements!r}:
        collect.note(statement)
"""


def run_suite(
    folder: Path, statements: list[str], *, know: bool = True, workers: int = 2
) -> subprocess.CompletedProcess[str]:
    tests = folder / "tests" / "integration"
    tests.mkdir(parents=True)
    (folder / "conftest.py").write_text(CONFTEST)
    (folder / "pytest.ini").write_text(f"[pytest]\npythonpath = {ROOT}\n")
    line = 'collect.know(["core.mark"])' if know else ""
    (tests / "test_it.py").write_text(TESTS.format(know=line, statements=statements))
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("PYTEST", collect.FOLDER))}
    kept["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "xdist", "-n", str(workers)],
        cwd=folder,
        env=kept,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )


def test_good_statements_are_counted_over_all_workers(tmp_path: Path) -> None:
    good = ["select * from core.mark where school_id = $1", "select 1"]
    done = run_suite(tmp_path, good)
    assert "SQL lint: 12 statements, 2 distinct, 0 violations" in done.stdout, done.stdout
    assert done.returncode == 0


def test_one_bad_statement_fails_the_run(tmp_path: Path) -> None:
    done = run_suite(tmp_path, ["select * from core.mark"])
    assert "core.mark: no school_id = $n" in done.stdout, done.stdout
    assert "6 passed" in done.stdout
    assert done.returncode == 1


@pytest.mark.parametrize(
    ("statements", "know", "expected"),
    [
        ([], True, "no statement was seen"),
        (["select 1"], False, "no table of schools is known"),
    ],
)
def test_a_blind_collector_fails_the_run(
    tmp_path: Path, statements: list[str], know: bool, expected: str
) -> None:
    done = run_suite(tmp_path, statements, know=know, workers=0)
    assert expected in done.stdout, done.stdout
    assert done.returncode == 1


def test_runs_without_integration_tests_need_no_statement(tmp_path: Path) -> None:
    assert collect.judge(tmp_path, needed=False) == ([], False)
