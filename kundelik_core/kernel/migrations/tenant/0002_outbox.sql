-- What plugins are told after a change: one row per (event, subscribed plugin), deleted when it is
-- delivered. Every school's part is small and short-lived.
create table core.outbox (
  school_id   integer     not null,
  id          uuid        not null,
  plugin      text        not null,
  -- Order of delivery within (plugin, subject): writes under one lock get numbers in their order.
  seq         bigint      generated always as identity,
  type        text        not null,
  subject     uuid        not null,
  occurred_at timestamptz not null,
  actor_id    uuid,
  data        jsonb       not null,
  tries       smallint    not null default 0,
  -- When it may be taken next; while it is being delivered, when it may be taken away again.
  next_at     timestamptz not null,
  claim       uuid,
  state       text        not null default 'waiting' check (state in ('waiting', 'dead')),
  error       text,
  primary key (school_id, id, plugin)
);

select core.tenant_table('core.outbox');

create index outbox_order on core.outbox (school_id, plugin, subject, seq) where state = 'waiting';

create index outbox_due on core.outbox (school_id, plugin, next_at, seq) where state = 'waiting';

create index outbox_dead on core.outbox (school_id, plugin, seq) where state = 'dead';
