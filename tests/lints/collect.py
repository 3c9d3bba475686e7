"""Gathers every statement that the suite sends to the database and lints them all at its end.

Register it in the root conftest, and hang `watch` onto every connection of the product::

    def pytest_configure(config):
        config.pluginmanager.register(collect.SqlCollector(config), collect.NAME)

    # in the fixture that has the migrated database, once per worker, before any test:
    collect.know(await tenant_tables(owner_connection, "core"))
    db.on_connect.append(collect.watch)

Workers append what they see first to files of their own in a folder that the controller makes; so a
worker that is killed loses nothing. Only runs that executed integration tests must have statements.
"""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pglast
import pytest

from tests.lints.sql_lint import lint

NAME = "kundelik-sql-collector"
FOLDER = "KUNDELIK_TEST_SQL_LOG"
NEEDS_DATABASE = ("tests/integration/", "tests/security/")

_seen: Counter[str] = Counter()


def _append(kind: str, lines: Iterable[str]) -> None:
    folder = os.environ.get(FOLDER)
    if folder:
        worker = os.environ.get("PYTEST_XDIST_WORKER", "main")
        with (Path(folder) / f"{kind}-{worker}-{os.getpid()}.jsonl").open("a") as out:
            out.writelines(json.dumps(line) + "\n" for line in lines)


def know(tenant_tables: Iterable[str]) -> None:
    """Tells which tables belong to schools; without it the lint would find nothing."""
    _append("tables", sorted(tenant_tables))


def note(sql: str) -> None:
    """Keeps one statement."""
    _seen[sql] += 1
    if _seen[sql] == 1:
        _append("statements", [sql])


def watch(conn: Any) -> None:
    """Keeps every statement that a connection (asyncpg) runs from now on."""
    conn.add_query_logger(_log)


def _log(record: Any) -> None:
    note(record.query)


class SqlCollector:
    """The pytest plugin: makes the folder, and judges what is in it when all workers are done."""

    def __init__(self, config: pytest.Config) -> None:
        self.controls = not hasattr(config, "workerinput")
        self.needed = False
        self.text: list[str] = []
        self.bad = False
        if self.controls:
            self.folder = Path(tempfile.mkdtemp(prefix="kundelik-sql-"))
            os.environ[FOLDER] = str(self.folder)  # workers inherit it

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Remembers whether anything ran that cannot do without the database."""
        if report.when == "call" and report.nodeid.startswith(NEEDS_DATABASE):
            self.needed = True

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Counts in a worker, lints in the controller; a violation fails the run."""
        _append("counts", [str(_seen.total())])
        if not self.controls:
            return
        try:
            self.text, self.bad = judge(self.folder, needed=self.needed)
        finally:
            os.environ.pop(FOLDER, None)
            shutil.rmtree(self.folder, ignore_errors=True)
        if self.bad and session.exitstatus in {pytest.ExitCode.OK, 0}:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Prints the count always, and the violations."""
        if self.bad:
            terminalreporter.section("SQL lint", red=True)
        for line in self.text:
            terminalreporter.write_line(line, red=self.bad)


def _read(folder: Path, kind: str) -> list[str]:
    files = sorted(folder.glob(f"{kind}-*.jsonl"))
    return [json.loads(line) for file in files for line in file.read_text().splitlines()]


def judge(folder: Path, *, needed: bool) -> tuple[list[str], bool]:
    """Lints what the workers left in a folder.

    Args:
        folder: where the workers wrote.
        needed: whether tests ran that must have sent statements.

    Returns:
        Lines to print, and whether the run must fail.
    """
    distinct = sorted(set(_read(folder, "statements")))
    tables = frozenset(_read(folder, "tables"))
    total = sum(int(count) for count in _read(folder, "counts"))
    if not distinct and not needed:
        return [], False
    violations = []
    for sql in distinct:
        try:
            found = lint(sql, tables)
        except pglast.parser.ParseError:
            continue  # the database refused it too: a test of a wrong statement
        violations += [f"{problem}\n    {' '.join(sql.split())}" for problem in found]
    if not distinct:
        violations.append("no statement was seen: is collect.watch on the connections?")
    if not tables:
        violations.append("no table of schools is known: call collect.know(...)")
    head = f"SQL lint: {total} statements, {len(distinct)} distinct, {len(violations)} violations"
    return [head, *violations], bool(violations)
