"""Write cells: a whole batch in one statement, with its history and the results that follow.

The caller opens the transaction with the group's lock, so that two teachers' saves queue up and
each sees what the other has done.
"""

from datetime import date, datetime
from typing import Final
from uuid import UUID

import msgspec

from kundelik_core.gradebook.access import Viewer, journal_right, need_write, not_found
from kundelik_core.gradebook.events import tell_cells
from kundelik_core.gradebook.journal.model import Beside, Change, Outcome, SaveState, Theirs
from kundelik_core.gradebook.journal.queries import last_writers, save_state
from kundelik_core.gradebook.journal.rules import MOST_CHANGES, Batch, decide
from kundelik_core.gradebook.results import store
from kundelik_core.gradebook.schemes.engine import PeriodResult
from kundelik_core.gradebook.schemes.model import GradingScheme
from kundelik_core.kernel import clock
from kundelik_core.kernel.db import Tenant
from kundelik_core.kernel.errors import Problem
from kundelik_core.kernel.i18n import N_

__all__ = ["LOCK", "SaveResult", "save_cells", "save_comment"]

LOCK: Final = "core.teaching_group"
"""The table whose row a save locks: ``tenant(school, write=True, lock=(LOCK, group))``."""

_LONGEST_REASON: Final = 500

_WRITE: Final = """
with w as (
  insert into core.work (school_id, id, group_id, lesson_id, kind, date)
  select $1, x.id, $2, x.id, x.kind, x.date
    from unnest($3::uuid[], $4::text[], $5::date[]) as x(id, kind, date)
  on conflict (school_id, id) do nothing
), m as (
  insert into core.mark as t (school_id, work_id, pupil_id, date, points, code, changed_at)
  select $1, x.work_id, x.pupil_id, x.date, x.points, x.code, $6
    from unnest($7::uuid[], $8::uuid[], $9::date[], $10::numeric[], $11::text[])
      as x(work_id, pupil_id, date, points, code)
  on conflict (school_id, work_id, pupil_id) do update
     set points = excluded.points, code = excluded.code, changed_at = excluded.changed_at,
         version = t.version % 32767 + 1
), a as (
  insert into core.absence as t (school_id, lesson_id, pupil_id, date, code, changed_at)
  select $1, x.lesson_id, x.pupil_id, x.date, x.code, $6
    from unnest($12::uuid[], $13::uuid[], $14::date[], $15::text[])
      as x(lesson_id, pupil_id, date, code)
  on conflict (school_id, lesson_id, pupil_id) do update
     set code = excluded.code, changed_at = excluded.changed_at,
         version = t.version % 32767 + 1
), h as (
  insert into core.cell_history
    (school_id, column_id, pupil_id, id, field, at, actor_id, old, new, reason, source)
  select $1, x.column_id, x.pupil_id, x.id, 'value', $6, $16, x.old, x.new, x.reason, $17
    from unnest($18::uuid[], $19::uuid[], $20::uuid[], $21::text[], $22::text[], $23::text[])
      as x(column_id, pupil_id, id, old, new, reason)
), r as (
  insert into core.period_result as t
    (school_id, pupil_id, group_id, period, raw, terms, percent, mark, status, provisional,
        computed_at)
  select $1, x.pupil_id, $2, x.period, x.raw, x.terms::json, x.percent, x.mark, x.status,
         x.provisional, $6
    from unnest($24::uuid[], $25::text[], $26::text[], $27::text[], $28::smallint[], $29::text[],
                $30::text[], $31::boolean[])
      as x(pupil_id, period, raw, terms, percent, mark, status, provisional)
  on conflict (school_id, pupil_id, group_id, period) do update
     set raw = excluded.raw, terms = excluded.terms, percent = excluded.percent,
         mark = excluded.mark, status = excluded.status, provisional = excluded.provisional,
         computed_at = excluded.computed_at
)
select 1
"""


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
) -> SaveResult:
    """Save a batch of changes in two statements, whatever its size.

    Only results of `period` are told, or of any; marks that waited may be of another one.

    Raises:
        Problem: the journal is not there, is not the writer's, or the batch is too large.
    """
    _check_size(changes)
    batch = await _read(tx, viewer, group, changes, locale, today)
    outcomes = await _name_writers(tx, decide(batch, changes))
    results = {key: batch.result(*key) for key in batch.touched}
    at = clock.now()
    if batch.history:
        await _write(tx, viewer, group, batch, results, at, source)
        await tell_cells(tx, viewer.person, group, batch)
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
    tx: Tenant, viewer: Viewer, group: UUID, changes: list[Change], locale: str, today: date
) -> Batch:
    state: SaveState = await save_state(tx, group, changes)
    if state.group is None:
        raise not_found()
    need_write(journal_right(viewer, state.teachers, state.homerooms, today))
    return Batch(state, locale)


async def _write(
    tx: Tenant,
    viewer: Viewer,
    group: UUID,
    batch: Batch,
    results: dict[tuple[UUID, str], PeriodResult],
    at: datetime,
    source: str,
) -> None:
    marks = [(key, batch.columns[key[0]].date, cell) for key, cell in batch.new_marks.items()]
    kept = [(key, store(result)) for key, result in results.items()]
    await tx.fetchval(
        _WRITE,
        tx.school_id,
        group,
        list(batch.new_works),
        [column.kind for column in batch.new_works.values()],
        [column.date for column in batch.new_works.values()],
        at,
        [key[0] for key, _, _ in marks],
        [key[1] for key, _, _ in marks],
        [day for _, day, _ in marks],
        [cell.points for _, _, cell in marks],
        [cell.code for _, _, cell in marks],
        [key[0] for key in batch.new_absences],
        [key[1] for key in batch.new_absences],
        [day for _, day in batch.new_absences.values()],
        [code for code, _ in batch.new_absences.values()],
        viewer.person,
        source,
        [row.column for row in batch.history],
        [row.pupil for row in batch.history],
        [row.id for row in batch.history],
        [row.old for row in batch.history],
        [row.new for row in batch.history],
        [row.reason for row in batch.history],
        [key[0] for key, _ in kept],
        [key[1] for key, _ in kept],
        [row.raw for _, row in kept],
        [None if row.terms is None else msgspec.json.encode(row.terms).decode() for _, row in kept],
        [row.percent for _, row in kept],
        [row.mark for _, row in kept],
        [row.status for _, row in kept],
        [row.provisional for _, row in kept],
    )


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
    batch = await _read(tx, viewer, group, [probe], "en", today)
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
