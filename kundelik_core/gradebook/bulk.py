"""Write whole journals at once: columns, marks, absences and the history that proves them.

For made-up schools and for installations that move in with their past. A teacher's own entry goes
through ``journal.actions``, which asks who may, meets conflicts and keeps results up to date; here
the caller brings the results too, computed by ``results.pupil_result``.
"""

from collections.abc import Iterable, Iterator
from datetime import date, datetime
from decimal import Decimal
from typing import NamedTuple
from uuid import UUID

import msgspec

from kundelik_core.gradebook.cells import encode
from kundelik_core.gradebook.results import Kept
from kundelik_core.gradebook.schemes.entry import Cell
from kundelik_core.gradebook.tables import Absence, CellHistory, Mark, PeriodResult, Work
from kundelik_core.kernel.db import Tenant, current_scope
from kundelik_core.kernel.orm import insert_rows

__all__ = [
    "BulkCell",
    "BulkResult",
    "BulkWork",
    "Written",
    "write_cells",
    "write_results",
    "write_works",
]


class BulkWork(NamedTuple):
    """A column of a journal; a lesson's own one has the lesson's id."""

    id: UUID
    group_id: UUID
    lesson_id: UUID | None
    kind: str
    date: date
    title: str
    max_points: Decimal | None
    position: int


class BulkCell(NamedTuple):
    """One entry of somebody's: ``cell`` replaces ``old`` in a column that is there already.

    The entries of a cell come in the order of time; the last one is what stands.
    """

    column: UUID
    lesson: UUID | None
    pupil: UUID
    date: date
    cell: Cell
    old: Cell
    id: UUID
    at: datetime
    actor: UUID | None
    last: bool
    reason: str | None


class BulkResult(NamedTuple):
    """A pupil's period as the scheme computes it."""

    pupil_id: UUID
    group_id: UUID
    period: str
    kept: Kept
    at: datetime


class Written(NamedTuple):
    """How many rows were new."""

    marks: int
    absences: int
    history: int


async def write_works(tx: Tenant, works: Iterable[BulkWork]) -> int:
    """Add columns; those that are there stay as they are. Give how many were new."""
    _check(tx)
    return await insert_rows(Work, BulkWork._fields, works, "on conflict do nothing")


async def write_cells(tx: Tenant, cells: Iterable[BulkCell], source: str) -> Written:
    """Add marks, absences and their history; what is there stays as it is."""
    _check(tx)
    rows = list(cells)
    marks = await insert_rows(
        Mark,
        ("work_id", "pupil_id", "date", "points", "code", "changed_at"),
        _marks(rows),
        "on conflict do nothing",
    )
    absences = await insert_rows(
        Absence,
        ("lesson_id", "pupil_id", "date", "code", "changed_at"),
        (
            (row.lesson, row.pupil, row.date, row.cell.absence, row.at)
            for row in rows
            if row.last and row.cell.absence and row.lesson is not None
        ),
        "on conflict do nothing",
    )
    history = await insert_rows(
        CellHistory,
        (
            "column_id", "pupil_id", "id", "field", "at", "actor_id", "old", "new", "reason",
            "source",
        ),
        (
            (
                row.column, row.pupil, row.id, "value", row.at, row.actor, encode(row.old),
                encode(row.cell), row.reason, source,
            )
            for row in rows
        ),
        "on conflict do nothing",
    )  # fmt: skip
    return Written(marks, absences, history)


async def write_results(tx: Tenant, results: Iterable[BulkResult]) -> int:
    """Add the results of periods; those that are there stay as they are."""
    _check(tx)
    return await insert_rows(
        PeriodResult,
        (
            "pupil_id", "group_id", "period", "raw", "terms", "percent", "mark", "status",
            "provisional", "computed_at",
        ),
        (
            (
                row.pupil_id, row.group_id, row.period, row.kept.raw, _terms(row.kept),
                row.kept.percent, row.kept.mark, row.kept.status, row.kept.provisional, row.at,
            )
            for row in results
        ),
        "on conflict do nothing",
    )  # fmt: skip


def _terms(kept: Kept) -> str | None:
    return None if kept.terms is None else msgspec.json.encode(kept.terms).decode()


def _marks(rows: Iterable[BulkCell]) -> Iterator[tuple[object, ...]]:
    for row in rows:
        if row.last and (row.cell.points is not None or row.cell.code is not None):
            yield row.column, row.pupil, row.date, row.cell.points, row.cell.code, row.at


def _check(tx: Tenant) -> None:
    if tx is not current_scope():
        raise ValueError("rows are written in the open tenant(), and this is not it")
