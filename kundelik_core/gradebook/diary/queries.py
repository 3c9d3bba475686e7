"""Read a child's diary: a week, the marks of the year, one subject; each in one statement.

A week is one message, ``core.diary_week``, and one transaction more the first time that its class
opens it: what a class shares is kept.
"""

from datetime import date, datetime
from typing import Final
from uuid import UUID

import msgspec

from kundelik_core.gradebook.access import DiaryFacts, Viewer, diary_right, not_found
from kundelik_core.gradebook.diary.kept import WEEKS
from kundelik_core.gradebook.diary.model import (
    ChildClass,
    DiaryMark,
    DiaryWeek,
    OwnWeek,
    SharedWeek,
    SubjectYear,
    Who,
    YearMarks,
)
from kundelik_core.kernel.db import Tenant, alone, tenant

__all__ = ["diary_week", "subject_year", "year_marks"]

# Versions of a page that is not there.
_NOTHING: Final = (None, None, None)

# $1 school, $2 pupil, $3 viewer's person, $4 first day, $5 last day, $6 school year, $7 today,
# $8 schools of the tabs
_WHO: Final = """
  'pupil', (
    select json_build_array(n.surname, n.given) from core.person n
     where n.school_id = $1 and n.id = $2 and n.status <> 'erased'),
  'guardian', exists (
    select from core.guardianship k
     where k.school_id = $1 and k.pupil_id = $2 and k.guardian_id = $3 and k.from_date <= $7
       and (k.to_date is null or k.to_date >= $7)),
  'school_class', (
    select json_build_array(c.grade, c.letter, c.homeroom_id)
      from core.class_pupil cp
      join core.school_class c on c.school_id = cp.school_id and c.id = cp.class_id
     where cp.school_id = $1 and cp.pupil_id = $2 and c.year = $6
     order by (cp.from_date <= $5) desc, cp.from_date desc limit 1),
  'schools', (
    select coalesce(json_agg(json_build_array(s.id, json_build_array(s.title_kk, s.title_ru,
           s.title_en))), '[]') from core.school s where s.id = any($8::int[])),
"""

_GROUPS: Final = """
  select g.id, g.scheme_code, g.scheme_version, g.period_kind, g.subject_id
    from core.group_pupil m
    join core.teaching_group g on g.school_id = m.school_id and g.id = m.group_id
   where m.school_id = $1 and m.pupil_id = $2 and g.year = $6 and m.from_date <= $5
     and (m.to_date is null or m.to_date >= $4)
   group by g.school_id, g.id
"""

_GROUP_ROWS: Final = """
  'groups', (
    select coalesce(json_agg(json_build_array(g.id, json_build_array(s.title_kk, s.title_ru,
           s.title_en), g.scheme_code, g.scheme_version, g.period_kind)
           order by s.position, s.code, g.id), '[]')
      from g join core.subject s on s.school_id = $1 and s.id = g.subject_id),
"""

_KEPT: Final = """json_build_array(r.raw, r.terms, r.percent, r.mark, r.status, r.provisional,
           r.given_mark)"""

_WEEK: Final = f"select core.diary_week({', '.join(f'${n}' for n in range(1, 14))})"

# $1 school, $2 groups, $3 first day, $4 last day, $5 school year
_SHARED: Final = """
select json_build_object(
  'year', (
    select json_build_array(y.begins, y.ends) from core.school_year y
     where y.school_id = $1 and y.year = $5),
  'groups', (
    select coalesce(json_agg(json_build_array(g.id, json_build_array(s.title_kk, s.title_ru,
           s.title_en), g.scheme_code, g.scheme_version, g.period_kind)
           order by s.position, s.code, g.id), '[]')
      from core.teaching_group g
      join core.subject s on s.school_id = g.school_id and s.id = g.subject_id
     where g.school_id = $1 and g.id = any($2::uuid[])),
  'lessons', (
    select coalesce(json_agg(json_build_array(l.id, l.group_id, l.date, l.slot,
           to_char(l.begins, 'HH24:MI'), l.topic, l.homework, l.status, l.room)
           order by l.date, l.slot, l.id), '[]')
      from core.lesson l
     where l.school_id = $1 and l.group_id = any($2::uuid[]) and l.date between $3 and $4),
  'works', (
    select coalesce(json_agg(json_build_array(w.id, w.group_id, w.lesson_id, w.kind, w.title,
           trim_scale(w.max_points)::text, w.position, w.status = 'active')), '[]')
      from core.work w
     where w.school_id = $1 and w.group_id = any($2::uuid[]) and w.date between $3 and $4),
  'periods', (
    select coalesce(json_agg(json_build_array(p.code, p.begins, p.ends, p.state) order by p.begins,
           p.code), '[]')
      from core.period p where p.school_id = $1 and p.year = $5),
  'exceptions', (
    select coalesce(json_agg(json_build_array(e.begins, e.ends, e.kind, json_build_array(e.title_kk,
           e.title_ru, e.title_en), e.grades) order by e.begins, e.id), '[]')
      from core.calendar_exception e
     where e.school_id = $1 and e.begins <= $4 and e.ends >= $3)
)::text
"""

