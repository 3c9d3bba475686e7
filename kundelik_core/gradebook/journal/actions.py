"""Write cells: a whole batch in one statement, with its history and the results that follow.

The caller opens the transaction with the group's lock, so that two teachers' saves queue up and
each sees what the other has done.
"""

from datetime import date, datetime
from functools import partial
from typing import Final
from uuid import UUID

import asyncpg
import msgspec

from kundelik_core.gradebook.access import Viewer, journal_right, need_write, not_found
from kundelik_core.gradebook.events import cells_wanted, tell_cells
from kundelik_core.gradebook.journal.ground import Ground
from kundelik_core.gradebook.journal.held import JOURNALS
from kundelik_core.gradebook.journal.model import Beside, Change, Outcome, Theirs
from kundelik_core.gradebook.journal.queries import last_writers, save_state, whole_state
from kundelik_core.gradebook.journal.rules import MOST_CHANGES, Batch, decide
from kundelik_core.gradebook.results import store
from kundelik_core.gradebook.schemes.engine import PeriodResult
from kundelik_core.gradebook.schemes.model import GradingScheme
from kundelik_core.kernel import clock
from kundelik_core.kernel.db import Tenant, alone, tenant
from kundelik_core.kernel.errors import Problem
from kundelik_core.kernel.i18n import N_

__all__ = ["LOCK", "MARKS", "SaveResult", "save_alone", "save_cells", "save_comment"]

LOCK: Final = "core.teaching_group"
"""The table whose row a save locks: ``tenant(school, write=True, lock=(LOCK, group))``."""

MARKS: Final = "core.teaching_group marks"
"""The same lock where nothing but cells is written; what a class shares of its week stays."""

_LONGEST_REASON: Final = 500

# Most batches are one mark in a column that is there, or several: what else there may be is left
# out.
_WRITE: Final = {
    count: f"select core.{name}({', '.join(f'${n}' for n in range(1, count + 1))})"
    for name, count in (("save_cell", 23), ("save_cells", 25), ("save_cells", 32))
}

_WRITE_COMMENT: Final = """
with o as (
  select m.comment from core.mark m
   where m.school_id = $1 and m.work_id = $2 and m.pupil_id = $3
), w as (
  insert into core.work (school_id, id, group_id, lesson_id, kind, date)
  select $1, $2, $4, $2, $5, $6 where $7
  on conflict (school_id, id) do nothing
), m as (
  insert into core.mark as t (school_id, work_id, pupil_id, date, changed_at, comment)
  select $1, $2, $3, $6, $8, nullif($9::text, '')
   where coalesce((select o.comment from o), '') <> $9::text
  on conflict (school_id, work_id, pupil_id) do update
     set comment = excluded.comment, changed_at = excluded.changed_at
), h as (
  insert into core.cell_history
    (school_id, column_id, pupil_id, id, field, at, actor_id, old, new)
  select $1, $2, $3, $10, 'comment', $8, $11, coalesce((select o.comment from o), ''), $9
   where coalesce((select o.comment from o), '') <> $9::text
)
select coalesce((select o.comment from o), '') <> $9::text as changed
"""


class SaveResult(msgspec.Struct, frozen=True):
    """What became of a batch; `results` are the periods of the pupils that were written.

    `beside` are the cells that show a written absence too.
    """

    outcomes: list[Outcome]
    scheme: GradingScheme
    results: dict[UUID, PeriodResult]
    at: datetime
    beside: list[Beside] = msgspec.field(default_factory=list)


async def save_cells(
    tx: Tenant,
    viewer: Viewer,
    group: UUID,
    changes: list[Change],
    *,
    locale: str,
    today: date,
    source: str = "web",
    period: str | None = None,
    hold: bool = False,
) -> SaveResult:
    """Save a batch of changes in two statements, whatever its size.

    Only results of `period` are told, or of any; marks that waited may be of another one. With
    `hold` the journal may be held for the next saves: only where nothing else is written in this
    transaction.

    Raises:
        Problem: the journal is not there, is not the writer's, or the batch is too large.
    """
    _check_size(changes)
    whole = hold and JOURNALS.wants(tx.school_id, group)
    ground, versions = await _read(tx, viewer, group, changes, today, whole=whole)
    batch = Batch(ground, locale)
    outcomes = await _name_writers(tx, decide(batch, changes))
    at = clock.now()
    if batch.history:
        args = _written(viewer, group, batch, None, at, source)
        await tx.fetchval(_WRITE[len(args) + 1], tx.school_id, *args)
        await tell_cells(tx, viewer.person, group, batch)
    if hold:
        tx.after_commit(partial(_hold, tx.school_id, group, batch, versions))
    return _result(batch, outcomes, at, period)


