-- One thing that was found. Who found it is forgotten when they leave.
create table thing (
  school_id integer not null,
  id        uuid    not null,
  what      text    not null check (char_length(what) between 1 and 100),
  place     text    not null check (char_length(place) <= 100),
  found_on  date    not null,
  finder_id uuid,
  primary key (school_id, id)
);

create index thing_day on thing (school_id, found_on);
