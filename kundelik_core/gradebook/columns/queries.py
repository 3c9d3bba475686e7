"""Read what decides over a new column of a journal."""

from datetime import date
from typing import Final
from uuid import UUID

import msgspec

from kundelik_core.gradebook.columns.rules import Facts
from kundelik_core.kernel.db import Tenant

__all__ = ["LessonText", "column_facts", "lesson_texts"]

_FACTS: Final = """
with g as (
  select g.id, g.year, g.grade, g.scheme_code, g.scheme_version, g.period_kind
    from core.teaching_group g where g.school_id = $1 and g.id = $2
), y as (
  select y.begins, y.ends, y.week_days
    from core.school_year y join g on y.year = g.year where y.school_id = $1
), c as (
  select gc.class_id from core.group_class gc where gc.school_id = $1 and gc.group_id = $2
), near as (
  select gc.group_id from core.group_class gc join c on c.class_id = gc.class_id
   where gc.school_id = $1
  union select g.id from g
), p as (
  select p.code, p.begins, p.ends, p.state
    from core.period p join g on p.year = g.year and left(p.code, 1) = left(g.period_kind, 1)
   where p.school_id = $1
)
select json_build_object(
  'year', g.year, 'grade', g.grade, 'scheme_code', g.scheme_code,
  'scheme_version', g.scheme_version,
  'begins', y.begins, 'ends', y.ends, 'week_days', y.week_days,
  'teachers', (
    select coalesce(json_agg(json_build_array(t.teacher_id, t.from_date, t.to_date,
           t.substitute)), '[]')
      from core.group_teacher t where t.school_id = $1 and t.group_id = $2),
  'homerooms', '[]'::json,
  'periods', (
    select coalesce(json_agg(json_build_array(p.code, p.begins, p.ends, p.state)), '[]') from p),
  'exceptions', (
    select coalesce(json_agg(json_build_array(e.begins, e.ends, e.kind, e.title_kk, e.title_ru,
           e.title_en, e.grades) order by e.id), '[]')
      from core.calendar_exception e
     where e.school_id = $1 and e.begins <= y.ends and e.ends >= y.begins),
  'lessons', (
    select coalesce(json_agg(json_build_array(l.id, l.slot, l.status) order by l.slot), '[]')
      from core.lesson l where l.school_id = $1 and l.group_id = $2 and l.date = $3),
  'works', (
    select coalesce(json_agg(json_build_array(w.id, w.group_id, w.kind, w.date, w.status, (
             select max(m.points)::text from core.mark m
              where m.school_id = $1 and m.work_id = w.id and w.group_id = $2), w.lesson_id)), '[]')
      from near join core.work w on w.group_id = near.group_id
     where w.school_id = $1
       and (w.date = $3 or (w.group_id = $2 and w.lesson_id is distinct from w.id))),
  'bells', (
    select coalesce(json_agg(json_build_array(b.slot, b.begins, b.ends)), '[]')
      from (select k.bell_set_id from c
              join core.school_class k on k.id = c.class_id
             where k.school_id = $1 and k.bell_set_id is not null limit 1) s
      join core.bell b on b.bell_set_id = s.bell_set_id
     where b.school_id = $1)
)::text
  from g cross join y
"""


async def column_facts(tx: Tenant, group: UUID, day: date) -> Facts | None:
    """Read what a new column on a day has to fit into; None when there is no such group."""
    text = await tx.fetchval(_FACTS, tx.school_id, group, day)
    return None if text is None else msgspec.json.decode(text, type=Facts)


class LessonText(msgspec.Struct, frozen=True):
    """Topic of a lesson and the homework given in it, which the next lesson carries."""

    teachers: list[tuple[UUID, date, date | None, bool]]
    state: str | None
    status: str
    topic: str
    next: UUID | None
    homework: str


async def lesson_texts(tx: Tenant, group: UUID, lesson: UUID) -> LessonText | None:
    """Read the right-hand page of one lesson; None when it is not of this group."""
    text = await tx.fetchval(
        """
        with l as (
          select l.id, l.date, l.slot, l.topic, l.status
            from core.lesson l where l.school_id = $1 and l.group_id = $2 and l.id = $3
        ), n as (
          select n.id, n.homework
            from core.lesson n
           where n.school_id = $1 and n.group_id = $2 and n.status <> 'cancelled'
             and (n.date, n.slot) > ((select l.date from l), (select l.slot from l))
           order by n.date, n.slot limit 1
        )
        select json_build_object(
          'teachers', (
            select coalesce(json_agg(json_build_array(t.teacher_id, t.from_date, t.to_date,
                   t.substitute)), '[]')
              from core.group_teacher t where t.school_id = $1 and t.group_id = $2),
          'state', (
            select p.state from core.teaching_group g
              join core.period p on p.school_id = g.school_id and p.year = g.year
               and left(p.code, 1) = left(g.period_kind, 1)
             where g.school_id = $1 and g.id = $2 and l.date between p.begins and p.ends),
          'status', l.status, 'topic', l.topic,
          'next', (select n.id from n), 'homework', coalesce((select n.homework from n), ''))::text
          from l
        """,
        tx.school_id,
        group,
        lesson,
    )
    return None if text is None else msgspec.json.decode(text, type=LessonText)
