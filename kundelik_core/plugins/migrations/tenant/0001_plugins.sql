-- Which modules a school has switched on: a history, not a list. Open row (off_at is null) = on.
create table core.school_plugin (
  school_id integer     not null,
  plugin    text        not null,
  on_at     timestamptz not null,
  on_by     uuid,
  off_at    timestamptz,
  off_by    uuid,
  primary key (school_id, plugin, on_at)
);

select core.tenant_table('core.school_plugin', 'select, insert, update');
