-- What the operator decided about each plugin, for the whole installation. Only the owner writes here: a server that
-- was broken into cannot approve anything. A plugin that nobody decided about has no row.
create table directory.plugin (
  name        text primary key check (name ~ '^[a-z][a-z0-9_]{2,29}$'),
  state       text        not null
              check (state in ('approved', 'migrated', 'withdrawn', 'blocked', 'retained', 'erased')),
  -- Why it is withdrawn or blocked, or how its last migration failed.
  reason      text        not null default '',
  version     text        not null default '',
  sha256      text        not null default '' check (sha256 ~ '^([0-9a-f]{64})?$'),
  scopes      text[]      not null default '{}',
  mode        text        not null default 'host' check (mode in ('process', 'host')),
  -- How long its data is kept once it is taken away, as its manifest says: P400D.
  retention   text        not null default '',
  approved_at timestamptz,
  approved_by text        not null default '',
  changed_at  timestamptz not null,
  -- The schema that holds its data while it is retained.
  trash       text        not null default '',
  check (state not in ('approved', 'migrated') or (approved_at is not null and sha256 <> '')),
  check (state <> 'retained' or trash <> '')
);

-- Every step of every plugin's life, and who took it. Lines are added and never changed.
create table directory.plugin_event (
  id      uuid primary key,
  plugin  text        not null,
  at      timestamptz not null,
  step    text        not null,
  doer    text        not null,
  version text        not null default '',
  sha256  text        not null default '',
  -- Of an approval: the scopes that the plugin did not have before.
  scopes  text[]      not null default '{}',
  note    text        not null default ''
);

create index plugin_event_of on directory.plugin_event (plugin, at);

-- Which plugins are left alone after too many failures, as all processes of the installation know it. Held: by the
-- operator, until the operator lets it go.
create table directory.plugin_breaker (
  plugin     text primary key,
  phase      text        not null check (phase in ('closed', 'open', 'half_open')),
  since      timestamptz not null,
  held       boolean     not null default false,
  reason     text        not null default '',
  doer       text        not null default '',
  changed_at timestamptz not null
);

grant select on directory.plugin, directory.plugin_event, directory.plugin_breaker to kundelik_app;

grant insert on directory.plugin_event to kundelik_app;

grant insert, update on directory.plugin_breaker to kundelik_app;
