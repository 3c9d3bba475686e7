"""Read what waits: a teacher's day, unfilled journals, absences without a reason, homework to come.

A past lesson is unfilled while it has no topic, or, where its scheme gives marks for lessons,
neither a mark nor an absence.
"""

from datetime import date, time
from functools import cache
from typing import Final
from uuid import UUID

import msgspec

from kundelik_core.gradebook.access import DiaryFacts, Viewer, diary_right, not_found
from kundelik_core.gradebook.journal.model import Titles
from kundelik_core.gradebook.schemes.catalogue import builtin
from kundelik_core.kernel.db import Tenant

__all__ = [
    "Absent",
    "DayLesson",
    "Due",
    "FilledShare",
    "Homework",
    "OfficeView",
    "TeacherDay",
    "Unfilled",
    "UnfilledOf",
    "filled_share",
    "homework_ahead",
    "marked_schemes",
    "office_view",
    "teacher_day",
]

MOST_WAITING: Final = 12
LOOK_AHEAD: Final = 14


class DayLesson(msgspec.Struct, array_like=True, frozen=True):
    """A lesson of the day."""

    group: UUID
    slot: int
    begins: str
    ends: str
    room: str
    topic: str
    status: str
    title: str
    subject: Titles
    filled: bool
    usual: bool


class Unfilled(msgspec.Struct, array_like=True, frozen=True):
    """A past lesson that lacks its topic, its marks or both."""

    group: UUID
    date: date
    title: str
    subject: Titles
    topic: bool
    marks: bool


class TeacherDay(msgspec.Struct, frozen=True):
    """All that a teacher's first page shows.

    ``day`` is today, or the next day on which they teach when there is nothing today.
    """

    day: date
    lessons: list[DayLesson]
    waiting: list[Unfilled]
    more: int
    day_off: Titles | None


class UnfilledOf(msgspec.Struct, array_like=True, frozen=True):
    """A teacher's unfilled lessons, the group that has most of them first."""

    teacher: UUID | None
    name: str
    lessons: int
    groups: int
    group: UUID
    title: str
    subject: Titles
    since: date


class Absent(msgspec.Struct, array_like=True, frozen=True):
    """A pupil who missed lessons without a reason."""

    pupil: UUID
    name: str
    grade: int | None
    letter: str | None
    lessons: int


class OfficeView(msgspec.Struct, frozen=True):
    """What needs someone in a school."""

    unfilled: list[UnfilledOf]
    absent: list[Absent]
    absent_pupils: int
    absent_lessons: int


class FilledShare(msgspec.Struct, array_like=True, frozen=True):
    """How many lessons of some days were held, and how many have a topic."""

    lessons: int
    filled: int


class Due(msgspec.Struct, array_like=True, frozen=True):
    """Homework that a lesson asks for."""

    date: date
    slot: int
    lesson: UUID
    subject: Titles
    homework: str


class Homework(msgspec.Struct, frozen=True):
    """The homework of some days, with what decides who may read it."""

    pupil: tuple[str, str] | None
    guardian: bool
    homeroom: UUID | None
    due: list[Due]


# Scalars with a limit, not exists(): that would be answered by reading all marks of the school.
_MARKED: Final = """coalesce((
      select true from core.work w
        join core.mark m on m.school_id = w.school_id and m.work_id = w.id
       where w.school_id = $1 and w.group_id = l.group_id and w.date = l.date
         and w.lesson_id = l.id and (m.points is not null or m.code is not null) limit 1), (
      select true from core.absence a
       where a.school_id = $1 and a.lesson_id = l.id and a.code <> '' limit 1), false)"""

