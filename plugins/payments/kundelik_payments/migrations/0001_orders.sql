-- What somebody wanted to buy. The lines lie in it: they are read and written with it, under its row's lock, and what
-- became of each is in the log beside it. ``purchase`` because ``order`` is a word of SQL.
create table purchase (
  school_id        integer     not null,
  id               uuid        not null,
  public_id        text        not null check (public_id ~ '^[2-9A-Z]{10}$'),
  -- Without one the person was forgotten, while the law keeps the papers.
  payer_id         uuid,
  currency         text        not null check (currency ~ '^[A-Z]{3}$'),
  state            text        not null check (state in ('pending', 'paid', 'expired', 'cancelled')),
  placed_at        timestamptz not null,
  expires_at       timestamptz not null check (expires_at >= placed_at),
  paid_at          timestamptz,
  renews           boolean     not null,
  renewal_ended_at timestamptz check (renews or renewal_ended_at is null),
  skip_summer      boolean     not null,
  test             boolean     not null,
  lines            jsonb       not null check (jsonb_typeof(lines) = 'array' and jsonb_array_length(lines) > 0),
  -- What the core was told of each line's money, written in the transaction that tells it.
  told             jsonb       not null default '[]' check (jsonb_typeof(told) = 'array'),
  primary key (school_id, id),
  check (state <> 'paid' or paid_at is not null)
);

create unique index purchase_public on purchase (school_id, public_id);

create index purchase_payer on purchase (school_id, payer_id, placed_at);

create index purchase_open on purchase (school_id, expires_at) where state = 'pending';

create index purchase_placed on purchase (school_id, placed_at);

create table payment (
  school_id      integer     not null,
  purchase_id    uuid        not null,
  number         integer     not null check (number > 0),
  provider       text        not null check (length(provider) between 1 and 30),
  state          text        not null
    check (state in ('created', 'pending', 'confirmed', 'failed', 'canceled', 'refunded')),
  amount_minor   bigint      not null check (amount_minor >= 0),
  received_minor bigint      not null default 0 check (received_minor >= 0),
  attempt        integer     not null check (attempt > 0),
  reference      text        check (length(reference) <= 200),
  reason         text        not null default '' check (length(reason) <= 200),
  created_at     timestamptz not null,
  tried_at       timestamptz,
  confirmed_at   timestamptz,
  primary key (school_id, purchase_id, number),
  foreign key (school_id, purchase_id) references purchase (school_id, id),
  check ((state in ('confirmed', 'refunded')) = (confirmed_at is not null))
);

create index payment_open on payment (school_id, created_at) where state in ('created', 'pending');

create table refund (
  school_id      integer     not null,
  purchase_id    uuid        not null,
  number         integer     not null check (number > 0),
  payment        integer     not null,
  state          text        not null
    check (state in ('external', 'created', 'transit', 'done', 'failed', 'canceled')),
  source         text        not null check (source in ('buyer', 'admin', 'external')),
  amount_minor   bigint      not null check (amount_minor > 0),
  gifts          jsonb       not null default '[]',
  parts          jsonb       not null default '[]',
  attempt        integer     not null check (attempt > 0),
  reference      text        check (length(reference) <= 200),
  reason         text        not null default '' check (length(reason) <= 200),
  created_at     timestamptz not null,
  tried_at       timestamptz,
  accepted_at    timestamptz,
  done_at        timestamptz,
  primary key (school_id, purchase_id, number),
  foreign key (school_id, purchase_id, payment) references payment (school_id, purchase_id, number)
);

create index refund_open on refund (school_id, created_at) where state in ('external', 'created', 'transit');

create table dispute (
  school_id    integer     not null,
  purchase_id  uuid        not null,
  reference    text        not null check (length(reference) between 1 and 200),
  payment      integer     not null,
  state        text        not null check (state in ('inquiry', 'open', 'won', 'lost')),
  amount_minor bigint      not null check (amount_minor >= 0),
  opened_at    timestamptz not null,
  closed_at    timestamptz,
  primary key (school_id, purchase_id, reference),
  foreign key (school_id, purchase_id, payment) references payment (school_id, purchase_id, number)
);

