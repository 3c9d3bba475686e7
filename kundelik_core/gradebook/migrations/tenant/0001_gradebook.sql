-- A scheme's text as it was when marks began to use it; immutable by (code, version).
create table core.grading_scheme (
  code    text     not null,
  version smallint not null,
  body    jsonb    not null,
  primary key (code, version)
);

select core.reference_table('core.grading_scheme');

-- A column of the journal. The default formative column of a lesson has the lesson's own id
-- and is written with its first mark.
create table core.work (
  school_id  integer       not null,
  id         uuid          not null,
  group_id   uuid          not null,
  lesson_id  uuid,
  kind       text          not null,
  date       date          not null,
  title      text          not null default '' check (length(title) <= 200),
  max_points numeric(6, 2) check (max_points > 0),
  position   smallint      not null default 0,
  status     text          not null default 'active' check (status in ('active', 'void')),
  primary key (school_id, id)
);

select core.tenant_table('core.work');

alter table core.work add foreign key (school_id, group_id) references core.teaching_group (school_id, id);

alter table core.work add foreign key (school_id, lesson_id) references core.lesson (school_id, id);

create index work_group on core.work (school_id, group_id, date);

-- The cell (column, pupil) is the key: two first writers meet here. An emptied cell keeps its row and version.
create table core.mark (
  school_id  integer     not null,
  work_id    uuid        not null,
  pupil_id   uuid        not null,
  date       date        not null,
  version    smallint    not null default 1,
  points     numeric(6, 2) check (points >= 0),
  code       text        check (code ~ '^[a-z_]{1,20}$'),
  changed_at timestamptz not null,
  comment    text        check (length(comment) <= 1000),
  primary key (school_id, work_id, pupil_id)
);

select core.tenant_table('core.mark', 'select, insert, update');

alter table core.mark add foreign key (school_id, work_id) references core.work (school_id, id);

alter table core.mark add foreign key (school_id, pupil_id) references core.person (school_id, id);

create index mark_pupil on core.mark (school_id, pupil_id, date);

-- Only absences and lateness have rows; an empty code is one that was taken back.
create table core.absence (
  school_id  integer     not null,
  lesson_id  uuid        not null,
  pupil_id   uuid        not null,
  date       date        not null,
  code       text        not null check (code in ('', 'absent_unexcused', 'absent_excused', 'absent_ill', 'late')),
  version    smallint    not null default 1,
  changed_at timestamptz not null,
  primary key (school_id, lesson_id, pupil_id)
);

select core.tenant_table('core.absence', 'select, insert, update');

alter table core.absence add foreign key (school_id, lesson_id) references core.lesson (school_id, id);

alter table core.absence add foreign key (school_id, pupil_id) references core.person (school_id, id);

create index absence_pupil on core.absence (school_id, pupil_id, date);

-- Append-only: who, when, old, new, why. The id is the client's own, so a repeated save is recognised.
create table core.cell_history (
  school_id integer     not null,
  column_id uuid        not null,
  pupil_id  uuid        not null,
  id        uuid        not null,
  field     text        not null check (field in ('value', 'comment')),
  at        timestamptz not null,
  actor_id  uuid,
  old       text        not null,
  new       text        not null,
  reason    text,
  source    text        not null default 'web',
  primary key (school_id, column_id, pupil_id, id)
);

select core.tenant_table('core.cell_history', 'select, insert');

alter table core.cell_history add foreign key (school_id, pupil_id) references core.person (school_id, id);

-- What the scheme makes of a pupil's works in a period, kept up with every save.
-- raw is the exact percentage as a fraction ("193/3"), terms the exact parts that it is the sum of, so that a
-- reader can be shown how it came about; given_* is what a teacher or council set instead.
create table core.period_result (
  school_id    integer     not null,
  pupil_id     uuid        not null,
  group_id     uuid        not null,
  period       text        not null,
  raw          text,
  terms        json,
  percent      smallint,
  mark         text,
  status       text        not null default '',
  provisional  boolean     not null default true,
  given_mark   text,
  given_by     uuid,
  given_at     timestamptz,
  given_reason text,
  computed_at  timestamptz not null,
  primary key (school_id, pupil_id, group_id, period)
);

select core.tenant_table('core.period_result', 'select, insert, update');

alter table core.period_result add foreign key (school_id, group_id) references core.teaching_group (school_id, id);

alter table core.period_result add foreign key (school_id, pupil_id) references core.person (school_id, id);

create index period_result_group on core.period_result (school_id, group_id, period);

-- When a guardian or pupil last looked, for "new since".
create table core.diary_seen (
  school_id integer     not null,
  pupil_id  uuid        not null,
  viewer_id uuid        not null,
  seen_at   timestamptz not null,
  before_at timestamptz not null,
  primary key (school_id, pupil_id, viewer_id)
);

select core.tenant_table('core.diary_seen', 'select, insert, update');

alter table core.diary_seen add foreign key (school_id, pupil_id) references core.person (school_id, id);
