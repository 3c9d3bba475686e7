-- Everything that is counted in thousands: lessons, works, marks, absences, results. Structure (schools, people,
-- groups) is there already; bench_slot says which group has lesson `slot` on which weekday.

create function pg_temp.k(kind int, school int, n bigint) returns uuid language sql immutable as $$
  select ('0199' || lpad(to_hex(kind), 2, '0') || lpad(to_hex(n), 6, '0') || '7000' || '8000' ||
          substr(md5(kind || '.' || school || '.' || n), 1, 12))::uuid $$;

insert into core.lesson (school_id, id, group_id, date, slot, begins, ends, teacher_id, room, topic, homework, status)
select x.school_id, pg_temp.k(1, x.school_id, x.n), x.group_id, x.date, x.slot,
       time '08:00' + (x.slot - 1) * interval '50 minutes', time '08:45' + (x.slot - 1) * interval '50 minutes',
       x.teacher_id, (100 + x.slot * 7)::text,
       case when x.date > $1::date + 6 then '' else
         ($2::text[])[1 + (x.h % 21)] || ': ' || ($3::text[])[1 + (x.h / 21 % 13)] end,
       case when x.h % 10 < 3 then '' else ($4::text[])[1 + (x.h % 11)] || ' ' || x.h % 200 || ', ' || x.h % 97 end,
       case when x.date > $1::date + 6 then 'planned' else 'held' end
  from (select s.*, d.date, row_number() over (partition by s.school_id order by d.date, s.slot, s.group_id) as n,
               abs(hashtext(s.group_id::text || d.date || s.slot)::bigint) as h
          from bench_slot s
          join (select $1::date + 7 * w + wd as date, wd
                  from generate_series(-15, 3) w, generate_series(0, 4) wd
                 where w <> 1 and (w <> -7 or wd >= 3)) d on d.wd = s.weekday) x;

insert into core.work (school_id, id, group_id, lesson_id, kind, date)
select l.school_id, l.id, l.group_id, l.id, 'fo', l.date from core.lesson l where l.date <= $1::date + 6;

-- Two SORs and a SOCH in each quarter, on days with a lesson of the group.
insert into core.work (school_id, id, group_id, lesson_id, kind, date, title, max_points, position)
select x.school_id, pg_temp.k(2, x.school_id, row_number() over (partition by x.school_id order by x.date, x.id)),
       x.group_id, x.id, case when x.r = 5 * x.last / 6 then 'soch' else 'sor' end, x.date, '',
       case when x.r = 5 * x.last / 6 then 25 else 15 end, 1
  from (select l.*, row_number() over g as r, count(*) over (partition by l.school_id, l.group_id, l.date > $1::date - 48) as last
          from core.lesson l where l.date <= $1::date + 6
        window g as (partition by l.school_id, l.group_id, l.date > $1::date - 48 order by l.date, l.slot)) x
 where x.r in (x.last / 3, 2 * x.last / 3, 5 * x.last / 6);

insert into core.mark (school_id, work_id, pupil_id, date, points, changed_at)
select w.school_id, w.id, m.pupil_id, w.date,
       case w.kind when 'fo' then 4 + floor(random() * 7) when 'sor' then 6 + floor(random() * 10)
            else 10 + floor(random() * 16) end,
       w.date + time '13:00' + random() * interval '1 hour'
  from core.work w join core.group_pupil m on m.school_id = w.school_id and m.group_id = w.group_id
 where w.kind <> 'fo' or random() < 0.43;

insert into core.absence (school_id, lesson_id, pupil_id, date, code, changed_at)
select l.school_id, l.id, m.pupil_id, l.date,
       (array['absent_unexcused', 'absent_excused', 'absent_ill', 'absent_ill', 'late'])[1 + floor(random() * 5)],
       l.date + time '13:00'
  from core.lesson l join core.group_pupil m on m.school_id = l.school_id and m.group_id = l.group_id
 where l.date <= $1::date + 6 and random() < 0.03;

insert into core.cell_history (school_id, column_id, pupil_id, id, field, at, actor_id, old, new, source)
select m.school_id, m.work_id, m.pupil_id, pg_temp.k(3, m.school_id, row_number() over ()), 'value', m.changed_at,
       s.teacher_id, '', trim_scale(m.points)::text, 'bench'
  from core.mark m join core.work w on w.school_id = m.school_id and w.id = m.work_id
  join (select distinct school_id, group_id, teacher_id from bench_slot) s
    on s.school_id = w.school_id and s.group_id = w.group_id
 where w.date > $1::date - 48 and s.group_id in (select j.group_id from bench_journal j);

insert into core.period_result (school_id, pupil_id, group_id, period, raw, terms, percent, mark, status, provisional,
                                computed_at)
select m.school_id, m.pupil_id, m.group_id, p.code, r.raw, r.terms::json, r.percent, r.mark, r.status, r.provisional,
       $1::date + time '13:00'
  from core.group_pupil m cross join (values ('q1'), ('q2')) p(code)
  join bench_result r on r.n = abs(hashtext(m.pupil_id::text || m.group_id || p.code)::bigint) % $5::int;
