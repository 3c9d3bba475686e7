"""The two large statements of the journal: its page, and all that a save has to know."""

from typing import Final

__all__ = ["LAST_WRITERS", "PAGE", "SAVE_STATE", "VERSIONS", "WHOLE_STATE"]

VERSIONS: Final = """
select coalesce((select v.version from core.school_version v where v.school_id = $1), 0) as school,
       g.version as group
  from core.teaching_group g where g.school_id = $1 and g.id = $2
"""

PAGE: Final = """
with g as (
  select g.id, g.year, g.grade, g.status, g.scheme_code, g.scheme_version, g.period_kind, g.title,
         g.room, g.subject_id, g.version
    from core.teaching_group g where g.school_id = $1 and g.id = $2
), ps as (
  select p.code, p.begins, p.ends, p.state
    from core.period p join g on p.year = g.year and left(p.code, 1) = left(g.period_kind, 1)
   where p.school_id = $1
), p as (
  select ps.code, ps.begins, ps.ends from ps
   where $3 = '' or ps.code = $3
   order by (ps.begins <= $4) desc, abs(ps.begins - $4) limit 1
), w as (
  select w.id, w.lesson_id, w.kind, w.date, w.title, w.max_points, w.position,
         row_number() over (order by w.date, w.position, w.id) as n
    from core.work w
   where w.school_id = $1 and w.group_id = $2 and w.status = 'active'
     and w.date between (select p.begins from p) and (select p.ends from p)
), l as (
  select l.id, l.date, l.slot, l.topic, l.homework, l.status
    from core.lesson l
   where l.school_id = $1 and l.group_id = $2
     and l.date between (select p.begins from p) and (select p.ends from p)
)
select json_build_object(
  'versions', json_build_array(
    coalesce((select v.version from core.school_version v where v.school_id = $1), 0),
    coalesce((select g.version from g), 0)),
  'group', (
    select json_build_array(g.id, g.year, g.grade, g.status, g.scheme_code, g.scheme_version,
           g.period_kind, g.title, g.room, s.code, json_build_array(s.title_kk, s.title_ru,
               s.title_en))
      from g join core.subject s on s.school_id = $1 and s.id = g.subject_id),
  'periods', (
    select coalesce(json_agg(json_build_array(ps.code, ps.begins, ps.ends, ps.state)
           order by ps.begins), '[]') from ps),
  'period', (select p.code from p),
  'teachers', (
    select coalesce(json_agg(json_build_array(t.teacher_id, t.from_date, t.to_date,
        t.substitute)), '[]')
      from core.group_teacher t where t.school_id = $1 and t.group_id = $2),
  'homerooms', (
    select coalesce(json_agg(c.homeroom_id) filter (where c.homeroom_id is not null), '[]')
      from core.group_class gc
      join core.school_class c on c.school_id = gc.school_id and c.id = gc.class_id
     where gc.school_id = $1 and gc.group_id = $2),
  'others', (
    select coalesce(json_agg(json_build_array(o.id, o.title, json_build_array(s.title_kk,
           s.title_ru, s.title_en)) order by o.grade, o.title, s.code), '[]')
      from core.group_teacher t
      join core.teaching_group o on o.school_id = t.school_id and o.id = t.group_id
      join core.subject s on s.school_id = o.school_id and s.id = o.subject_id
     where t.school_id = $1 and t.teacher_id = $5 and t.from_date <= $4
       and (t.to_date is null or t.to_date >= $4)
       and o.year = (select g.year from g) and o.status = 'active'),
  'pupils', (
    select coalesce(json_agg(json_build_array(n.id, n.surname, n.given, m.from_date, m.to_date)
           order by n.sort_key, n.id, m.from_date), '[]')
      from core.group_pupil m
      join core.person n on n.school_id = m.school_id and n.id = m.pupil_id
     where m.school_id = $1 and m.group_id = $2
       and m.from_date <= (select p.ends from p)
       and (m.to_date is null or m.to_date >= (select p.begins from p))),
  'lessons', (
    select coalesce(json_agg(json_build_array(l.id, l.date, l.slot, l.topic, l.homework, l.status)
           order by l.date, l.slot), '[]') from l),
  'after', (
    select json_build_array(l.id, l.date, l.slot, l.topic, l.homework, l.status)
      from core.lesson l
     where l.school_id = $1 and l.group_id = $2 and l.date > (select p.ends from p)
       and l.status <> 'cancelled'
     order by l.date, l.slot limit 1),
  'works', (
    select coalesce(json_agg(case when w.id = w.lesson_id then json_build_array(w.id)
           else json_build_array(w.id, w.lesson_id, w.kind, w.date, w.title,
                trim_scale(w.max_points)::text, w.position) end order by w.n), '[]') from w),
  'marks', (
    select coalesce(json_agg(json_build_array(x.pupil_id, x.works, x.given, x.noted)), '[]')
      from (
        select k.pupil_id, array_agg(w.n - 1) as works,
               array_agg(coalesce(trim_scale(k.points)::text, k.code)) as given,
               array_agg(w.n - 1) filter (where k.comment is not null) as noted
          from w join core.mark k on k.work_id = w.id
         where k.school_id = $1
           and (k.points is not null or k.code is not null or k.comment is not null)
         group by k.pupil_id) x),
  'absences', (
    select coalesce(json_agg(json_build_array(a.lesson_id, a.pupil_id, a.code)), '[]')
      from l join core.absence a on a.lesson_id = l.id where a.school_id = $1 and a.code <> ''),
  'results', (
    select coalesce(json_agg(json_build_array(r.pupil_id, json_build_array(r.raw, r.terms,
        r.percent,
           r.mark, r.status, r.provisional, r.given_mark))), '[]')
      from core.period_result r
     where r.school_id = $1 and r.group_id = $2 and r.period = (select p.code from p))
)::text
"""

