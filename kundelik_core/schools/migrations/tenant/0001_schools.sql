-- Regions and schools are reference tables: short, written by deployment or an operator, never per request.
-- A region keeps its code when it is renamed or divided; old records show the title of their day.
create table core.region (
  code       text not null,
  valid_from date not null,
  valid_to   date,
  parent     text,
  kind       text not null check (kind in ('country', 'region', 'city', 'district')),
  title_kk   text not null,
  title_ru   text not null,
  title_en   text not null,
  primary key (code, valid_from)
);

select core.reference_table('core.region');

create table core.school (
  id         integer primary key check (id > 0),
  region     text    not null,
  title_kk   text    not null,
  title_ru   text    not null,
  title_en   text    not null,
  kind       text    not null default 'school'
             check (kind in ('school', 'small_school', 'gymnasium', 'lyceum', 'boarding_school')),
  locale     text    not null default 'kk' check (locale in ('kk', 'ru', 'en')),
  languages  text    not null default 'kk',
  time_zone  text    not null default 'Asia/Almaty',
  is_demo    boolean not null default false,
  created_at timestamptz not null
);

select core.reference_table('core.school');

create table core.school_year (
  school_id integer  not null,
  year      smallint not null,
  begins    date     not null,
  ends      date     not null check (ends > begins),
  week_days smallint not null default 5 check (week_days between 5 and 6),
  primary key (school_id, year)
);

select core.tenant_table('core.school_year');

create table core.period (
  school_id integer  not null,
  year      smallint not null,
  code      text     not null check (code ~ '^(q[1-4]|h[12]|t[1-3]|s[12]|y)$'),
  begins    date     not null,
  ends      date     not null check (ends >= begins),
  state     text     not null default 'open' check (state in ('open', 'closed', 'archived')),
  closed_at timestamptz,
  closed_by uuid,
  primary key (school_id, year, code)
);

select core.tenant_table('core.period');

alter table core.period add foreign key (school_id, year) references core.school_year (school_id, year);

-- Holidays, breaks, distance days, working Saturdays: what makes a day differ from its weekday.
create table core.calendar_exception (
  school_id integer not null,
  id        uuid    not null,
  begins    date    not null,
  ends      date    not null check (ends >= begins),
  kind      text    not null check (kind in ('holiday', 'break', 'cancelled', 'distance', 'shortened', 'working')),
  title_kk  text    not null,
  title_ru  text    not null,
  title_en  text    not null,
  grades    text,
  taught_as smallint check (taught_as between 1 and 7),
  primary key (school_id, id)
);

select core.tenant_table('core.calendar_exception');

create index calendar_exception_begins on core.calendar_exception (school_id, begins);

-- grades and weekdays narrow a set ("1,2"; null means all); a narrower set outranks a general one.
create table core.bell_set (
  school_id integer  not null,
  id        uuid     not null,
  code      text,
  title     text     not null,
  shift     smallint not null default 1 check (shift between 1 and 3),
  grades    text,
  weekdays  text,
  shortened boolean  not null default false,
  primary key (school_id, id)
);

select core.tenant_table('core.bell_set');

create unique index bell_set_code on core.bell_set (school_id, code) where code is not null;

create table core.bell (
  school_id   integer  not null,
  bell_set_id uuid     not null,
  slot        smallint not null check (slot between 0 and 14),
  begins      time     not null,
  ends        time     not null check (ends > begins),
  primary key (school_id, bell_set_id, slot)
);

select core.tenant_table('core.bell');

alter table core.bell add foreign key (school_id, bell_set_id)
  references core.bell_set (school_id, id) on delete cascade;

create table core.person (
  school_id   integer not null,
  id          uuid    not null,
  account_id  uuid,
  surname     text    not null,
  given       text    not null,
  patronymic  text    not null default '',
  birth_date  date,
  sex         text    check (sex in ('m', 'f')),
  sort_key    text    not null,
  search_key  text    not null,
  phone       text,
  email       text,
  iin_cipher  bytea,
  iin_hash    bytea,
  source      text,
  source_id   text,
  status      text    not null default 'active' check (status in ('active', 'left', 'erased')),
  created_at  timestamptz not null,
  changed_at  timestamptz not null,
  primary key (school_id, id)
);

select core.tenant_table('core.person');

create index person_sort on core.person (school_id, sort_key);

