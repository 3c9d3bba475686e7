-- Who has taken a module that everybody decides on for themselves: a history. Open row (off_at is null) = taken.
create table core.plugin_taker (
  school_id integer     not null,
  plugin    text        not null,
  person_id uuid        not null,
  on_at     timestamptz not null,
  off_at    timestamptz,
  primary key (school_id, plugin, person_id, on_at)
);

select core.tenant_table('core.plugin_taker', 'select, insert, update');

alter table core.plugin_taker add foreign key (school_id, person_id) references core.person (school_id, id);

create index plugin_taker_person on core.plugin_taker (school_id, person_id);