async def save_alone(
    school_id: int,
    viewer: Viewer,
    group: UUID,
    changes: list[Change],
    *,
    locale: str,
    today: date,
    period: str | None = None,
) -> SaveResult | None:
    """Save a batch in one statement, where the journal is known here and is still the same.

    None, and nothing written, where a look is needed: for a journal that this process does not
    hold, for a change that somebody else has made meanwhile, and for every answer but "saved".

    Raises:
        Problem: the journal is not the writer's, or the batch is too large.
    """
    _check_size(changes)
    held = JOURNALS.find(school_id, group)
    if held is None:
        return None
    async with held.turn:
        ground = held.ground
        if not all(ground.holds(change.column, change.pupil) for change in changes):
            return None
        need_write(journal_right(viewer, ground.teachers, ground.homerooms, today))
        batch, at = Batch(ground, locale), clock.now()
        outcomes = decide(batch, changes)
        if any(outcome.state != "saved" for outcome in outcomes):
            return None
        args = _one(viewer, group, batch, held.versions, at) or _written(
            viewer, group, batch, held.versions, at, "web"
        )
        if not await _write_alone(school_id, viewer, group, batch, args):
            JOURNALS.drop(school_id, group, held)
            return None
        held.advance(batch)
        return _result(batch, outcomes, at, period)


async def _write_alone(
    school_id: int, viewer: Viewer, group: UUID, batch: Batch, args: tuple[object, ...]
) -> bool:
    """Write a batch if its versions still hold; with what is told of it where somebody listens."""
    try:
        if not cells_wanted(school_id):
            return bool(await alone(school_id, _WRITE[len(args) + 1], *args))
        async with tenant(school_id, write=True, quiet=True) as tx:
            written = bool(await tx.fetchval(_WRITE[len(args) + 1], school_id, *args))
            if written:
                await tell_cells(tx, viewer.person, group, batch)
        return written
    except asyncpg.UniqueViolationError:
        # A line of the history with this id is there: what comes twice is looked at.
        return False


def _hold(school_id: int, group: UUID, batch: Batch, versions: tuple[int, int]) -> None:
    JOURNALS.looked(school_id, group, versions, wrote=bool(batch.history))
    if batch.ground.whole:
        batch.settle()
        JOURNALS.hold(school_id, group, batch.ground, versions)


def _result(batch: Batch, outcomes: list[Outcome], at: datetime, period: str | None) -> SaveResult:
    shown = {
        pupil: batch.shown(pupil, code)
        for pupil, code in (batch.touched | batch.repeated)
        if period in (None, code)
    }
    return SaveResult(outcomes, batch.scheme, shown, at, batch.beside())


async def _name_writers(tx: Tenant, outcomes: list[Outcome]) -> list[Outcome]:
    """Say of every conflict who wrote the other value, and when."""
    held = {(o.column, o.pupil) for o in outcomes if o.theirs is not None}
    if not held:
        return outcomes
    known = await last_writers(tx, held)
    return [
        outcome
        if outcome.theirs is None or (outcome.column, outcome.pupil) not in known
        else msgspec.structs.replace(
            outcome,
            theirs=Theirs(
                outcome.theirs.value,
                by=known[outcome.column, outcome.pupil][1],
                at=known[outcome.column, outcome.pupil][0],
            ),
        )
        for outcome in outcomes
    ]


def _check_size(changes: list[Change]) -> None:
    if not changes:
        raise Problem("no-changes", N_("There is nothing to save."), field="changes")
    if len(changes) > MOST_CHANGES:
        raise Problem(
            "too-many-changes",
            N_("At most %(most)s changes at once. Send the rest after them."),
            status=413,
            params={"most": MOST_CHANGES},
            field="changes",
        )
    for change in changes:
        if change.reason is not None and len(change.reason) > _LONGEST_REASON:
            raise Problem("reason-too-long", N_("The reason is too long."), field="reason")
        if "\0" in (change.reason or ""):
            raise Problem("bad-text", N_("The text holds a character that cannot be kept."))


