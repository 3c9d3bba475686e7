-- What vendors are paid out: decided and booked here first, carried out by a way to pay or by hand afterwards. The row's
-- number is the key under which a service pays it once, however often it is asked.
create table core.payout (
  school_id      integer     not null,
  id             uuid        not null,
  -- The day for which it was made: one a day for each vendor and currency.
  batch          date        not null,
  vendor         text        not null check (length(vendor) between 1 and 60),
  currency       text        not null check (currency ~ '^[A-Z]{3}$'),
  amount_minor   bigint      not null check (amount_minor > 0),
  -- The way to pay that hands it over; empty: somebody does, by hand.
  method         text        not null default '' check (length(method) <= 30),
  destination    text        not null default '' check (length(destination) <= 200),
  -- Open: nobody has been asked. Begun: a way to pay has been asked, and may have paid.
  state          text        not null check (state in ('open', 'begun', 'paid', 'failed')),
  known          text        not null default '' check (length(known) <= 200),
  reason         text        not null default '' check (length(reason) <= 500),
  tries          integer     not null default 0 check (tries >= 0),
  -- What was taken back of it later, as its vendor owed more than there was.
  returned_minor bigint      not null default 0 check (returned_minor between 0 and amount_minor),
  -- Which transfer of somebody's it was part of.
  confirmation   uuid,
  made_at        timestamptz not null,
  listed_at      timestamptz not null,
  tried_at       timestamptz,
  settled_at     timestamptz,
  settled_by     uuid,
  primary key (school_id, id),
  check ((state in ('paid', 'failed')) = (settled_at is not null)),
  check (state <> 'begun' or method <> '')
);

select core.tenant_table('core.payout', 'select, insert');

grant update (method, destination, state, known, reason, tries, returned_minor, confirmation, listed_at, tried_at,
              settled_at, settled_by)
  on core.payout to kundelik_app;

create unique index payout_of_a_day on core.payout (school_id, vendor, currency, batch);

create index payout_underway on core.payout (school_id, listed_at) where state in ('open', 'begun');

-- What a way to pay is asked to take back of a payout.
create table core.payout_return (
  school_id    integer     not null,
  id           uuid        not null,
  payout_id    uuid        not null,
  batch        date        not null,
  amount_minor bigint      not null check (amount_minor > 0),
  state        text        not null check (state in ('begun', 'done', 'failed')),
  reason       text        not null default '' check (length(reason) <= 500),
  tries        integer     not null default 0 check (tries >= 0),
  made_at      timestamptz not null,
  settled_at   timestamptz,
  primary key (school_id, id),
  check ((state = 'begun') = (settled_at is null))
);

select core.tenant_table('core.payout_return', 'select, insert');

grant update (state, reason, tries, settled_at) on core.payout_return to kundelik_app;

alter table core.payout_return add foreign key (school_id, payout_id) references core.payout (school_id, id);

-- Once a day at most is one asked back.
create unique index payout_return_of_a_day on core.payout_return (school_id, payout_id, batch);

create index payout_return_underway on core.payout_return (school_id, made_at) where state = 'begun';

alter table core.ledger_txn drop constraint ledger_txn_kind_check;

alter table core.ledger_txn add constraint ledger_txn_kind_check
  check (kind in ('sale', 'unplaced', 'settled', 'refund', 'returned', 'return_failed', 'absorbed', 'dispute_opened',
                  'dispute_won', 'dispute_lost', 'payout', 'payout_failed', 'payout_returned', 'fee'));

-- A vendor sells in many schools, and each has a ledger of its own. What vendors have in all of them is the operator's
-- to see, who pays them: these look into every school, as the only ones who may.
create function core.vendor_dues(moment timestamptz)
returns table (school_id integer, vendor text, currency text, payable bigint, matured bigint, paid_out bigint)
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  select t.school_id, t.vendor, t.currency, sum(-t.payable)::bigint,
         coalesce(sum(-t.payable) filter (
           where s.order_ref is null or (s.matures_at <= moment and s.dispute_ref is null)), 0)::bigint,
         coalesce(sum(t.payable) filter (where t.order_ref is null), 0)::bigint
    from core.ledger_txn t
    left join core.sale s on s.school_id = t.school_id and s.order_ref = t.order_ref
   where t.vendor <> '' and t.payable <> 0
   group by 1, 2, 3 order by 1, 2, 3
$$;

create function core.payouts_underway()
returns table (school_id integer, id uuid, back boolean, vendor text, currency text, amount_minor bigint, method text,
               destination text, state text, reason text, listed_at timestamptz)
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  select p.school_id, p.id, false, p.vendor, p.currency, p.amount_minor, p.method, p.destination, p.state, p.reason,
         p.listed_at
    from core.payout p where p.state in ('open', 'begun')
  union all
  select r.school_id, r.id, true, p.vendor, p.currency, r.amount_minor, p.method, p.destination, r.state, r.reason,
         r.made_at
    from core.payout_return r join core.payout p on p.school_id = r.school_id and p.id = r.payout_id
   where r.state = 'begun'
   order by 1, 11, 2
$$;

create function core.payouts_settled(whose text, since timestamptz)
returns table (vendor text, currency text, batch date, method text, destination text, state text, payouts bigint,
               amount_minor bigint, returned_minor bigint, reason text, settled_at timestamptz)
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  select p.vendor, p.currency, p.batch, p.method, p.destination, p.state, count(*), sum(p.amount_minor)::bigint,
         sum(p.returned_minor)::bigint, max(p.reason), max(p.settled_at)
    from core.payout p
   where p.settled_at >= since and (whose = '' or p.vendor = whose)
   group by 1, 2, 3, 4, 5, 6 order by 3 desc, 1, 2, 6
$$;

create function core.payouts_of_confirmation(wanted uuid) returns table (school_id integer, id uuid)
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  select p.school_id, p.id from core.payout p where p.confirmation = wanted and p.state = 'paid' order by 1, 2
$$;

revoke all on function core.vendor_dues(timestamptz), core.payouts_underway(), core.payouts_settled(text, timestamptz),
                       core.payouts_of_confirmation(uuid) from public;

grant execute on function core.vendor_dues(timestamptz), core.payouts_underway(),
                          core.payouts_settled(text, timestamptz), core.payouts_of_confirmation(uuid) to kundelik_app;
