-- Who a diary is of, who may read it and what the tabs say are the same as long as the school's version is: they are not
-- read again for whoever has them of that version. The rest is as it was; see decision 0022.
-- The one with an argument less stays for workers of the release before, until they are gone.
create function core.diary_week(
  school integer, child uuid, viewer uuid, first_day date, last_day date, school_year smallint, today date,
  moment timestamptz, tabs integer[], kept_school bigint, kept_groups bigint, kept_since timestamptz, kept_who bigint
) returns text language plpgsql as $$
declare
  school_version bigint;
  group_versions bigint;
  layouts bigint;
  members uuid[];
  since timestamptz;
begin
  -- As the kernel says it: a SET reaches every node of a cluster.
  execute format('set local app.school_id = %s', school);
  -- A visit of half an hour counts as one: what came in the meantime stays new.
  select coalesce((select v.version from core.school_version v where v.school_id = school), 0),
         (select case when d.seen_at < moment - interval '30 minutes' then d.seen_at else d.before_at end
            from core.diary_seen d where d.school_id = school and d.pupil_id = child and d.viewer_id = viewer),
         coalesce(sum(g.version), 0),
         coalesce(sum(g.layout) filter (where m.here and g.year = school_year), 0),
         coalesce(array_agg(g.id order by g.id) filter (where m.here and g.year = school_year), '{}')
    into school_version, since, group_versions, layouts, members
    from (select p.group_id,
                 bool_or(p.from_date <= last_day and (p.to_date is null or p.to_date >= first_day)) as here
            from core.group_pupil p where p.school_id = school and p.pupil_id = child
           group by p.group_id) m
    join core.teaching_group g on g.school_id = school and g.id = m.group_id;
  if school_version = kept_school and group_versions = kept_groups and since is not distinct from kept_since then
    return null;
  end if;
  return (select json_build_object(
    'who', case when school_version is distinct from kept_who then json_build_object(
      'pupil', (
        select json_build_array(n.surname, n.given) from core.person n
         where n.school_id = school and n.id = child and n.status <> 'erased'),
      'guardian', exists (
        select from core.guardianship k
         where k.school_id = school and k.pupil_id = child and k.guardian_id = viewer and k.from_date <= today
           and (k.to_date is null or k.to_date >= today)),
      'school_class', (
        select json_build_array(c.grade, c.letter, c.homeroom_id)
          from core.class_pupil p
          join core.school_class c on c.school_id = p.school_id and c.id = p.class_id
         where p.school_id = school and p.pupil_id = child and c.year = school_year
         order by (p.from_date <= last_day) desc, p.from_date desc limit 1),
      'schools', (
        select coalesce(json_agg(json_build_array(s.id, json_build_array(s.title_kk, s.title_ru, s.title_en))), '[]')
          from core.school s where s.id = any(tabs))) end,
    'versions', json_build_array(school_version, group_versions),
    'groups', members,
    'layout', layouts,
    'since', since,
    'marks', (
      select coalesce(json_agg(json_build_array(m.work_id, m.date, trim_scale(m.points)::text, m.code, m.comment,
             m.changed_at > since is true)), '[]')
        from core.mark m
       where m.school_id = school and m.pupil_id = child and m.date between first_day and last_day
         and (m.points is not null or m.code is not null or m.comment is not null)),
    'absences', (
      select coalesce(json_agg(json_build_array(a.lesson_id, a.code)), '[]')
        from core.absence a
       where a.school_id = school and a.pupil_id = child and a.date between first_day and last_day
         and a.code <> ''),
    'results', (
      select coalesce(json_agg(json_build_array(r.group_id, r.period, json_build_array(r.raw, r.terms, r.percent,
             r.mark, r.status, r.provisional, r.given_mark))), '[]')
        from core.period_result r
       where r.school_id = school and r.pupil_id = child
         -- Not a condition for an index: the planner would else go through the results of whole classes.
         and (r.group_id = any(members)) is true
         and r.period = any(array(
             select distinct on (left(p.code, 1)) p.code
               from core.period p
              where p.school_id = school and p.year = school_year and p.begins <= last_day
              order by left(p.code, 1), p.begins desc))),
    'news', case when since is null then '[]' else (
      select coalesce(json_agg(json_build_array(n.group_id, n.date, n.kind, n.points, n.code, n.remark)
             order by n.date, n.kind), '[]')
        from (
          select w.group_id, m.date, w.kind, trim_scale(m.points)::text as points, m.code,
                 m.comment is not null as remark
            from core.mark m join core.work w on w.school_id = m.school_id and w.id = m.work_id
           where m.school_id = school and m.pupil_id = child and m.date between today - 21 and today
             and m.changed_at > since and w.status = 'active'
             and (m.points is not null or m.code is not null or m.comment is not null)
           order by m.changed_at desc limit 30) n) end
  )::text);
end $$;

revoke all on function core.diary_week(
  integer, uuid, uuid, date, date, smallint, date, timestamptz, integer[], bigint, bigint, timestamptz, bigint
) from public;

grant execute on function core.diary_week(
  integer, uuid, uuid, date, date, smallint, date, timestamptz, integer[], bigint, bigint, timestamptz, bigint
) to kundelik_app;
