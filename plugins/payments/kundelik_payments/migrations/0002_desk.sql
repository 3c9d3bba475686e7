-- A family asks for what is of no use any more, by itself.
alter table refund drop constraint refund_source_check;

alter table refund add constraint refund_source_check check (source in ('buyer', 'admin', 'external', 'unused'));

-- What somebody at the school's desk did with an order's money. Rows are only ever added.
create table act (
  school_id    integer     not null,
  purchase_id  uuid        not null,
  number       integer     not null check (number > 0),
  at           timestamptz not null,
  kind         text        not null check (kind in ('cash', 'handed', 'refund', 'owed', 'by_hand', 'decided')),
  amount_minor bigint      not null check (amount_minor >= 0),
  -- Without one the person was forgotten.
  staff_id     uuid,
  primary key (school_id, purchase_id, number),
  foreign key (school_id, purchase_id) references purchase (school_id, id)
);

create index act_staff on act (school_id, staff_id);
