-- Which of the staff opened what of a child, and when; append-only. The key answers "who looked at this child".
create table core.access_log (
  school_id  integer     not null,
  subject_id uuid        not null,
  at         timestamptz not null,
  id         uuid        not null,
  account_id uuid        not null,
  person_id  uuid,
  role       text        not null,
  what       text        not null check (what ~ '^[a-z_]{1,30}$'),
  primary key (school_id, subject_id, at, id)
);

select core.tenant_table('core.access_log', 'select, insert');

alter table core.access_log add foreign key (school_id, subject_id) references core.person (school_id, id);