-- What changed, told once. Rows are only ever added.
create table entry (
  school_id    integer     not null,
  purchase_id  uuid        not null,
  number       integer     not null check (number > 0),
  at           timestamptz not null,
  kind         text        not null
    check (kind in ('sold', 'unsold', 'paid', 'refunded', 'returned', 'charged_back', 'won_back')),
  amount_minor bigint      not null check (amount_minor > 0),
  line         integer,
  payment      integer,
  refund       integer,
  primary key (school_id, purchase_id, number),
  foreign key (school_id, purchase_id) references purchase (school_id, id)
);

create index entry_month on entry (school_id, at);

create table receipt (
  school_id    integer     not null,
  number       text        not null check (length(number) between 5 and 40),
  kind         text        not null check (kind in ('receipt', 'cancellation')),
  purchase_id  uuid        not null,
  cause        text        not null check (length(cause) between 1 and 40),
  at           timestamptz not null,
  amount_minor bigint      not null check (amount_minor > 0),
  currency     text        not null,
  cancels      text,
  primary key (school_id, number),
  foreign key (school_id, purchase_id) references purchase (school_id, id),
  foreign key (school_id, cancels) references receipt (school_id, number),
  check ((kind = 'cancellation') = (cancels is not null))
);

-- One paper for each cause, whoever writes it first.
create unique index receipt_cause on receipt (school_id, purchase_id, cause);

-- Counted on in the transaction that writes the paper: a row and its lock instead of a sequence, which leaves gaps.
create table series (
  school_id integer not null,
  name      text    not null check (length(name) between 3 and 30),
  last      integer not null check (last > 0),
  primary key (school_id, name)
);

create table provider_object (
  school_id   integer not null,
  provider    text    not null check (length(provider) between 1 and 30),
  reference   text    not null check (length(reference) between 1 and 200),
  kind        text    not null check (kind in ('payment', 'refund', 'subscription', 'transfer')),
  purchase_id uuid    not null,
  number      integer not null,
  primary key (school_id, provider, reference),
  foreign key (school_id, purchase_id) references purchase (school_id, id)
);

create index provider_object_purchase on provider_object (school_id, purchase_id);

-- Only what a message is about is kept: its words are never believed, and they may name the payer.
create table webhook_inbox (
  school_id    integer     not null,
  provider     text        not null check (length(provider) between 1 and 30),
  event_id     text        not null check (length(event_id) between 1 and 200),
  type         text        not null check (length(type) <= 100),
  hint         text        not null check (length(hint) <= 200),
  received_at  timestamptz not null,
  attempts     integer     not null default 0,
  error        text        not null default '' check (length(error) <= 500),
  next_at      timestamptz,
  processed_at timestamptz,
  primary key (school_id, provider, event_id)
);

create index webhook_inbox_waiting on webhook_inbox (school_id, received_at) where processed_at is null;

create table subscription (
  school_id            integer     not null,
  provider             text        not null check (length(provider) between 1 and 30),
  reference            text        not null check (length(reference) between 1 and 200),
  purchase_id          uuid        not null,
  latest_id            uuid        not null,
  state                text        not null check (state in ('active', 'past_due', 'paused', 'canceled')),
  period_end           timestamptz not null,
  cancel_at_period_end boolean     not null,
  reminded_for         timestamptz,
  primary key (school_id, provider, reference),
  foreign key (school_id, purchase_id) references purchase (school_id, id),
  foreign key (school_id, latest_id) references purchase (school_id, id)
);

create index subscription_purchase on subscription (school_id, purchase_id);

create index subscription_ends on subscription (school_id, period_end) where state <> 'canceled';

-- Until when the accounts at providers were gone through for this school.
create table gone_through (
  school_id integer     not null,
  provider  text        not null check (length(provider) between 1 and 30),
  until     timestamptz not null,
  primary key (school_id, provider)
);