async def _read(
    tx: Tenant,
    viewer: Viewer,
    group: UUID,
    changes: list[Change],
    today: date,
    *,
    whole: bool = False,
) -> tuple[Ground, tuple[int, int]]:
    state = await (whole_state if whole else save_state)(tx, group, changes)
    if state.group is None:
        raise not_found()
    need_write(journal_right(viewer, state.teachers, state.homerooms, today))
    return Ground(state), state.versions


def _one(
    viewer: Viewer, group: UUID, batch: Batch, versions: tuple[int, int], at: datetime
) -> tuple[object, ...] | None:
    """Give the arguments of the statement that writes one mark; None for anything more."""
    if batch.new_works or batch.new_absences:
        return None
    if not len(batch.history) == len(batch.new_marks) == len(batch.touched) == 1:
        return None
    (row,), ((column, pupil), cell) = batch.history, next(iter(batch.new_marks.items()))
    key = next(iter(batch.touched))
    result = store(batch.result(*key))
    return (
        group, *versions, at, viewer.person, "web",
        column, pupil, batch.columns[column].date, cell.points, cell.code,
        row.id, row.old, row.new, row.reason,
        key[1], result.raw, None if result.terms is None else _encode(result.terms),
        result.percent, result.mark, result.status, result.provisional,
    )  # fmt: skip


def _written(
    viewer: Viewer,
    group: UUID,
    batch: Batch,
    versions: tuple[int, int] | None,
    at: datetime,
    source: str,
) -> tuple[object, ...]:
    """Give the arguments of the statement that writes a batch."""
    marks = [(key, batch.columns[key[0]].date, cell) for key, cell in batch.new_marks.items()]
    results = [(key, store(batch.result(*key))) for key in batch.touched]
    rows = batch.history
    common = (
        group,
        versions,
        at,
        viewer.person,
        source,
        [key[0] for key, _, _ in marks],
        [key[1] for key, _, _ in marks],
        [day for _, day, _ in marks],
        [cell.points for _, _, cell in marks],
        [cell.code for _, _, cell in marks],
        [row.column for row in rows],
        [row.pupil for row in rows],
        [row.id for row in rows],
        [row.old for row in rows],
        [row.new for row in rows],
        [row.reason for row in rows],
        [key[0] for key, _ in results],
        [key[1] for key, _ in results],
        [row.raw for _, row in results],
        [None if row.terms is None else _encode(row.terms) for _, row in results],
        [row.percent for _, row in results],
        [row.mark for _, row in results],
        [row.status for _, row in results],
        [row.provisional for _, row in results],
    )
    if not batch.new_works and not batch.new_absences:
        return common
    return (
        *common,
        list(batch.new_works),
        [column.kind for column in batch.new_works.values()],
        [column.date for column in batch.new_works.values()],
        [key[0] for key in batch.new_absences],
        [key[1] for key in batch.new_absences],
        [day for _, day in batch.new_absences.values()],
        [code for code, _ in batch.new_absences.values()],
    )


def _encode(terms: object) -> str:
    return msgspec.json.encode(terms).decode()


async def save_comment(
    tx: Tenant,
    viewer: Viewer,
    group: UUID,
    cell: tuple[UUID, UUID],
    change_id: UUID,
    comment: str,
    *,
    today: date,
) -> bool:
    """Write what the teacher says beside a mark; False when it stood there already.

    Raises:
        Problem: as for a mark in the same place.
    """
    column_id, pupil = cell
    text = " ".join(comment.replace("\0", " ").split())
    if len(text) > 1000:
        raise Problem("comment-too-long", N_("At most 1000 characters."), field="comment")
    probe = Change(id=change_id, column=column_id, pupil=pupil, value="")
    ground, _ = await _read(tx, viewer, group, [probe], today)
    batch = Batch(ground, "en")
    column = batch.check(column_id, pupil)
    if (column_id, pupil, change_id) in batch.known:
        return False
    row = await tx.fetchrow(
        _WRITE_COMMENT,
        tx.school_id,
        column_id,
        pupil,
        group,
        column.kind,
        column.date,
        column.own,
        clock.now(),
        text,
        change_id,
        viewer.person,
    )
    return bool(row and row["changed"])
