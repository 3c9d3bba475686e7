"""Write the results of a whole group's period, and the marks that people give instead."""

from datetime import date
from typing import Final
from uuid import UUID

import msgspec

from kundelik_core.gradebook.access import Viewer, journal_right, need_write, not_found
from kundelik_core.gradebook.cells import EMPTY, Column
from kundelik_core.gradebook.journal.model import Stint
from kundelik_core.gradebook.journal.queries import journal_facts
from kundelik_core.gradebook.periods.queries import PeriodState, period_state
from kundelik_core.gradebook.results import Kept, pupil_result, scheme_of, store
from kundelik_core.gradebook.schemes.entry import Cell
from kundelik_core.gradebook.schemes.model import GradingScheme
from kundelik_core.kernel import clock
from kundelik_core.kernel.db import Tenant
from kundelik_core.kernel.errors import Problem
from kundelik_core.kernel.i18n import N_
from kundelik_core.kernel.ids import new_id

__all__ = ["recompute", "set_given_mark"]

_WRITE: Final = """
insert into core.period_result as t
  (school_id, pupil_id, group_id, period, raw, terms, percent, mark, status, provisional,
      computed_at)
select $1, x.pupil_id, $2, $3, x.raw, x.terms::json, x.percent, x.mark, x.status, x.provisional, $4
  from unnest($5::uuid[], $6::text[], $7::text[], $8::smallint[], $9::text[], $10::text[],
              $11::boolean[])
    as x(pupil_id, raw, terms, percent, mark, status, provisional)
on conflict (school_id, pupil_id, group_id, period) do update
   set raw = excluded.raw, terms = excluded.terms, percent = excluded.percent,
       mark = excluded.mark, status = excluded.status, provisional = excluded.provisional,
       computed_at = excluded.computed_at
"""


_WRITE_GIVEN: Final = """
with g as (
  select g.year from core.teaching_group g where g.school_id = $1 and g.id = $2
), o as (
  select r.given_mark from core.period_result r
   where r.school_id = $1 and r.pupil_id = $3 and r.group_id = $2 and r.period = $4
), p as (
  select p.state from core.period p join g on p.year = g.year
   where p.school_id = $1 and p.code = $4
     and exists (select from core.group_pupil m
                  where m.school_id = $1 and m.group_id = $2 and m.pupil_id = $3)
), r as (
  insert into core.period_result as t
    (school_id, pupil_id, group_id, period, given_mark, given_by, given_at, given_reason,
     computed_at)
  select $1, $3, $2, $4, $5, $6, $7, nullif($8, ''), $7 where (select p.state
      from p) = 'open'
  on conflict (school_id, pupil_id, group_id, period) do update
     set given_mark = excluded.given_mark, given_by = excluded.given_by,
         given_at = excluded.given_at, given_reason = excluded.given_reason
), a as (
  insert into core.audit_log
    (school_id, at, id, account_id, person_id, action, entity, entity_id, before, after,
        reason)
  select $1, $7, $9, $10, $6, 'period_mark.set', 'period_result',
         concat_ws('/', $2::text, $3::text, $4::text),
         json_build_object('mark', (select o.given_mark from o))::jsonb,
         json_build_object('mark', $5::text)::jsonb, nullif($8, '')
   where (select p.state from p) = 'open'
)
select (select p.state from p) as state
"""


async def recompute(tx: Tenant, group: UUID, period: str, *, closing: bool = False) -> int:
    """Compute the period of every pupil of a group anew; give the number of pupils.

    For imports, for changed works and, with ``closing``, for the end of a period; a closed one
    is always computed as such. The caller holds the group's lock.
    """
    state = await period_state(tx, group, period)
    if state is None:
        raise not_found()
    results = _results(state, closing=closing or state.closed)
    await tx.execute(
        _WRITE,
        tx.school_id,
        group,
        period,
        clock.now(),
        list(results),
        [row.raw for row in results.values()],
        [
            None if row.terms is None else msgspec.json.encode(row.terms).decode()
            for row in results.values()
        ],
        [row.percent for row in results.values()],
        [row.mark for row in results.values()],
        [row.status for row in results.values()],
        [row.provisional for row in results.values()],
    )
    return len(results)


def _results(state: PeriodState, *, closing: bool) -> dict[UUID, Kept]:
    scheme = scheme_of(state.scheme_code, state.scheme_version)
    columns = [work.column() for work in sorted(state.works, key=lambda work: work.id.int)]
    marks = {(work, pupil): (points, code) for work, pupil, points, code in state.marks}
    absences = {(lesson, pupil): code for lesson, pupil, code in state.absences}
    found: dict[UUID, Kept] = {}
    for pupil in {stint.pupil: None for stint in state.members}:
        stints = [stint for stint in state.members if stint.pupil == pupil]

        def member(column: Column, stints: list[Stint] = stints) -> bool:
            return any(stint.holds(column.date) for stint in stints)

        def cell(column: Column, pupil: UUID = pupil) -> Cell:
            points, code = marks.get((column.id, pupil), (None, None))
            absence = absences.get((column.lesson, pupil)) if column.lesson else None
            if points is None and code is None and absence is None:
                return EMPTY
            return Cell(points=points, code=code, absence=absence)

        result = pupil_result(
            scheme,
            state.grade,
            columns,
            cell,
            is_member=member,
            closing=closing,
        )
        found[pupil] = store(result)
    return found


async def set_given_mark(
    tx: Tenant,
    viewer: Viewer,
    group: UUID,
    cell: tuple[UUID, str],
    mark: str | None,
    reason: str,
    *,
    today: date,
) -> None:
    """Set the mark of a pupil's period by hand, or with None take it back.

    Raises:
        Problem: the scheme does not allow it, has no such mark, or wants a reason.
    """
    pupil, period = cell
    facts = await journal_facts(tx, group)
    if facts is None:
        raise not_found()
    need_write(journal_right(viewer, facts.teachers, facts.homerooms, today))
    scheme = scheme_of(facts.scheme_code, facts.scheme_version)
    _check_given(scheme, mark, reason)
    row = await tx.fetchrow(
        _WRITE_GIVEN,
        tx.school_id,
        group,
        pupil,
        period,
        mark,
        viewer.person,
        clock.now(),
        reason.strip(),
        new_id(),
        viewer.account,
    )
    if row is None or row["state"] is None:
        raise not_found()
    if row["state"] != "open":
        raise Problem(
            "period-closed", N_("The period is closed. Its marks no longer change."), status=409
        )


def _check_given(scheme: GradingScheme, mark: str | None, reason: str) -> None:
    if scheme.override == "computed_only":
        raise Problem("computed-only", N_("This scheme computes the mark; nobody sets it by hand."))
    if mark is not None and scheme.scale and scheme.step(mark) is None:
        raise Problem(
            "unknown-mark",
            N_("The scheme has no mark “%(mark)s”."),
            status=422,
            params={"mark": mark},
            field="mark",
        )
    if scheme.override == "teacher_may_override_with_reason" and not reason.strip():
        raise Problem(
            "reason-needed", N_("Write why the mark differs from the computed one."),
            status=422, field="reason",
        )  # fmt: skip
