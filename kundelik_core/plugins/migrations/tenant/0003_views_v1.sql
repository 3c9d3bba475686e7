-- The data API of plugins, version 1. A view may get more columns at its end; anything else is a view of version 2
-- beside it. No IIN in any of them; birth dates and contacts only in views of their own.
-- The school comes first, from the signed context, evaluated once per statement. security_barrier keeps a plugin's
-- conditions above it unless their operators are leakproof; comparisons of ids, numbers and dates are, LIKE is not.

create view core_api.student_v1 with (security_barrier) as
select p.school_id, p.id as student_id, p.surname as family_name, p.given as given_name,
       p.patronymic as middle_name, p.sort_key, c.class_id, c.grade, c.letter as class_letter, p.status
  from core.person p
  left join lateral (
         select k.id as class_id, k.grade, k.letter
           from core.class_pupil cp
           join core.school_class k on k.school_id = cp.school_id and k.id = cp.class_id
           join core.school s on s.id = cp.school_id
          where cp.school_id = p.school_id and cp.pupil_id = p.id
            and cp.from_date <= (now() at time zone s.time_zone)::date
            and (cp.to_date is null or cp.to_date >= (now() at time zone s.time_zone)::date)
          order by cp.from_date desc limit 1) c on true
 where p.school_id = (select core_api.current_school()) and p.status <> 'erased'
   and exists (select from core.membership m
                where m.school_id = p.school_id and m.person_id = p.id and m.role = 'pupil');

create view core_api.student_birth_date_v1 with (security_barrier) as
select p.school_id, p.id as student_id, p.birth_date
  from core.person p
 where p.school_id = (select core_api.current_school()) and p.status <> 'erased'
   and exists (select from core.membership m
                where m.school_id = p.school_id and m.person_id = p.id and m.role = 'pupil');

create view core_api.student_contact_v1 with (security_barrier) as
select p.school_id, p.id as student_id, p.phone, p.email
  from core.person p
 where p.school_id = (select core_api.current_school()) and p.status <> 'erased'
   and exists (select from core.membership m
                where m.school_id = p.school_id and m.person_id = p.id and m.role = 'pupil');

create view core_api.guardian_v1 with (security_barrier) as
select g.school_id, g.guardian_id, g.pupil_id as student_id, g.relation, p.surname as family_name,
       p.given as given_name, p.patronymic as middle_name, g.from_date as begin_date, g.to_date as end_date
  from core.guardianship g
  join core.person p on p.school_id = g.school_id and p.id = g.guardian_id
 where g.school_id = (select core_api.current_school()) and p.status <> 'erased';

create view core_api.staff_v1 with (security_barrier) as
select p.school_id, p.id as staff_id, p.surname as family_name, p.given as given_name,
       p.patronymic as middle_name, p.sort_key, m.roles
  from core.person p
  cross join lateral (
         select array_agg(distinct m.role order by m.role) as roles
           from core.membership m
           join core.school s on s.id = m.school_id
          where m.school_id = p.school_id and m.person_id = p.id and m.role not in ('pupil', 'parent')
            and m.from_date <= (now() at time zone s.time_zone)::date
            and (m.to_date is null or m.to_date >= (now() at time zone s.time_zone)::date)) m
 where p.school_id = (select core_api.current_school()) and p.status <> 'erased' and m.roles is not null;

create view core_api.class_v1 with (security_barrier) as
select c.school_id, c.id as class_id, c.year as school_year, c.grade, c.letter, c.language, c.shift,
       c.homeroom_id as homeroom_staff_id
  from core.school_class c
 where c.school_id = (select core_api.current_school());

