"""Read the results of a whole class in one period: its summary sheet."""

from collections.abc import Sequence
from datetime import date
from typing import Final
from uuid import UUID

import msgspec

from kundelik_core.gradebook.diary.model import DiaryGroup
from kundelik_core.gradebook.journal.model import Period
from kundelik_core.gradebook.results import Kept
from kundelik_core.kernel.db import Tenant

__all__ = ["ClassHead", "ClassMarks", "ClassPeriods", "class_marks", "class_periods"]

# $1 school, $2 class
_PERIODS: Final = """
select json_build_object(
  'row', (
    select json_build_array(c.grade, c.letter, c.homeroom_id)
      from core.school_class c where c.school_id = $1 and c.id = $2),
  'periods', (
    select coalesce(json_agg(json_build_array(p.code, p.begins, p.ends, p.state) order by p.begins,
           p.ends), '[]')
      from core.period p
     where p.school_id = $1 and p.code <> 'y'
       and p.year = (select c.year from core.school_class c where c.school_id = $1 and c.id = $2)),
  'kinds', (
    select coalesce(json_agg(distinct left(g.period_kind, 1)), '[]')
      from core.group_class gc
      join core.teaching_group g on g.school_id = gc.school_id and g.id = gc.group_id
     where gc.school_id = $1 and gc.class_id = $2 and g.status = 'active')
)::text
"""

# $1 school, $2 class, $3 first day and $4 last day of the period, $5 codes of periods, $6 today
_MARKS: Final = """
with g as (
  select g.id, g.scheme_code, g.scheme_version, g.period_kind, g.subject_id
    from core.group_class gc
    join core.teaching_group g on g.school_id = gc.school_id and g.id = gc.group_id
   where gc.school_id = $1 and gc.class_id = $2 and g.status = 'active'
), m as (
  select distinct cp.pupil_id
    from core.class_pupil cp
   where cp.school_id = $1 and cp.class_id = $2 and cp.from_date <= $4
     and (cp.to_date is null or cp.to_date >= least($4, $6::date))
)
select json_build_object(
  'pupils', (
    select coalesce(json_agg(json_build_array(n.id, n.surname, n.given) order by n.sort_key, n.id),
           '[]')
      from m join core.person n on n.school_id = $1 and n.id = m.pupil_id
     where n.status <> 'erased'),
  'groups', (
    select coalesce(json_agg(json_build_array(json_build_array(g.id, json_build_array(s.title_kk,
           s.title_ru, s.title_en), g.scheme_code, g.scheme_version, g.period_kind), s.id)
           order by s.position, s.code, g.id), '[]')
      from g join core.subject s on s.school_id = $1 and s.id = g.subject_id),
  'members', (
    select coalesce(json_agg(distinct array[p.group_id, p.pupil_id]), '[]')
      from g join core.group_pupil p on p.group_id = g.id
     where p.school_id = $1 and p.from_date <= $4 and (p.to_date is null or p.to_date >= $3)),
  'results', (
    select coalesce(json_agg(json_build_array(r.pupil_id, r.group_id, json_build_array(null, null,
           r.percent, r.mark, r.status, r.provisional, r.given_mark))), '[]')
      from g join core.period_result r on r.group_id = g.id
     where r.school_id = $1 and r.period = any($5::text[]))
)::text
"""


class ClassHead(msgspec.Struct, array_like=True, frozen=True):
    """The class itself."""

    grade: int
    letter: str
    homeroom: UUID | None


class ClassPeriods(msgspec.Struct, frozen=True):
    """A class, the periods of its year, and by their letters the kinds that its groups have."""

    row: ClassHead | None
    periods: list[Period]
    kinds: list[str]


class ClassMarks(msgspec.Struct, frozen=True):
    """Pupils, groups with their subject, who is in which group, and the results."""

    pupils: list[tuple[UUID, str, str]]
    groups: list[tuple[DiaryGroup, UUID]]
    members: list[tuple[str, UUID]]
    results: list[tuple[UUID, str, Kept]]


_periods: Final = msgspec.json.Decoder(ClassPeriods)
_marks: Final = msgspec.json.Decoder(ClassMarks)


async def class_periods(tx: Tenant, class_id: UUID) -> ClassPeriods:
    """Read which periods a class has; its row is None where there is no such class."""
    return _periods.decode(await tx.fetchval(_PERIODS, tx.school_id, class_id))


async def class_marks(
    tx: Tenant, class_id: UUID, period: Period, codes: Sequence[str], today: date
) -> ClassMarks:
    """Read the results that a class has in a period, and in the longer ones that it lies in."""
    return _marks.decode(
        await tx.fetchval(
            _MARKS, tx.school_id, class_id, period.begins, period.ends, list(codes), today
        )
    )
