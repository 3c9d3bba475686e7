-- A bank may take money away in a dispute that has gone back another way already: in cash, or as a refund. Then it is
-- gone twice, and what is gone beyond the payment is our loss. ``held_minor`` is all that a bank keeps for now, and
-- ``charged_minor`` all that it kept for good; what went back with these two together may be more than was paid.
alter table core.sale add column charged_minor bigint not null default 0 check (charged_minor >= 0);

update core.sale s
   set charged_minor = least(x.lost, s.amount_minor)
  from (select t.school_id, t.order_ref, -sum(t.hold) as lost
          from core.ledger_txn t where t.kind = 'dispute_lost' group by 1, 2) x
 where s.school_id = x.school_id and s.order_ref = x.order_ref;

alter table core.sale drop constraint sale_check4;

alter table core.sale add constraint sale_disputed_once check (charged_minor + held_minor <= amount_minor);

alter table core.sale add constraint sale_returned_at_most_twice
  check (returned_minor + absorbed_minor <= amount_minor + charged_minor);

grant update (charged_minor) on core.sale to kundelik_app;

-- What is gone twice has an account of its own.
alter table core.ledger_txn add column losses bigint not null default 0;

alter table core.ledger_txn drop constraint ledger_txn_balances;

alter table core.ledger_txn add constraint ledger_txn_balances
  check (cash + receivable + payable + commission + tax + refunds + hold + fees + rounding + losses = 0);

alter table core.ledger_txn drop constraint ledger_txn_moves;

alter table core.ledger_txn add constraint ledger_txn_moves
  check (cash <> 0 or receivable <> 0 or payable <> 0 or commission <> 0 or tax <> 0 or refunds <> 0 or hold <> 0
         or fees <> 0 or rounding <> 0 or losses <> 0);

create or replace view core.ledger_entry with (security_invoker = true) as
select t.school_id, t.id as txn, t.kind, a.account, a.amount_minor, t.currency, t.order_ref, t.vendor, t.created
  from core.ledger_txn t
 cross join lateral (values ('cash', t.cash), ('receivable', t.receivable), ('payable', t.payable),
                            ('commission', t.commission), ('tax', t.tax), ('refunds', t.refunds), ('hold', t.hold),
                            ('fees', t.fees), ('rounding', t.rounding), ('losses', t.losses)) a (account, amount_minor)
 where a.amount_minor <> 0;

create index ledger_txn_losses on core.ledger_txn (school_id, created) where losses <> 0;

-- For the operator, who bears them: in every school, as the only one who may.
create function core.losses_since(since timestamptz)
returns table (school_id integer, order_ref text, currency text, losses bigint, latest timestamptz)
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  select t.school_id, t.order_ref, t.currency, sum(t.losses)::bigint, max(t.created)
    from core.ledger_txn t where t.losses <> 0 and t.created >= since
   group by 1, 2, 3 having sum(t.losses) <> 0 order by 5 desc
$$;

revoke all on function core.losses_since(timestamptz) from public;

grant execute on function core.losses_since(timestamptz) to kundelik_app;