# All that these columns ($3) depend on; what is only asked about some pupils stands for itself.
_STATE: Final = """
with g as (
  select g.id, g.year, g.grade, g.status, g.scheme_code, g.scheme_version, g.period_kind, g.title,
      g.room, g.version
    from core.teaching_group g where g.school_id = $1 and g.id = $2
), cw as (
  select w.id, w.lesson_id, w.kind, w.date, w.max_points, w.status
    from core.work w where w.school_id = $1 and w.group_id = $2 and w.id = any($3::uuid[])
), cl as (
  select l.id, l.date, l.status
    from core.lesson l where l.school_id = $1 and l.group_id = $2 and l.id = any($3::uuid[])
), p as (
  select p.code, p.begins, p.ends, p.state
    from core.period p join g on p.year = g.year and left(p.code, 1) = left(g.period_kind, 1)
   where p.school_id = $1
     and (exists (select from cw where cw.date between p.begins and p.ends)
          or exists (select from cl where cl.date between p.begins and p.ends))
), w as (
  select w.id, w.lesson_id, w.kind, w.date, w.max_points, w.status, row_number() over () as n
    from core.work w
   where w.school_id = $1 and w.group_id = $2
     and w.date between (select min(p.begins) from p) and (select max(p.ends) from p)
), x as (
  select x.column_id, x.pupil_id, x.id from unnest($4::uuid[], $5::uuid[],
      $6::uuid[]) x(column_id, pupil_id, id)
)
select json_build_object(
  'versions', json_build_array(
    coalesce((select v.version from core.school_version v where v.school_id = $1), 0),
    coalesce((select g.version from g), 0)),
  'group', (
    select json_build_array(g.id, g.year, g.grade, g.status, g.scheme_code, g.scheme_version,
           g.period_kind, g.title, g.room, '', json_build_array('', '', '')) from g),
  'teachers', (
    select coalesce(json_agg(json_build_array(t.teacher_id, t.from_date, t.to_date,
        t.substitute)), '[]')
      from core.group_teacher t where t.school_id = $1 and t.group_id = $2),
  'homerooms', (
    select coalesce(json_agg(c.homeroom_id) filter (where c.homeroom_id is not null), '[]')
      from core.group_class gc
      join core.school_class c on c.school_id = gc.school_id and c.id = gc.class_id
     where gc.school_id = $1 and gc.group_id = $2),
  'periods', (
    select coalesce(json_agg(json_build_array(p.code, p.begins, p.ends, p.state)), '[]') from p),
  'columns', (
    select coalesce(json_agg(json_build_array(cw.id, cw.lesson_id, cw.kind, cw.date,
        cw.max_points::text,
           cw.status)), '[]') from cw),
  'works', (
    select coalesce(json_agg(json_build_array(w.id, w.lesson_id, w.kind, w.date, w.max_points::text,
           w.status) order by w.n), '[]') from w),
  'known', (
    select coalesce(json_agg(json_build_array(h.column_id, h.pupil_id, h.id)), '[]')
      from x join core.cell_history h
        on h.column_id = x.column_id and h.pupil_id = x.pupil_id and h.id = x.id
     where h.school_id = $1),
"""

