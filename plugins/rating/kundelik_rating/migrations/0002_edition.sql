-- Counts up with every change of who is counted, of what is published, and of what is forgotten: by it a page that was
-- worked out before is known to be still right.
alter table gate add column edition bigint not null default 0;