_YEAR: Final = f"""
with g as ({_GROUPS})
select json_build_object({_WHO}{_GROUP_ROWS}
  'periods', (
    select coalesce(json_agg(json_build_array(p.code, p.begins, p.ends, p.state) order by p.begins,
           p.code), '[]')
      from core.period p where p.school_id = $1 and p.year = $6),
  'results', (
    select coalesce(json_agg(json_build_array(r.group_id, r.period, {_KEPT})), '[]')
      from g join core.period_result r on r.group_id = g.id
     where r.school_id = $1 and r.pupil_id = $2)
)::text
"""

_SUBJECT: Final = f"""
with g as ({_GROUPS}), w as (
  select w.id, w.lesson_id, w.kind, w.date, w.title, w.max_points
    from core.work w
   where w.school_id = $1 and w.group_id = $9 and w.status = 'active'
     and exists (select from g where g.id = $9)
)
select json_build_object({_WHO}
  'group', (
    select json_build_array(g.id, json_build_array(s.title_kk, s.title_ru, s.title_en),
           g.scheme_code, g.scheme_version, g.period_kind)
      from g join core.subject s on s.school_id = $1 and s.id = g.subject_id where g.id = $9),
  'periods', (
    select coalesce(json_agg(json_build_array(p.code, p.begins, p.ends, p.state) order by p.begins),
           '[]')
      from core.period p
     where p.school_id = $1 and p.year = $6
       and left(p.code, 1) = (select left(g.period_kind, 1) from g where g.id = $9)),
  'results', (
    select coalesce(json_agg(json_build_array(r.period, {_KEPT})), '[]')
      from core.period_result r
     where r.school_id = $1 and r.pupil_id = $2 and r.group_id = $9),
  'coming', (
    select coalesce(json_agg(json_build_array(w.kind, w.date, trim_scale(w.max_points)::text, (
             select a.code from core.absence a
              where a.school_id = $1 and a.lesson_id = w.lesson_id and a.pupil_id = $2
                and a.code <> '')) order by w.date, w.id), '[]')
      from w
     where w.id is distinct from w.lesson_id and not exists (
       select from core.mark m where m.school_id = $1 and m.work_id = w.id and m.pupil_id = $2
          and (m.points is not null or m.code is not null))),
  'marks', (
    select coalesce(json_agg(json_build_array(w.kind, w.date, w.title, (
             select l.topic from core.lesson l where l.school_id = $1 and l.id = w.lesson_id),
           trim_scale(w.max_points)::text, trim_scale(m.points)::text, m.code, (
             select a.code from core.absence a
              where a.school_id = $1 and a.lesson_id = w.lesson_id and a.pupil_id = $2
                and a.code <> ''), m.comment, (
             select coalesce(json_agg(json_build_array(h.at, h.old, h.new, h.reason)
                    order by h.at), '[]')
               from core.cell_history h
              where h.school_id = $1 and h.column_id = w.id and h.pupil_id = $2
                and h.field = 'value' and h.old <> '')) order by w.date, w.kind), '[]')
      from w join core.mark m on m.work_id = w.id
     where m.school_id = $1 and m.pupil_id = $2
       and (m.points is not null or m.code is not null or m.comment is not null))
)::text
"""

_week: Final = msgspec.json.Decoder(OwnWeek)
_shared: Final = msgspec.json.Decoder(SharedWeek)
_year: Final = msgspec.json.Decoder(YearMarks)
_subject: Final = msgspec.json.Decoder(SubjectYear)