# $1 school, $2 teacher, $3 today, $4 first day, $5 time now, $6 schemes with marks for lessons
_DAY: Final = f"""
with past as (
  select l.group_id, l.date, l.slot, g.title, g.subject_id, l.topic <> '' as topic,
         (g.scheme_code <> all($6::text[]) or {_MARKED}) as marks
    from core.lesson l
    join core.teaching_group g on g.school_id = l.school_id and g.id = l.group_id
   where l.school_id = $1 and l.teacher_id = $2 and l.date between $4 and $3
     and (l.date < $3 or l.ends < $5) and l.status <> 'cancelled' and g.status = 'active'
), open as (
  select past.*, count(*) over () as total from past where not past.topic or not past.marks
), d as (
  select coalesce(min(l.date), $3) as day
    from core.lesson l
   where l.school_id = $1 and l.teacher_id = $2 and l.date between $3 and $3 + {LOOK_AHEAD}
)
select json_build_object(
  'day', (select d.day from d),
  'lessons', (
    select coalesce(json_agg(json_build_array(g.id, l.slot, to_char(l.begins, 'HH24:MI'),
           to_char(l.ends, 'HH24:MI'), coalesce(nullif(l.room, ''), g.room), l.topic, l.status,
           g.title, json_build_array(s.title_kk, s.title_ru, s.title_en),
           l.topic <> '' and (g.scheme_code <> all($6::text[]) or {_MARKED}),
           exists (
             select from core.group_teacher t
              where t.school_id = $1 and t.group_id = g.id and t.teacher_id = $2
                and not t.substitute and t.from_date <= $3
                and (t.to_date is null or t.to_date >= $3)))
           order by l.begins, l.slot), '[]')
      from core.lesson l
      join core.teaching_group g on g.school_id = l.school_id and g.id = l.group_id
      join core.subject s on s.school_id = g.school_id and s.id = g.subject_id
     where l.school_id = $1 and l.teacher_id = $2 and l.date = (select d.day from d)),
  'waiting', (
    select coalesce(json_agg(json_build_array(o.group_id, o.date, o.title,
           json_build_array(s.title_kk, s.title_ru, s.title_en), o.topic, o.marks)
           order by o.date desc, o.slot), '[]')
      from (select open.* from open order by open.date desc, open.slot limit {MOST_WAITING}) o
      join core.subject s on s.school_id = $1 and s.id = o.subject_id),
  'more', greatest(coalesce((select max(open.total) from open), 0) - {MOST_WAITING}, 0),
  'day_off', (
    select json_build_array(e.title_kk, e.title_ru, e.title_en)
      from core.calendar_exception e
     where e.school_id = $1 and $3 between e.begins and e.ends and e.grades is null
       and e.kind in ('holiday', 'break', 'cancelled')
     order by e.begins desc limit 1)
)::text
"""

# $1 school, $2 first day, $3 today, $4 schemes with marks for lessons, $5 Monday, $6 year
_OFFICE: Final = f"""
with past as (
  select l.teacher_id, l.group_id, l.date
    from core.lesson l
    join core.teaching_group g on g.school_id = l.school_id and g.id = l.group_id
   where l.school_id = $1 and l.date between $2 and $3 and l.date < $3
     and l.status <> 'cancelled' and g.status = 'active'
     and (l.topic = '' or (g.scheme_code = any($4::text[]) and not ({_MARKED})))
), per as (
  select past.teacher_id, past.group_id, count(*) as lessons, min(past.date) as since
    from past group by past.teacher_id, past.group_id
), best as (
  select distinct on (per.teacher_id) per.teacher_id, per.group_id,
         sum(per.lessons) over w as lessons, count(*) over w as groups,
         min(per.since) over w as since
    from per window w as (partition by per.teacher_id)
   order by per.teacher_id, per.lessons desc, per.group_id
), away as (
  select a.pupil_id, count(*) as lessons
    from core.absence a
   where a.school_id = $1 and a.date between $5 and $3 and a.code = 'absent_unexcused'
   group by a.pupil_id
)
select json_build_object(
  'unfilled', (
    select coalesce(json_agg(json_build_array(b.teacher_id, concat_ws(' ', n.surname, n.given),
           b.lessons, b.groups, g.id, g.title,
           json_build_array(s.title_kk, s.title_ru, s.title_en), b.since)
           order by b.lessons desc, n.sort_key), '[]')
      from best b
      join core.teaching_group g on g.school_id = $1 and g.id = b.group_id
      join core.subject s on s.school_id = $1 and s.id = g.subject_id
      left join core.person n on n.school_id = $1 and n.id = b.teacher_id),
  'absent', (
    select coalesce(json_agg(json_build_array(x.pupil_id, concat_ws(' ', n.surname, n.given),
           c.grade, c.letter, x.lessons) order by x.lessons desc, n.sort_key), '[]')
      from (select away.* from away order by away.lessons desc, away.pupil_id limit 8) x
      join core.person n on n.school_id = $1 and n.id = x.pupil_id
      left join lateral (
        select c.grade, c.letter
          from core.class_pupil cp
          join core.school_class c on c.school_id = cp.school_id and c.id = cp.class_id
         where cp.school_id = $1 and cp.pupil_id = x.pupil_id and c.year = $6
           and cp.from_date <= $3 and (cp.to_date is null or cp.to_date >= $3) limit 1) c on true),
  'absent_pupils', (select count(*) from away),
  'absent_lessons', (select coalesce(sum(away.lessons), 0) from away)
)::text
"""

