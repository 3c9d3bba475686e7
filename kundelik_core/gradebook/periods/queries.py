"""Read a whole group's period: what its results are computed from."""

from decimal import Decimal
from typing import Final
from uuid import UUID

import msgspec

from kundelik_core.gradebook.journal.model import SavedWork, Stint
from kundelik_core.kernel.db import Tenant

__all__ = ["PeriodState", "period_state"]

_STATE: Final = """
with g as (
  select g.id, g.year, g.grade, g.scheme_code, g.scheme_version
    from core.teaching_group g where g.school_id = $1 and g.id = $2
), p as (
  select p.begins, p.ends, p.state
    from core.period p join g on p.year = g.year where p.school_id = $1 and p.code = $3
), w as (
  select w.id, w.lesson_id, w.kind, w.date, w.max_points, w.status
    from core.work w
   where w.school_id = $1 and w.group_id = $2
     and w.date between (select p.begins from p) and (select p.ends from p)
)
select json_build_object(
  'grade', g.grade, 'closed', (select p.state <> 'open' from p),
  'scheme_code', g.scheme_code, 'scheme_version', g.scheme_version,
  'works', (
    select coalesce(json_agg(json_build_array(w.id, w.lesson_id, w.kind, w.date,
           w.max_points::text, w.status)), '[]') from w),
  'members', (
    select coalesce(json_agg(json_build_array(m.pupil_id, m.from_date, m.to_date)), '[]')
      from core.group_pupil m
     where m.school_id = $1 and m.group_id = $2 and m.from_date <= (select p.ends from p)
       and (m.to_date is null or m.to_date >= (select p.begins from p))),
  'marks', (
    select coalesce(json_agg(json_build_array(m.work_id, m.pupil_id, m.points::text, m.code)), '[]')
      from w join core.mark m on m.work_id = w.id
     where m.school_id = $1 and (m.points is not null or m.code is not null)),
  'absences', (
    select coalesce(json_agg(json_build_array(a.lesson_id, a.pupil_id, a.code)), '[]')
      from (select distinct w.lesson_id from w where w.lesson_id is not null) x
      join core.absence a on a.lesson_id = x.lesson_id
     where a.school_id = $1 and a.code <> '')
)::text
  from g where exists (select from p)
"""


class PeriodState(msgspec.Struct, frozen=True):
    """The works, marks and absences of one group's period."""

    grade: int
    closed: bool
    scheme_code: str
    scheme_version: int
    works: list[SavedWork]
    members: list[Stint]
    marks: list[tuple[UUID, UUID, Decimal | None, str | None]]
    absences: list[tuple[UUID, UUID, str]]


async def period_state(tx: Tenant, group: UUID, period: str) -> PeriodState | None:
    """Read a period of a group; None when there is no such group or period."""
    text = await tx.fetchval(_STATE, tx.school_id, group, period)
    return None if text is None else msgspec.json.decode(text, type=PeriodState)
