"""See whether a period can be closed, and bring its results to their end once it is.

A period is closed first and computed afterwards, group by group: from the moment of closing no mark
changes, so the order of the two cannot lose one. The computing may be repeated at any time.
"""

from datetime import date, datetime
from typing import Final
from uuid import UUID

import msgspec

from kundelik_core.gradebook.overview import marked_schemes
from kundelik_core.gradebook.periods.actions import recompute
from kundelik_core.kernel.db import Tenant, tenant

__all__ = ["FINISH", "GroupGap", "PeriodLine", "finish_period", "gaps", "period_lines"]

FINISH: Final = "gradebook.finish_period"
"""The job that computes a period which was closed, or opened again."""

_LINES: Final = """
select p.code, p.begins, p.ends, p.state, p.closed_at, coalesce(n.surname, '') as surname,
       coalesce(n.given, '') as given,
       (select count(*) from core.period_result r
          join core.teaching_group g on g.school_id = r.school_id and g.id = r.group_id
         where r.school_id = $1 and g.year = $2 and r.period = p.code and r.provisional
           and r.given_mark is null) as unsettled
  from core.period p
  left join core.person n on n.school_id = p.school_id and n.id = p.closed_by
 where p.school_id = $1 and p.year = $2
   and exists (select from core.teaching_group g where g.school_id = $1 and g.year = $2
                 and g.status = 'active' and left(g.period_kind, 1) = left(p.code, 1))
 order by p.begins, p.ends desc
"""

_GAPS: Final = """
with p as (
  select p.begins, p.ends from core.period p
   where p.school_id = $1 and p.year = $2 and p.code = $3
)
select g.id as group_id, g.title, s.title_kk, s.title_ru, s.title_en, count(*) as pupils
  from core.teaching_group g
  join core.subject s on s.school_id = g.school_id and s.id = g.subject_id
  cross join p
  join core.group_pupil m on m.school_id = g.school_id and m.group_id = g.id
   and m.from_date <= p.ends and (m.to_date is null or m.to_date >= p.ends)
  left join core.period_result r on r.school_id = g.school_id and r.group_id = g.id
   and r.pupil_id = m.pupil_id and r.period = $3
 where g.school_id = $1 and g.year = $2 and g.status = 'active'
   and left(g.period_kind, 1) = left($3, 1) and g.scheme_code = any($4::text[])
   and coalesce(r.given_mark, r.mark) is null and coalesce(r.status, '') = ''
 group by g.id, g.title, s.title_kk, s.title_ru, s.title_en
 order by count(*) desc, g.title, g.id
 limit $5
"""

_GROUPS: Final = """
select g.id from core.teaching_group g
 where g.school_id = $1 and g.year = $2 and left(g.period_kind, 1) = left($3, 1)
   and exists (select from core.period p where p.school_id = $1 and p.year = $2 and p.code = $3)
 order by g.id
"""


class PeriodLine(msgspec.Struct, frozen=True, kw_only=True):
    """One period of the year; ``unsettled`` results would still change when it is closed."""

    code: str
    begins: date
    ends: date
    state: str
    closed_at: datetime | None
    surname: str
    given: str
    unsettled: int


class GroupGap(msgspec.Struct, frozen=True, kw_only=True):
    """A group in which pupils have no mark for the period."""

    group_id: UUID
    title: str
    title_kk: str
    title_ru: str
    title_en: str
    pupils: int


async def period_lines(tx: Tenant, year: int) -> list[PeriodLine]:
    """Return the periods that the school's groups are marked in, in their order."""
    rows = await tx.fetch(_LINES, tx.school_id, year)
    return [msgspec.convert(dict(row), PeriodLine) for row in rows]


async def gaps(tx: Tenant, year: int, code: str, most: int = 50) -> list[GroupGap]:
    """Return the groups with pupils who have no mark for a period, the widest gaps first."""
    rows = await tx.fetch(_GAPS, tx.school_id, year, code, list(marked_schemes()), most)
    return [msgspec.convert(dict(row), GroupGap) for row in rows]


async def finish_period(school_id: int, year: int, code: str) -> int:
    """Compute every group's results of a period as its state asks; give the number of groups."""
    async with tenant(school_id) as tx:
        groups = [row["id"] for row in await tx.fetch(_GROUPS, school_id, year, code)]
    for group in groups:
        async with tenant(school_id, write=True, lock=("core.teaching_group", group)) as tx:
            await recompute(tx, group, code)
    return len(groups)