create view core_api.group_v1 with (security_barrier) as
select g.school_id, g.id as group_id, g.year as school_year, g.title, g.grade, g.subject_id,
       s.code as subject_code, s.title_kk as subject_kk, s.title_ru as subject_ru, s.title_en as subject_en,
       g.scheme_code, g.scheme_version, g.period_kind, g.hours_per_week, g.room, g.status,
       array(select gc.class_id from core.group_class gc
              where gc.school_id = g.school_id and gc.group_id = g.id order by gc.class_id) as class_ids
  from core.teaching_group g
  join core.subject s on s.school_id = g.school_id and s.id = g.subject_id
 where g.school_id = (select core_api.current_school());

create view core_api.teaching_v1 with (security_barrier) as
select t.school_id, t.group_id, t.teacher_id as staff_id, t.substitute, t.from_date as begin_date, t.to_date as end_date
  from core.group_teacher t
 where t.school_id = (select core_api.current_school());

create view core_api.enrolment_v1 with (security_barrier) as
select e.school_id, e.pupil_id as student_id, 'class' as kind, e.class_id, null::uuid as group_id,
       e.from_date as begin_date, e.to_date as end_date
  from core.class_pupil e
 where e.school_id = (select core_api.current_school())
union all
select e.school_id, e.pupil_id, 'group', null::uuid, e.group_id, e.from_date, e.to_date
  from core.group_pupil e
 where e.school_id = (select core_api.current_school());

create view core_api.period_v1 with (security_barrier) as
select p.school_id, p.year as school_year, p.code as period, p.begins as begin_date, p.ends as end_date, p.state
  from core.period p
 where p.school_id = (select core_api.current_school());

create view core_api.lesson_v1 with (security_barrier) as
select l.school_id, l.id as lesson_id, l.group_id, l.date, l.slot, l.begins, l.ends, l.teacher_id as staff_id, l.room,
       l.topic, l.homework, l.status
  from core.lesson l
 where l.school_id = (select core_api.current_school());

-- A mark that was taken back is not there; comments are the teacher's words to the family and stay in the core.
create view core_api.mark_v1 with (security_barrier) as
select m.school_id, m.pupil_id as student_id, m.work_id, w.group_id, w.lesson_id, w.kind, w.title, m.date, m.points,
       w.max_points, m.code, m.version, m.changed_at
  from core.mark m
  join core.work w on w.school_id = m.school_id and w.id = m.work_id
 where m.school_id = (select core_api.current_school()) and w.status = 'active'
   and (m.points is not null or m.code is not null);

-- mark is what counts: what the school gave instead, where it did, or else what the scheme makes of the works.
create view core_api.result_v1 with (security_barrier) as
select r.school_id, r.pupil_id as student_id, r.group_id, r.period, r.percent, coalesce(r.given_mark, r.mark) as mark,
       r.mark as computed_mark, r.status, r.provisional, r.computed_at
  from core.period_result r
 where r.school_id = (select core_api.current_school());

create view core_api.attendance_v1 with (security_barrier) as
select a.school_id, a.pupil_id as student_id, a.lesson_id, a.date, a.code, a.version, a.changed_at
  from core.absence a
 where a.school_id = (select core_api.current_school()) and a.code <> '';

-- The scope of each view, for whoever grants it.
comment on view core_api.student_v1 is 'student.v1';

comment on view core_api.student_birth_date_v1 is 'student.birth_date.v1';

comment on view core_api.student_contact_v1 is 'student.contact.v1';

comment on view core_api.guardian_v1 is 'guardian.v1';

comment on view core_api.staff_v1 is 'staff.v1';

comment on view core_api.class_v1 is 'class.v1';

comment on view core_api.group_v1 is 'group.v1';

comment on view core_api.teaching_v1 is 'teaching.v1';

comment on view core_api.enrolment_v1 is 'enrolment.v1';

comment on view core_api.period_v1 is 'period.v1';

comment on view core_api.lesson_v1 is 'lesson.v1';

comment on view core_api.mark_v1 is 'mark.v1';

comment on view core_api.result_v1 is 'result.v1';

comment on view core_api.attendance_v1 is 'attendance.v1';