create index person_search on core.person (school_id, search_key);

create unique index person_iin on core.person (school_id, iin_hash) where iin_hash is not null;

create unique index person_source on core.person (school_id, source, source_id) where source_id is not null;

create unique index person_account on core.person (school_id, account_id) where account_id is not null;

create table core.membership (
  school_id integer not null,
  id        uuid    not null,
  person_id uuid    not null,
  role      text    not null check (role in
            ('pupil', 'parent', 'teacher', 'homeroom', 'deputy', 'director', 'admin', 'psychologist')),
  from_date date    not null,
  to_date   date,
  primary key (school_id, id)
);

select core.tenant_table('core.membership');

alter table core.membership add foreign key (school_id, person_id) references core.person (school_id, id);

create unique index membership_person on core.membership (school_id, person_id, role, from_date);

create index membership_role on core.membership (school_id, role);

create table core.school_class (
  school_id   integer  not null,
  id          uuid     not null,
  year        smallint not null,
  grade       smallint not null check (grade between 0 and 12),
  letter      text     not null default '',
  language    text     not null check (language in ('kk', 'ru', 'ug', 'uz', 'tg', 'en')),
  shift       smallint not null default 1 check (shift between 1 and 3),
  bell_set_id uuid,
  homeroom_id uuid,
  source      text,
  source_id   text,
  primary key (school_id, id)
);

select core.tenant_table('core.school_class');

alter table core.school_class add foreign key (school_id, year) references core.school_year (school_id, year);

alter table core.school_class add foreign key (school_id, bell_set_id) references core.bell_set (school_id, id);

alter table core.school_class add foreign key (school_id, homeroom_id) references core.person (school_id, id);

create unique index school_class_name on core.school_class (school_id, year, grade, letter);

create unique index school_class_source on core.school_class (school_id, source, source_id) where source_id is not null;

create index school_class_homeroom on core.school_class (school_id, homeroom_id);

create table core.class_pupil (
  school_id integer not null,
  class_id  uuid    not null,
  pupil_id  uuid    not null,
  from_date date    not null,
  to_date   date,
  primary key (school_id, class_id, pupil_id, from_date)
);

select core.tenant_table('core.class_pupil');

alter table core.class_pupil add foreign key (school_id, class_id) references core.school_class (school_id, id);

alter table core.class_pupil add foreign key (school_id, pupil_id) references core.person (school_id, id);

create index class_pupil_pupil on core.class_pupil (school_id, pupil_id);

create table core.guardianship (
  school_id   integer not null,
  guardian_id uuid    not null,
  pupil_id    uuid    not null,
  relation    text    not null default 'parent'
              check (relation in ('mother', 'father', 'parent', 'guardian', 'grandparent', 'relative')),
  from_date   date    not null,
  to_date     date,
  primary key (school_id, pupil_id, guardian_id)
);

select core.tenant_table('core.guardianship');

alter table core.guardianship add foreign key (school_id, guardian_id) references core.person (school_id, id);

alter table core.guardianship add foreign key (school_id, pupil_id) references core.person (school_id, id);

create index guardianship_guardian on core.guardianship (school_id, guardian_id);

create table core.subject (
  school_id integer  not null,
  id        uuid     not null,
  code      text     not null,
  title_kk  text     not null,
  title_ru  text     not null,
  title_en  text     not null,
  component text     not null default 'invariant' check (component in ('invariant', 'variative')),
  position  smallint not null default 100,
  primary key (school_id, id)
);

select core.tenant_table('core.subject');

create unique index subject_code on core.subject (school_id, code);

-- A journal belongs to a teaching group; its scheme is fixed with the version that it began with.
create table core.teaching_group (
  school_id      integer  not null,
  id             uuid     not null,
  year           smallint not null,
  subject_id     uuid     not null,
  title          text     not null,
  grade          smallint not null,
  scheme_code    text     not null,
  scheme_version smallint not null,
  period_kind    text     not null check (period_kind in ('quarter', 'half_year', 'trimester', 'semester', 'year')),
  hours_per_week numeric(4, 1) not null default 1,
  room           text     not null default '',
  status         text     not null default 'active' check (status in ('active', 'closed')),
  source         text,
  source_id      text,
  primary key (school_id, id)
);

select core.tenant_table('core.teaching_group');

