-- A licence of a school serves as many pupils as it has seats; without a number it serves all of them.
alter table core.entitlement add column seats integer check (seats between 1 and 100000);

-- From here on it is grace: access goes on, but nothing was paid for it.
alter table core.entitlement add column grace_from timestamptz;

alter table core.entitlement add constraint entitlement_seats_of_a_school check (seats is null or pupil_id is null);

alter table core.entitlement add constraint entitlement_grace_at_the_end
  check (grace_from is null or (grace_from > valid_from and grace_from <= valid_until));

-- Time within a grant that does not count: the summer that a family left out, a dispute about the payment.
create table core.entitlement_pause (
  school_id      integer     not null,
  id             uuid        not null,
  entitlement_id uuid        not null,
  kind           text        not null check (kind in ('rest', 'dispute')),
  -- The day on which the rest begins, or the number of the dispute.
  cause          text        not null check (length(cause) between 1 and 100),
  begins         timestamptz not null,
  ends           timestamptz check (ends >= begins),
  primary key (school_id, id)
);

select core.tenant_table('core.entitlement_pause', 'select, insert');

grant update (ends) on core.entitlement_pause to kundelik_app;

alter table core.entitlement_pause add foreign key (school_id, entitlement_id)
  references core.entitlement (school_id, id);

create unique index entitlement_pause_once on core.entitlement_pause (school_id, entitlement_id, kind, cause);

-- Which pupils sit on the seats of a licence; a seat that is given back is free again.
create table core.entitlement_seat (
  school_id      integer     not null,
  entitlement_id uuid        not null,
  pupil_id       uuid        not null,
  begins         timestamptz not null,
  ends           timestamptz check (ends >= begins),
  primary key (school_id, entitlement_id, pupil_id, begins)
);

select core.tenant_table('core.entitlement_seat', 'select, insert');

grant update (ends) on core.entitlement_seat to kundelik_app;

alter table core.entitlement_seat add foreign key (school_id, entitlement_id)
  references core.entitlement (school_id, id);

alter table core.entitlement_seat add foreign key (school_id, pupil_id) references core.person (school_id, id);

create index entitlement_seat_pupil on core.entitlement_seat (school_id, pupil_id);

create unique index entitlement_seat_one on core.entitlement_seat (school_id, entitlement_id, pupil_id)
  where ends is null;

-- A voucher opens a feature for some months; only the digest of its code is kept.
create table core.voucher (
  school_id    integer     not null,
  id           uuid        not null,
  code_hash    bytea       not null,
  feature      text        not null check (feature ~ '^[a-z][a-z0-9_]*([.][a-z][a-z0-9_]*)+$'),
  scope        text        not null default '*' check (length(scope) between 1 and 100),
  months       smallint    not null check (months between 1 and 60),
  uses         integer     not null check (uses between 1 and 100000),
  used         integer     not null default 0 check (used between 0 and uses),
  made_at      timestamptz not null,
  expires_at   timestamptz not null check (expires_at > made_at),
  withdrawn_at timestamptz,
  primary key (school_id, id)
);

select core.tenant_table('core.voucher', 'select, insert');

grant update (used, withdrawn_at) on core.voucher to kundelik_app;

create unique index voucher_code on core.voucher (school_id, code_hash);

-- A paid line of an order: what it was for, and how much of its money is where. The counters cannot run past the amount,
-- whatever the application thinks: not more is refunded than was paid, nor given back twice.
create table core.sale (
  school_id       integer     not null,
  order_ref       text        not null check (length(order_ref) between 1 and 80),
  sku             text        not null,
  vendor          text        not null default '',
  currency        text        not null check (currency ~ '^[A-Z]{3}$'),
  amount_minor    bigint      not null check (amount_minor > 0),
  -- What is left of each share after refunds.
  vendor_left     bigint      not null check (vendor_left >= 0),
  commission_left bigint      not null check (commission_left >= 0),
  tax_left        bigint      not null check (tax_left >= 0),
  -- Decided by us, and gone from us; when they differ, somebody is owed money or a decision.
  refunded_minor  bigint      not null default 0 check (refunded_minor between 0 and amount_minor),
  returned_minor  bigint      not null default 0 check (returned_minor >= 0),
  -- Went back without a decision, and was borne by us.
  absorbed_minor  bigint      not null default 0 check (absorbed_minor >= 0),
  held_minor      bigint      not null default 0 check (held_minor >= 0),
  dispute_ref     text,
  entitlement_id  uuid,
  sold_at         timestamptz not null,
  matures_at      timestamptz not null check (matures_at >= sold_at),
  primary key (school_id, order_ref),
  check (vendor_left + commission_left + tax_left = amount_minor - refunded_minor),
  check (refunded_minor + absorbed_minor <= amount_minor),
  check (returned_minor + absorbed_minor + held_minor <= amount_minor),
  check ((held_minor > 0) = (dispute_ref is not null)),
  -- Money for which nothing could be granted is owed back from the first moment.
  check (entitlement_id is not null or refunded_minor = amount_minor)
);

