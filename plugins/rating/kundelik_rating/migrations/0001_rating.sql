-- Taken by whoever changes who is counted: an opt-out and a publication never pass each other.
create table gate (
  school_id integer not null primary key
);

-- Where a group stands in a period. nameless: results of those who went, in order of size; they belong to nobody here,
-- and go once the period is over. alike: the results hardly differed when that was asked.
create table round (
  school_id   integer  not null,
  group_id    uuid     not null,
  period      text     not null,
  school_year smallint not null,
  metric      text     not null check (metric in ('percent', 'mean_mark')),
  scale_low   smallint not null,
  scale_high  smallint not null check (scale_high > scale_low),
  asked_on    date     not null,
  outcome     text     not null
              check (outcome in ('published', 'kept', 'small_group', 'at_close', 'not_enough_data')),
  alike       boolean  not null default false,
  closed      boolean  not null default false,
  nameless    text[]   not null default '{}',
  primary key (school_id, group_id, period),
  check (not closed or nameless = '{}')
);

-- What all families of a group see of one publication. Rows are added and never changed.
create table snapshot (
  school_id integer  not null,
  group_id  uuid     not null,
  period    text     not null,
  number    smallint not null check (number > 0),
  day       date     not null,
  middle    text     not null check (middle ~ '^[0-9]+(/[1-9][0-9]*)?$'),
  spread    text     check (spread in ('close', 'mixed', 'wide')),
  primary key (school_id, group_id, period, number)
);

-- One child's own line of a group and period, for that child's family: an entry in each array for each publication.
-- counted: the child is on the list of the period; marks: how many works stood behind the last result.
create table standing (
  school_id  integer    not null,
  student_id uuid       not null,
  group_id   uuid       not null,
  period     text       not null,
  counted    boolean    not null default true,
  marks      integer    not null,
  numbers    smallint[] not null,
  results    text[]     not null,
  bands      text[]     not null,
  primary key (school_id, student_id, group_id, period),
  check (cardinality(numbers) > 0 and cardinality(numbers) = cardinality(results)
         and cardinality(numbers) = cardinality(bands))
);

create index standing_group on standing (school_id, group_id, period);

-- What a family has chosen for its child. dismissed: no thanks to the offer.
create table choice (
  school_id  integer not null,
  student_id uuid    not null,
  hidden     boolean not null default false,
  dismissed  boolean not null default false,
  primary key (school_id, student_id)
);

-- When a child is not counted, as its family wishes; until is null while it holds.
create table opt_out (
  school_id  integer not null,
  student_id uuid    not null,
  since      date    not null,
  until      date    check (until >= since),
  primary key (school_id, student_id, since)
);

create unique index opt_out_now on opt_out (school_id, student_id) where until is null;

-- Days given back for a period in which there was nothing to show; looked at once, and no days are a row too.
create table credit (
  school_id   integer  not null,
  student_id  uuid     not null,
  feature     text     not null,
  scope       text     not null,
  school_year smallint not null,
  period      text     not null,
  begins      date     not null,
  ends        date     not null check (ends >= begins),
  days        smallint not null check (days between 0 and ends - begins),
  day         date     not null,
  primary key (school_id, student_id, feature, scope, school_year, period)
);
