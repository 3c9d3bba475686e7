-- What can be bought and for how much: data of the operator, the same for every school of the installation. It stands
-- beside the accounts and not in the tenant database, because an operator changes it while the service runs, and
-- there such a change would have to reach every node. No row of a school refers to it: a sale keeps what it was made for.
create table directory.product (
  sku          text        primary key,
  plugin       text        not null check (plugin ~ '^[a-z][a-z0-9_]{2,29}$'),
  kind         text        not null check (kind in ('feature', 'content', 'seat_licence')),
  -- What it opens, as a plugin asks for it.
  feature      text        not null check (feature ~ '^[a-z][a-z0-9_]*([.][a-z][a-z0-9_]*)+$'),
  title_kk     text        not null check (length(title_kk) between 1 and 200),
  title_ru     text        not null check (length(title_ru) between 1 and 200),
  title_en     text        not null check (length(title_en) between 1 and 200),
  scope_schema jsonb       not null default '{}' check (jsonb_typeof(scope_schema) = 'object'),
  -- Who gets the part that is not ours; empty: it is our own.
  vendor       text        not null default '' check (length(vendor) <= 60),
  made_at      timestamptz not null,
  retired_at   timestamptz,
  check (sku ~ ('^' || plugin || '[.][a-z][a-z0-9_]*$'))
);

-- A price is never changed: it ends, and another one begins. The vendor's terms go with it.
create table directory.price (
  id            uuid        primary key,
  sku           text        not null references directory.product (sku),
  currency      text        not null check (currency ~ '^[A-Z]{3}$'),
  amount_minor  bigint      not null check (amount_minor between 1 and 1000000000000),
  interval      text        not null check (interval in ('once', 'month', 'quarter', 'year', 'school_year')),
  audience      text        not null check (audience in ('parent', 'school')),
  -- Tax is inside the amount; the commission is a share of what is left without it.
  tax_bp        integer     not null default 0 check (tax_bp between 0 and 10000),
  commission_bp integer     not null default 0 check (commission_bp between 0 and 10000),
  siblings      jsonb       not null default '[]' check (jsonb_typeof(siblings) = 'array'),
  valid_from    timestamptz not null,
  valid_to      timestamptz check (valid_to >= valid_from),
  made_at       timestamptz not null,
  made_by       uuid
);

create unique index price_running on directory.price (sku, currency, interval, audience) where valid_to is null;

create index price_of on directory.price (sku, valid_from);

grant select, insert on directory.product, directory.price to kundelik_app;

grant update (kind, feature, title_kk, title_ru, title_en, scope_schema, vendor, retired_at)
  on directory.product to kundelik_app;

grant update (valid_to) on directory.price to kundelik_app;
