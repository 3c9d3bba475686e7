-- When each scheduled job of a plugin ran last, by the time zone in which its hours are meant.
create table jobs.schedule (
  plugin   text        not null,
  job      text        not null,
  zone     text        not null,
  fired_at timestamptz not null,
  primary key (plugin, job, zone)
);

grant select, insert, update, delete on jobs.schedule to kundelik_app;
