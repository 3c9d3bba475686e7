-- Writes one cell with a mark, as core.save_cells does with many: the same transaction by itself, the same
-- versions, the same tables; see decision 0019. Nearly every save is one mark in a column that is there: then lists of
-- one take more time to be packed, unpacked and joined than what they hold takes to be written.
create function core.save_cell(
  school integer, grp uuid, held_version bigint, group_version bigint, at timestamptz, actor uuid, source text,
  work uuid, pupil uuid, day date, new_points numeric, new_code text, line uuid, old text, new text, reason text,
  result_period text, new_raw text, new_terms text, new_percent smallint, new_mark text, new_status text,
  new_provisional boolean
) returns boolean language plpgsql as $$
begin
  -- As the kernel says it: a SET reaches every node of a cluster.
  execute format('set local app.school_id = %s', school);
  -- Whoever had to wait for the row looks at its version again; without it nothing is written anywhere.
  with g as (
    update core.teaching_group as g set version = g.version + 1
     where g.school_id = school and g.id = grp and g.version = group_version
       and coalesce((select v.version from core.school_version v where v.school_id = school), 0) = held_version
    returning g.id
  ), m as (
    insert into core.mark as t (school_id, work_id, pupil_id, date, points, code, changed_at)
    select school, work, pupil, day, new_points, new_code, at from g
    on conflict (school_id, work_id, pupil_id) do update
       set points = excluded.points, code = excluded.code, changed_at = excluded.changed_at,
           version = t.version % 32767 + 1
  ), h as (
    insert into core.cell_history (school_id, column_id, pupil_id, id, field, at, actor_id, old, new, reason, source)
    select school, work, pupil, line, 'value', at, actor, old, new, reason, source from g
  )
  insert into core.period_result as t (school_id, pupil_id, group_id, period, raw, terms, percent, mark, status,
                                       provisional, computed_at)
  select school, pupil, grp, result_period, new_raw, new_terms::json, new_percent, new_mark, new_status,
         new_provisional, at from g
  on conflict (school_id, pupil_id, group_id, period) do update
     set raw = excluded.raw, terms = excluded.terms, percent = excluded.percent, mark = excluded.mark,
         status = excluded.status, provisional = excluded.provisional, computed_at = excluded.computed_at;
  return found;
end $$;

revoke all on function core.save_cell from public;

grant execute on function core.save_cell to kundelik_app;
