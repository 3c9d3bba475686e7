-- How vendors are paid: data of the operator, as prices are. A row is never changed; it ends, and another begins.
create table directory.payee (
  id           uuid        primary key,
  vendor       text        not null check (length(vendor) between 1 and 60),
  -- A way to pay that can pay out; empty: by hand, to what the destination says.
  method       text        not null default '' check (length(method) <= 30),
  destination  text        not null default '' check (length(destination) <= 200),
  -- Less than this waits for more.
  least_minor  bigint      not null default 0 check (least_minor between 0 and 1000000000000),
  -- Who may see what the vendor is owed and was paid.
  account_id   uuid        references directory.account (id) on delete set null,
  since        timestamptz not null,
  until        timestamptz check (until >= since),
  set_by       uuid,
  check (method = '' or destination <> '')
);

create unique index payee_now on directory.payee (vendor) where until is null;

create index payee_account on directory.payee (account_id) where until is null;

-- Somebody has paid, by hand and in one sum, what a vendor was owed in many schools. It is written down here first and
-- then school by school: were that cut short, it goes on later, and nobody pays twice.
create table directory.paid_by_hand (
  id           uuid        primary key,
  vendor       text        not null,
  currency     text        not null check (currency ~ '^[A-Z]{3}$'),
  amount_minor bigint      not null check (amount_minor > 0),
  -- All that stood on the list up to then.
  listed_until timestamptz not null,
  paid_at      timestamptz not null,
  paid_by      uuid,
  done_at      timestamptz,
  -- The bank has sent it back.
  returned_at  timestamptz check (returned_at >= paid_at),
  returned_by  uuid,
  undone_at    timestamptz check (undone_at is null or returned_at is not null)
);

create unique index paid_by_hand_open on directory.paid_by_hand (vendor, currency) where done_at is null;

create index paid_by_hand_open_back on directory.paid_by_hand (paid_at) where returned_at is not null and undone_at is null;

grant select, insert on directory.payee, directory.paid_by_hand to kundelik_app;

grant update (until) on directory.payee to kundelik_app;

grant update (done_at, returned_at, returned_by, undone_at) on directory.paid_by_hand to kundelik_app;