SAVE_STATE: Final = f"""{_STATE}
  'lessons', (
    select coalesce(json_agg(json_build_array(cl.id, cl.date, cl.status)), '[]') from cl),
  'members', (
    select coalesce(json_agg(json_build_array(m.pupil_id, m.from_date, m.to_date)), '[]')
      from core.group_pupil m
     where m.school_id = $1 and m.group_id = $2 and m.pupil_id = any($7::uuid[])),
  'marks', (
    select coalesce(json_agg(json_build_array(m.work_id, m.pupil_id, trim_scale(m.points)::text,
        m.code)), '[]')
      from w join core.mark m on m.work_id = w.id
     where m.school_id = $1 and m.pupil_id = any($7::uuid[])
       and (m.points is not null or m.code is not null)),
  'absences', (
    select coalesce(json_agg(json_build_array(a.lesson_id, a.pupil_id, a.code)), '[]')
      from core.absence a
     where a.school_id = $1 and a.pupil_id = any($7::uuid[]) and a.code <> ''
       and a.date between (select min(p.begins) from p) and (select max(p.ends) from p)
       and (a.lesson_id = any($3::uuid[]) or a.lesson_id in (select w.lesson_id from w))),
  'given', (
    select coalesce(json_agg(json_build_array(r.pupil_id, r.period, r.given_mark)), '[]')
      from core.period_result r
     where r.school_id = $1 and r.group_id = $2 and r.pupil_id = any($7::uuid[])
       and r.given_mark is not null and r.period in (select p.code from p))
)::text
"""

# The same of all pupils and all lessons of the period, for the saves that follow.
WHOLE_STATE: Final = f"""{_STATE}
  'lessons', (
    select coalesce(json_agg(json_build_array(l.id, l.date, l.status)), '[]')
      from core.lesson l
     where l.school_id = $1 and l.group_id = $2
       and (l.date between (select min(p.begins) from p) and (select max(p.ends) from p)
            or l.id = any($3::uuid[]))),
  'members', (
    select coalesce(json_agg(json_build_array(m.pupil_id, m.from_date, m.to_date)), '[]')
      from core.group_pupil m where m.school_id = $1 and m.group_id = $2),
  'marks', (
    select coalesce(json_agg(json_build_array(k.pupil_id, k.works, k.given)), '[]')
      from (
        select m.pupil_id, array_agg(w.n - 1) as works,
               array_agg(coalesce(trim_scale(m.points)::text, m.code)) as given
          from w join core.mark m on m.work_id = w.id
         where m.school_id = $1 and (m.points is not null or m.code is not null)
         group by m.pupil_id) k),
  'absences', (
    select coalesce(json_agg(json_build_array(a.lesson_id, a.pupil_id, a.code)), '[]')
      from core.lesson l join core.absence a on a.lesson_id = l.id
     where l.school_id = $1 and a.school_id = $1 and l.group_id = $2 and a.code <> ''
       and l.date between (select min(p.begins) from p) and (select max(p.ends) from p)),
  'given', (
    select coalesce(json_agg(json_build_array(r.pupil_id, r.period, r.given_mark)), '[]')
      from core.period_result r
     where r.school_id = $1 and r.group_id = $2 and r.given_mark is not null
       and r.period in (select p.code from p))
)::text
"""

LAST_WRITERS: Final = """
select x.column_id, x.pupil_id, h.at, concat_ws(' ', n.surname, n.given) as by
  from unnest($2::uuid[], $3::uuid[]) x(column_id, pupil_id)
 cross join lateral (
       select h.at, h.actor_id from core.cell_history h
        where h.school_id = $1 and h.column_id = x.column_id and h.pupil_id = x.pupil_id
          and h.field = 'value'
        order by h.at desc limit 1) h
  left join core.person n on n.school_id = $1 and n.id = h.actor_id
"""