alter table core.teaching_group add foreign key (school_id, year) references core.school_year (school_id, year);

alter table core.teaching_group add foreign key (school_id, subject_id) references core.subject (school_id, id);

create index teaching_group_year on core.teaching_group (school_id, year, grade);

create unique index teaching_group_source on core.teaching_group (school_id, source, source_id)
  where source_id is not null;

create table core.group_class (
  school_id integer not null,
  group_id  uuid    not null,
  class_id  uuid    not null,
  primary key (school_id, group_id, class_id)
);

select core.tenant_table('core.group_class');

alter table core.group_class add foreign key (school_id, group_id)
  references core.teaching_group (school_id, id) on delete cascade;

alter table core.group_class add foreign key (school_id, class_id)
  references core.school_class (school_id, id) on delete cascade;

create index group_class_class on core.group_class (school_id, class_id);

create table core.group_teacher (
  school_id  integer not null,
  group_id   uuid    not null,
  teacher_id uuid    not null,
  from_date  date    not null,
  to_date    date,
  substitute boolean not null default false,
  primary key (school_id, group_id, teacher_id, from_date)
);

select core.tenant_table('core.group_teacher');

alter table core.group_teacher add foreign key (school_id, group_id)
  references core.teaching_group (school_id, id) on delete cascade;

alter table core.group_teacher add foreign key (school_id, teacher_id) references core.person (school_id, id);

create index group_teacher_teacher on core.group_teacher (school_id, teacher_id);

create table core.group_pupil (
  school_id integer not null,
  group_id  uuid    not null,
  pupil_id  uuid    not null,
  from_date date    not null,
  to_date   date,
  primary key (school_id, group_id, pupil_id, from_date)
);

select core.tenant_table('core.group_pupil');

alter table core.group_pupil add foreign key (school_id, group_id)
  references core.teaching_group (school_id, id) on delete cascade;

alter table core.group_pupil add foreign key (school_id, pupil_id) references core.person (school_id, id);

create index group_pupil_pupil on core.group_pupil (school_id, pupil_id);

create table core.timetable_slot (
  school_id  integer  not null,
  id         uuid     not null,
  group_id   uuid     not null,
  weekday    smallint not null check (weekday between 1 and 7),
  slot       smallint not null check (slot between 0 and 14),
  week_cycle text     not null default '' check (week_cycle in ('', 'A', 'B')),
  room       text     not null default '',
  teacher_id uuid,
  from_date  date     not null,
  to_date    date,
  primary key (school_id, id)
);

select core.tenant_table('core.timetable_slot');

alter table core.timetable_slot add foreign key (school_id, group_id)
  references core.teaching_group (school_id, id) on delete cascade;

alter table core.timetable_slot add foreign key (school_id, teacher_id) references core.person (school_id, id);

create index timetable_slot_group on core.timetable_slot (school_id, group_id);

-- Homework is a column: it belongs to the lesson for which it is to be done (scale.md 3.2).
create table core.lesson (
  school_id   integer  not null,
  id          uuid     not null,
  group_id    uuid     not null,
  date        date     not null,
  slot        smallint not null check (slot between 0 and 14),
  begins      time     not null,
  ends        time     not null,
  teacher_id  uuid,
  room        text     not null default '',
  topic       text     not null default '' check (length(topic) <= 500),
  homework    text     not null default '' check (length(homework) <= 2000),
  status      text     not null default 'planned' check (status in ('planned', 'held', 'cancelled')),
  primary key (school_id, id)
);

select core.tenant_table('core.lesson');

alter table core.lesson add foreign key (school_id, group_id) references core.teaching_group (school_id, id);

alter table core.lesson add foreign key (school_id, teacher_id) references core.person (school_id, id);

create unique index lesson_group on core.lesson (school_id, group_id, date, slot);

create index lesson_teacher on core.lesson (school_id, teacher_id, date);

-- Imports remember what they brought, so that a second run of the same file changes nothing.
create table core.import_run (
  school_id  integer     not null,
  id         uuid        not null,
  at         timestamptz not null,
  account_id uuid,
  kind       text        not null,
  file_name  text        not null,
  file_hash  bytea       not null,
  summary    jsonb       not null,
  primary key (school_id, id)
);

select core.tenant_table('core.import_run', 'select, insert');

create index import_run_at on core.import_run (school_id, at);
