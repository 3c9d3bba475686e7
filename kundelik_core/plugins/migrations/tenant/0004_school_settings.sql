-- How a school has set a module up: a history, the highest version is what counts.
create table core.school_plugin_settings (
  school_id integer     not null,
  plugin    text        not null,
  version   bigint      not null check (version > 0),
  options   jsonb       not null check (jsonb_typeof(options) = 'object'),
  set_at    timestamptz not null,
  set_by    uuid,
  primary key (school_id, plugin, version)
);

select core.tenant_table('core.school_plugin_settings', 'select, insert');