_HOMEWORK: Final = """
select json_build_object(
  'pupil', (
    select json_build_array(n.surname, n.given) from core.person n
     where n.school_id = $1 and n.id = $2 and n.status <> 'erased'),
  'guardian', exists (
    select from core.guardianship k
     where k.school_id = $1 and k.pupil_id = $2 and k.guardian_id = $3 and k.from_date <= $4
       and (k.to_date is null or k.to_date >= $4)),
  'homeroom', (
    select c.homeroom_id
      from core.class_pupil cp
      join core.school_class c on c.school_id = cp.school_id and c.id = cp.class_id
     where cp.school_id = $1 and cp.pupil_id = $2 and cp.from_date <= $4
       and (cp.to_date is null or cp.to_date >= $4)
     order by c.year desc limit 1),
  'due', (
    select coalesce(json_agg(json_build_array(l.date, l.slot, l.id,
           json_build_array(s.title_kk, s.title_ru, s.title_en), l.homework)
           order by l.date, l.begins, l.slot), '[]')
      from core.group_pupil m
      join core.lesson l on l.school_id = m.school_id and l.group_id = m.group_id
      join core.teaching_group g on g.school_id = m.school_id and g.id = m.group_id
      join core.subject s on s.school_id = g.school_id and s.id = g.subject_id
     where m.school_id = $1 and m.pupil_id = $2 and l.date between $4 and $5
       and l.status <> 'cancelled' and l.homework <> '' and m.from_date <= l.date
       and (m.to_date is null or m.to_date >= l.date))
)::text
"""

_day: Final = msgspec.json.Decoder(TeacherDay)
_office: Final = msgspec.json.Decoder(OfficeView)
_homework: Final = msgspec.json.Decoder(Homework)


@cache
def marked_schemes() -> tuple[str, ...]:
    """Return the codes of the schemes in which pupils get marks."""
    return tuple(
        sorted({s.code for s in builtin().values() if s.lesson_kind and not s.marks_nothing})
    )


async def teacher_day(
    tx: Tenant, teacher: UUID | None, today: date, since: date, now: time
) -> TeacherDay:
    """Read the lessons of a teacher's day, and the past ones from ``since`` that wait.

    ``now`` is the local time of day: a lesson of today waits once it is over.
    """
    text = await tx.fetchval(_DAY, tx.school_id, teacher, today, since, now, list(marked_schemes()))
    return _day.decode(text)


async def office_view(tx: Tenant, span: tuple[date, date], monday: date, year: int) -> OfficeView:
    """Read what needs someone: unfilled lessons of ``span``, unexcused absences since Monday."""
    text = await tx.fetchval(_OFFICE, tx.school_id, *span, list(marked_schemes()), monday, year)
    return _office.decode(text)


async def filled_share(tx: Tenant, begins: date, ends: date) -> FilledShare:
    """Count the lessons of some days, and those among them that have a topic."""
    row = await tx.fetchrow(
        "select count(*) as lessons, count(*) filter (where l.topic <> '') as filled "
        "from core.lesson l where l.school_id = $1 and l.date between $2 and $3 "
        "and l.status <> 'cancelled'",
        tx.school_id,
        begins,
        ends,
    )
    assert row is not None
    return FilledShare(row["lessons"], row["filled"])


async def homework_ahead(
    tx: Tenant, viewer: Viewer, pupil: UUID, today: date, until: date
) -> Homework:
    """Read a child's homework from today to a day.

    Raises:
        Problem: 404 for whom it does not concern.
    """
    text = await tx.fetchval(_HOMEWORK, tx.school_id, pupil, viewer.person, today, until)
    found = _homework.decode(text)
    near = DiaryFacts(pupil, found.guardian, found.homeroom)
    if found.pupil is None or not diary_right(viewer, near):
        raise not_found()
    return found
