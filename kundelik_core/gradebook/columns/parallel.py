"""Read what a teacher has written for the same subject in parallel groups, to be taken over."""

from datetime import date, timedelta
from typing import Final
from uuid import UUID

import msgspec

from kundelik_core.kernel.db import Tenant

__all__ = ["ParallelLesson", "parallel_lessons"]

_BACK: Final = timedelta(days=35)
_AHEAD: Final = timedelta(days=14)
_MOST: Final = 20

# $1 school, $2 group, $3 the teacher, $4 today, $5 first day, $6 last day, $7 how many
_LESSONS: Final = """
with g as (
  select g.id, g.year, g.grade, g.subject_id
    from core.teaching_group g where g.school_id = $1 and g.id = $2
), o as (
  select o.id, o.title
    from g join core.teaching_group o
      on o.year = g.year and o.grade = g.grade and o.subject_id = g.subject_id and o.id <> g.id
   where o.school_id = $1 and o.status = 'active' and exists (
     select from core.group_teacher t
      where t.school_id = $1 and t.group_id = o.id and t.teacher_id = $3 and t.from_date <= $4
        and (t.to_date is null or t.to_date >= $4))
)
select o.title, l.date, l.topic, l.homework
  from o join core.lesson l on l.group_id = o.id
 where l.school_id = $1 and l.date between $5 and $6 and l.topic <> '' and l.status <> 'cancelled'
 order by l.date desc, l.slot desc, o.title limit $7
"""


class ParallelLesson(msgspec.Struct, frozen=True):
    """A lesson of another group: what it was about, and what was to be done for it."""

    title: str
    date: date
    topic: str
    homework: str


async def parallel_lessons(
    tx: Tenant, group: UUID, teacher: UUID, today: date
) -> list[ParallelLesson]:
    """Read the latest lessons of a teacher's other groups of this subject and grade."""
    rows = await tx.fetch(
        _LESSONS, tx.school_id, group, teacher, today, today - _BACK, today + _AHEAD, _MOST
    )
    return [
        ParallelLesson(row["title"], row["date"], row["topic"], row["homework"]) for row in rows
    ]
