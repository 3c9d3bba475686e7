-- Writes what a batch of cells comes to, in one message: columns, marks, absences, history, results; see decision
-- 0019. With versions, those of the school and of the group that the caller has decided by, it is a transaction by
-- itself: it binds itself to the school, and writes nothing when either is another one by now. Without them the
-- caller's transaction is bound and holds the group's lock.
create function core.save_cells(
  school integer, grp uuid, versions bigint[], at timestamptz, actor uuid, source text,
  mark_works uuid[], mark_pupils uuid[], mark_dates date[], mark_points numeric[], mark_codes text[],
  cell_columns uuid[], cell_pupils uuid[], cell_ids uuid[], olds text[], news text[], reasons text[],
  pupils uuid[], periods text[], raws text[], all_terms text[], percents smallint[], marks text[],
  statuses text[], provisionals boolean[],
  works uuid[] default '{}', work_kinds text[] default '{}', work_dates date[] default '{}',
  away_lessons uuid[] default '{}', away_pupils uuid[] default '{}', away_dates date[] default '{}',
  away_codes text[] default '{}'
) returns boolean language plpgsql as $$
begin
  if versions is not null then
    -- As the kernel says it: a SET reaches every node of a cluster.
    execute format('set local app.school_id = %s', school);
    -- Whoever had to wait for the row looks at its version again.
    update core.teaching_group as g set version = g.version + 1
     where g.school_id = school and g.id = grp and g.version = versions[2]
       and coalesce((select v.version from core.school_version v where v.school_id = school), 0) = versions[1];
    if not found then
      return false;
    end if;
  end if;
  if cardinality(works) > 0 then
    insert into core.work (school_id, id, group_id, lesson_id, kind, date)
    select school, x.id, grp, x.id, x.kind, x.date from unnest(works, work_kinds, work_dates) as x(id, kind, date)
    on conflict (school_id, id) do nothing;
  end if;
  if cardinality(mark_works) > 0 then
    insert into core.mark as t (school_id, work_id, pupil_id, date, points, code, changed_at)
    select school, x.work_id, x.pupil_id, x.date, x.points, x.code, at
      from unnest(mark_works, mark_pupils, mark_dates, mark_points, mark_codes)
        as x(work_id, pupil_id, date, points, code)
    on conflict (school_id, work_id, pupil_id) do update
       set points = excluded.points, code = excluded.code, changed_at = excluded.changed_at,
           version = t.version % 32767 + 1;
  end if;
  if cardinality(away_lessons) > 0 then
    insert into core.absence as t (school_id, lesson_id, pupil_id, date, code, changed_at)
    select school, x.lesson_id, x.pupil_id, x.date, x.code, at
      from unnest(away_lessons, away_pupils, away_dates, away_codes) as x(lesson_id, pupil_id, date, code)
    on conflict (school_id, lesson_id, pupil_id) do update
       set code = excluded.code, changed_at = excluded.changed_at, version = t.version % 32767 + 1;
  end if;
  insert into core.cell_history (school_id, column_id, pupil_id, id, field, at, actor_id, old, new, reason, source)
  select school, x.column_id, x.pupil_id, x.id, 'value', at, actor, x.old, x.new, x.reason, source
    from unnest(cell_columns, cell_pupils, cell_ids, olds, news, reasons)
      as x(column_id, pupil_id, id, old, new, reason);
  if cardinality(pupils) > 0 then
    insert into core.period_result as t (school_id, pupil_id, group_id, period, raw, terms, percent, mark, status,
                                         provisional, computed_at)
    select school, x.pupil_id, grp, x.period, x.raw, x.terms::json, x.percent, x.mark, x.status, x.provisional, at
      from unnest(pupils, periods, raws, all_terms, percents, marks, statuses, provisionals)
        as x(pupil_id, period, raw, terms, percent, mark, status, provisional)
    on conflict (school_id, pupil_id, group_id, period) do update
       set raw = excluded.raw, terms = excluded.terms, percent = excluded.percent, mark = excluded.mark,
           status = excluded.status, provisional = excluded.provisional, computed_at = excluded.computed_at;
  end if;
  return true;
end $$;

revoke all on function core.save_cells from public;

grant execute on function core.save_cells to kundelik_app;