select core.tenant_table('core.sale', 'select, insert');

grant update (vendor_left, commission_left, tax_left, refunded_minor, returned_minor, absorbed_minor,
              held_minor, dispute_ref)
  on core.sale to kundelik_app;

alter table core.sale add foreign key (school_id, entitlement_id) references core.entitlement (school_id, id);

create unique index sale_entitlement on core.sale (school_id, entitlement_id);

create index sale_vendor on core.sale (school_id, vendor);

-- The ledger. A transaction is one row with a column per account, debit above zero and credit below; so a check can
-- hold their sum at zero, there is no half of a transaction, and nobody may change or delete one.
create table core.ledger_txn (
  school_id  integer     not null,
  id         uuid        not null,
  kind       text        not null check (kind in ('sale', 'unplaced', 'settled', 'refund', 'returned', 'absorbed',
                                                  'dispute_opened', 'dispute_won', 'dispute_lost', 'payout',
                                                  'payout_failed', 'fee')),
  -- What it follows from, say a refund's number; the same cause is booked once.
  cause      text        not null check (length(cause) between 1 and 200),
  created    timestamptz not null,
  order_ref  text,
  vendor     text        not null default '',
  currency   text        not null check (currency ~ '^[A-Z]{3}$'),
  cash       bigint      not null default 0,
  receivable bigint      not null default 0,
  payable    bigint      not null default 0 check (payable = 0 or vendor <> ''),
  commission bigint      not null default 0,
  tax        bigint      not null default 0,
  refunds    bigint      not null default 0,
  hold       bigint      not null default 0,
  fees       bigint      not null default 0,
  rounding   bigint      not null default 0,
  primary key (school_id, id),
  constraint ledger_txn_balances
    check (cash + receivable + payable + commission + tax + refunds + hold + fees + rounding = 0),
  constraint ledger_txn_moves
    check (cash <> 0 or receivable <> 0 or payable <> 0 or commission <> 0 or tax <> 0 or refunds <> 0 or hold <> 0
           or fees <> 0 or rounding <> 0)
);

select core.tenant_table('core.ledger_txn', 'select, insert');

alter table core.ledger_txn add foreign key (school_id, order_ref) references core.sale (school_id, order_ref);

create unique index ledger_txn_cause on core.ledger_txn (school_id, kind, cause);

create index ledger_txn_order on core.ledger_txn (school_id, order_ref);

create index ledger_txn_vendor on core.ledger_txn (school_id, vendor, currency);

create index ledger_txn_created on core.ledger_txn (school_id, created);

-- The same as a list of entries, for reports and for auditors.
create view core.ledger_entry with (security_invoker = true) as
select t.school_id, t.id as txn, t.kind, a.account, a.amount_minor, t.currency, t.order_ref, t.vendor, t.created
  from core.ledger_txn t
 cross join lateral (values ('cash', t.cash), ('receivable', t.receivable), ('payable', t.payable),
                            ('commission', t.commission), ('tax', t.tax), ('refunds', t.refunds), ('hold', t.hold),
                            ('fees', t.fees), ('rounding', t.rounding)) a (account, amount_minor)
 where a.amount_minor <> 0;

grant select on core.ledger_entry to kundelik_app;

-- What a vendor was paid out of this school's sales; the row is also what two payouts queue at.
create table core.vendor_account (
  school_id      integer not null,
  vendor         text    not null check (length(vendor) between 1 and 60),
  currency       text    not null check (currency ~ '^[A-Z]{3}$'),
  paid_out_minor bigint  not null default 0 check (paid_out_minor >= 0),
  primary key (school_id, vendor, currency)
);

select core.tenant_table('core.vendor_account', 'select, insert, update');
