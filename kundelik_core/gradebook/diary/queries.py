"""Read a child's diary: a week, the marks of the year, one subject; each in one statement.

A week is one more the first time that its class opens it: what a class shares is kept.

Marks and absences are asked for by pupil and date, in lists of their own: joined to the lessons
they would cost several times as much.
"""

from datetime import date, datetime
from typing import Final
from uuid import UUID

import msgspec

from kundelik_core.gradebook.access import DiaryFacts, Viewer, diary_right, not_found
from kundelik_core.gradebook.diary.kept import WEEKS
from kundelik_core.gradebook.diary.model import (
    ChildClass,
    DiaryWeek,
    OwnWeek,
    SharedWeek,
    SubjectYear,
    YearMarks,
)
from kundelik_core.kernel.db import Tenant

__all__ = ["diary_versions", "diary_week", "subject_year", "year_marks"]

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

# A visit of half an hour counts as one: what came in the meantime stays new.
_SEEN: Final = """case when d.seen_at < $9::timestamptz - interval '30 minutes' then d.seen_at
           else d.before_at end"""

_SCHOOL_VERSION: Final = """coalesce((
           select v.version from core.school_version v where v.school_id = $1), 0)"""

_NOW: Final = f"""
select {_SCHOOL_VERSION} as school,
       (select coalesce(sum(g.version), 0)::bigint from core.teaching_group g
         where g.school_id = $1 and g.id = any($4::uuid[])) as groups,
       (select {_SEEN.replace("$9", "$5")} from core.diary_seen d
         where d.school_id = $1 and d.pupil_id = $2 and d.viewer_id = $3) as seen
"""

_KEPT: Final = """json_build_array(r.raw, r.terms, r.percent, r.mark, r.status, r.provisional,
           r.given_mark)"""

_WEEK: Final = f"""
with mine as (
  select g.id, g.version, g.layout, bool_or(g.year = $6 and m.from_date <= $5
           and (m.to_date is null or m.to_date >= $4)) as here
    from core.group_pupil m
    join core.teaching_group g on g.school_id = m.school_id and g.id = m.group_id
   where m.school_id = $1 and m.pupil_id = $2
   group by g.school_id, g.id
), seen as (
  select {_SEEN} as at
    from core.diary_seen d where d.school_id = $1 and d.pupil_id = $2 and d.viewer_id = $3
)
select json_build_object({_WHO}
  'versions', (
    select json_build_array({_SCHOOL_VERSION}, coalesce(sum(mine.version), 0),
           coalesce(json_agg(mine.id), '[]')) from mine),
  'groups', (
    select coalesce(json_agg(mine.id order by mine.id) filter (where mine.here), '[]') from mine),
  'layout', (select coalesce(sum(mine.layout) filter (where mine.here), 0) from mine),
  'since', (select seen.at from seen),
  'marks', (
    select coalesce(json_agg(json_build_array(w.id, w.group_id, w.lesson_id, w.kind, m.date,
        w.title,
           trim_scale(w.max_points)::text, trim_scale(m.points)::text, m.code,
               m.comment,
           m.changed_at > (select seen.at from seen) is true) order by m.date, w.position, w.id),
               '[]')
      from core.mark m join core.work w on w.school_id = m.school_id and w.id = m.work_id
     where m.school_id = $1 and m.pupil_id = $2 and m.date between $4 and $5
       and w.status = 'active'
       and (m.points is not null or m.code is not null or m.comment is not null)),
  'absences', (
    select coalesce(json_agg(json_build_array(a.lesson_id, a.code)), '[]')
      from core.absence a
     where a.school_id = $1 and a.pupil_id = $2 and a.date between $4 and $5 and a.code <> ''),
  'results', (
    select coalesce(json_agg(json_build_array(r.group_id, r.period, {_KEPT})), '[]')
      from core.period_result r
     where r.school_id = $1 and r.pupil_id = $2
       and r.period = any(array(
           select distinct on (left(p.code, 1)) p.code
             from core.period p
            where p.school_id = $1 and p.year = $6 and p.begins <= $5
            order by left(p.code, 1), p.begins desc))
       and r.group_id = any(array(select mine.id from mine where mine.here))),
  'news', (
    select coalesce(json_agg(json_build_array(n.group_id, n.date, n.kind, n.points, n.code,
        n.remark)
           order by n.date, n.kind), '[]')
      from (
        select w.group_id, m.date, w.kind, trim_scale(m.points)::text as points, m.code,
               m.comment is not null as remark
          from core.mark m join core.work w on w.school_id = m.school_id and w.id = m.work_id
         where m.school_id = $1 and m.pupil_id = $2 and m.date between $7::date - 21 and $7::date
           and m.changed_at > (select seen.at from seen) and w.status = 'active'
           and (m.points is not null or m.code is not null or m.comment is not null)
         order by m.changed_at desc limit 30) n)
)::text
"""

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
    tx: Tenant,
    viewer: Viewer,
    pupil: UUID,
    span: tuple[date, date],
    *,
    year: int,
    now: tuple[date, datetime],
    schools: list[int],
) -> DiaryWeek:
    """Read a week of a child's diary.

    Raises:
        Problem: 404 for whom it does not concern.
    """
    text = await tx.fetchval(
        _WEEK, tx.school_id, pupil, viewer.person, *span, year, now[0], schools, now[1]
    )
    own = _week.decode(text)
    _allow(viewer, pupil, (own.pupil, own.guardian, own.school_class))
    shared = await _shared_week(tx, own, span, year)
    return DiaryWeek(
        pupil=own.pupil,
        guardian=own.guardian,
        school_class=own.school_class,
        year=shared.year,
        since=own.since,
        groups=shared.groups,
        lessons=shared.lessons,
        marks=own.marks,
        absences=own.absences,
        results=own.results,
        periods=shared.periods,
        exceptions=shared.exceptions,
        news=own.news,
        schools=own.schools,
        versions=own.versions,
        drawn=shared.drawn,
    )


async def _shared_week(tx: Tenant, own: OwnWeek, span: tuple[date, date], year: int) -> SharedWeek:
    """Give what the week shows to everybody with these groups; read it where it is not kept.

    What is read after its key may be newer than the key says. Then nobody finds it by that key
    any more: versions only rise.
    """
    key = (tx.school_id, own.versions[0], own.layout, tuple(own.groups), *span, year)
    found = WEEKS.find(key)
    if found is None:
        text = await tx.fetchval(_SHARED, tx.school_id, own.groups, *span, year)
        found = _shared.decode(text)
        WEEKS.keep(key, found)
    return found


async def diary_versions(
    tx: Tenant, viewer: Viewer, pupil: UUID, groups: list[UUID], now: datetime
) -> tuple[int, int, datetime | None]:
    """Read how far the data of a diary have come: of the school, of ``groups``, the last look."""
    row = await tx.fetchrow(_NOW, tx.school_id, pupil, viewer.person, groups, now)
    assert row is not None
    return row["school"], row["groups"], row["seen"]


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
