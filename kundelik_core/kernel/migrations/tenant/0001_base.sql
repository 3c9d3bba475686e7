-- Helpers that every later migration of the tenant database calls (scale.md 4, rules 7, 8 and 15).

create function core.tenant_table(t regclass, rights text default 'select, insert, update, delete')
returns void language plpgsql as $$
begin
  execute format('alter table %s enable row level security', t);
  execute format(
    'create policy tenant on %s '
    'using (school_id = nullif(current_setting(''app.school_id'', true), '''')::int) '
    'with check (school_id = nullif(current_setting(''app.school_id'', true), '''')::int)', t);
  execute format('grant %s on %s to kundelik_app', rights, t);
  -- A partition follows its parent when the table is distributed.
  if exists (select 1 from pg_extension where extname = 'citus')
     and not (select relispartition from pg_class where oid = t) then
    execute format('select create_distributed_table(%L, ''school_id'')', t);
  end if;
end $$;

create function core.reference_table(t regclass) returns void language plpgsql as $$
begin
  execute format('grant select on %s to kundelik_app', t);
  if exists (select 1 from pg_extension where extname = 'citus') then
    execute format('select create_reference_table(%L)', t);
  end if;
end $$;

-- Who did what to anything that is not a journal cell (cells keep their own history).
create table core.audit_log (
  school_id  integer     not null,
  at         timestamptz not null,
  id         uuid        not null,
  account_id uuid,
  person_id  uuid,
  action     text        not null,
  entity     text        not null,
  entity_id  text        not null,
  before     jsonb,
  after      jsonb,
  reason     text,
  primary key (school_id, at, id)
) partition by range (at);

create table core.audit_log_rest partition of core.audit_log default;

select core.tenant_table('core.audit_log', 'select, insert');

-- Nobody is granted a partition: its parent's policy does not reach a direct query.
alter table core.audit_log_rest enable row level security;

-- Months are cut ahead of time by every `kundelik migrate`; what falls outside lands in the default partition.
create function core.cut_audit_months(first date, months int) returns void language plpgsql as $$
declare m date;
begin
  for i in 0 .. months - 1 loop
    m := (date_trunc('month', first) + make_interval(months => i))::date;
    if to_regclass('core.audit_log_' || to_char(m, 'YYYYMM')) is null then
      execute format('create table core.audit_log_%s partition of core.audit_log for values from (%L) to (%L)',
                     to_char(m, 'YYYYMM'), m, (m + interval '1 month')::date);
      execute format('alter table core.audit_log_%s enable row level security', to_char(m, 'YYYYMM'));
    end if;
  end loop;
end $$;
