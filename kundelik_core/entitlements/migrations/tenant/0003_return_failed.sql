-- Money that was told to have gone back may be here again: a refund fails days after it seemed done.
alter table core.ledger_txn drop constraint ledger_txn_kind_check;

alter table core.ledger_txn add constraint ledger_txn_kind_check
  check (kind in ('sale', 'unplaced', 'settled', 'refund', 'returned', 'return_failed', 'absorbed', 'dispute_opened',
                  'dispute_won', 'dispute_lost', 'payout', 'payout_failed', 'fee'));
