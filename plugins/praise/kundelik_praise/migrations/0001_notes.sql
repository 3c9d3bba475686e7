-- One note of a teacher to a pupil. An anonymised note has no pupil and no words; it only counts.
create table note (
  school_id   integer     not null,
  id          uuid        not null,
  student_id  uuid,
  author_id   uuid,
  kind        text        not null check (kind in ('praise', 'remark')),
  group_id    uuid,
  body        text        not null check (char_length(body) <= 500),
  day         date        not null,
  written_at  timestamptz not null,
  archived_on date,
  primary key (school_id, id)
);

create index note_student on note (school_id, student_id, day);

create index note_author on note (school_id, author_id, day);

create index note_day on note (school_id, day);