def _allow(
    viewer: Viewer,
    pupil: UUID,
    facts: tuple[tuple[str, str] | None, bool, ChildClass | None],
) -> None:
    """Let pass who may read this diary.

    Raises:
        Problem: 404, whether there is no such pupil or it is somebody else's child.
    """
    name, guardian, school_class = facts
    near = DiaryFacts(pupil, guardian, school_class.homeroom if school_class else None)
    if name is None or not diary_right(viewer, near):
        raise not_found()


async def diary_week(
    school_id: int,
    viewer: Viewer,
    pupil: UUID,
    span: tuple[date, date],
    *,
    year: int,
    now: tuple[date, datetime],
    schools: list[int],
    kept: tuple[object, ...] | None = None,
    known: Who | None = None,
) -> DiaryWeek | None:
    """Read a week of a child's diary; None where ``kept`` are the versions that it still has.

    ``known`` is what was read with ``kept`` for the same reader, day and last day of the week.

    Raises:
        Problem: 404 for whom it does not concern.
    """
    versions = kept or _NOTHING
    text = await alone(
        school_id, _WEEK, pupil, viewer.person, *span, year, *now, schools, *versions,
        versions[0] if known else None,
    )  # fmt: skip
    if text is None:
        return None
    own = _week.decode(text)
    who = own.who or known
    assert who is not None
    _allow(viewer, pupil, (who.pupil, who.guardian, who.school_class))
    shared = await _shared_week(school_id, own, span, year)
    return DiaryWeek(
        who=who,
        year=shared.year,
        since=own.since,
        groups=shared.groups,
        lessons=shared.lessons,
        marks=_marks(own, shared),
        absences=own.absences,
        results=own.results,
        periods=shared.periods,
        exceptions=shared.exceptions,
        news=own.news,
        versions=(*own.versions, own.since),
        drawn=shared.drawn,
    )


async def _shared_week(
    school_id: int, own: OwnWeek, span: tuple[date, date], year: int
) -> SharedWeek:
    """Give what the week shows to everybody with these groups; read it where it is not kept.

    What is read after its key may be newer than the key says. Then nobody finds it by that key
    any more: versions only rise.
    """
    key = (school_id, own.versions[0], own.layout, tuple(own.groups), *span, year)
    found = WEEKS.find(key)
    if found is None:
        async with tenant(school_id) as tx:
            text = await tx.fetchval(_SHARED, school_id, own.groups, *span, year)
        found = _shared.decode(text)
        WEEKS.keep(key, found)
    return found


def _marks(own: OwnWeek, shared: SharedWeek) -> list[DiaryMark]:
    """Give a child's marks with the works that they belong to, in the order of the week.

    A lesson's own column comes into being with its first mark, and then is as its lesson says: the
    layout of its group does not change with it. A work of any other group is none of this child's.
    """
    found: list[tuple[int, DiaryMark]] = []
    for mine in own.marks:
        work = shared.work(mine.work)
        if work is not None and work.active:
            mark = DiaryMark(
                mine.work, work.group, work.lesson, work.kind, mine.date, work.title, work.max,
                mine.points, mine.code, mine.comment, mine.new,
            )  # fmt: skip
            found.append((work.position, mark))
    found.sort(key=lambda item: (item[1].date, item[0], item[1].work))
    return [mark for _position, mark in found]


async def year_marks(
    tx: Tenant,
    viewer: Viewer,
    pupil: UUID,
    span: tuple[date, date],
    *,
    year: int,
    today: date,
    schools: list[int],
) -> YearMarks:
    """Read the marks of all periods and subjects.

    Raises:
        Problem: 404 for whom it does not concern.
    """
    text = await tx.fetchval(_YEAR, tx.school_id, pupil, viewer.person, *span, year, today, schools)
    marks = _year.decode(text)
    _allow(viewer, pupil, (marks.pupil, marks.guardian, marks.school_class))
    return marks


async def subject_year(
    tx: Tenant,
    viewer: Viewer,
    pupil: UUID,
    group: UUID,
    span: tuple[date, date],
    *,
    year: int,
    today: date,
    schools: list[int],
) -> SubjectYear:
    """Read all marks of a child in one group, with what was changed in them.

    Raises:
        Problem: 404 for whom it does not concern, and for a group of others.
    """
    text = await tx.fetchval(
        _SUBJECT, tx.school_id, pupil, viewer.person, *span, year, today, schools, group
    )
    found = _subject.decode(text)
    _allow(viewer, pupil, (found.pupil, found.guardian, found.school_class))
    if found.group is None:
        raise not_found()
    return found
