-- What kind of thing it is, so that the board can be put in order.
alter table thing add column kind text not null default 'other'
  check (kind in ('clothes', 'school', 'key', 'other'));
