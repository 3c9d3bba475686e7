-- How a school looks, as a history: the latest row is what it looks like now.
create table core.school_appearance (
  school_id integer     not null,
  id        uuid        not null,
  theme     text        not null default '' check (theme ~ '^([a-z][a-z0-9_]{2,29})?$'),
  accent    text        not null default '' check (accent ~ '^([0-9a-f]{6})?$'),
  second    text        not null default '' check (second ~ '^([0-9a-f]{6})?$'),
  logo      text        not null default '' check (logo ~ '^([0-9a-f]{16})?$'),
  set_at    timestamptz not null,
  set_by    uuid,
  primary key (school_id, id)
);

select core.tenant_table('core.school_appearance', 'select, insert');

-- Under the digest of its bytes, so that browsers may keep it.
create table core.school_logo (
  school_id  integer     not null,
  digest     text        not null check (digest ~ '^[0-9a-f]{16}$'),
  media_type text        not null check (media_type in ('image/svg+xml', 'image/png', 'image/webp')),
  content    bytea       not null check (octet_length(content) between 1 and 65536),
  set_at     timestamptz not null,
  primary key (school_id, digest)
);

select core.tenant_table('core.school_logo', 'select, insert, delete');

-- The latest row of every school, for processes that dress pages of all of them and ask nothing per request.
create table core.school_look (
  id         integer     primary key,
  theme      text        not null,
  accent     text        not null,
  second     text        not null,
  logo       text        not null,
  changed_at timestamptz not null
);

select core.reference_table('core.school_look');

-- Takes no school: it is that of the transaction, whatever the caller wishes.
create function core.show_look() returns void
language sql security definer set search_path = core, pg_temp as $$
  insert into school_look (id, theme, accent, second, logo, changed_at)
  select a.school_id, a.theme, a.accent, a.second, a.logo, a.set_at
    from school_appearance a
   where a.school_id = nullif(current_setting('app.school_id', true), '')::int
   order by a.set_at desc, a.id desc limit 1
  on conflict (id) do update set theme = excluded.theme, accent = excluded.accent,
    second = excluded.second, logo = excluded.logo, changed_at = excluded.changed_at
$$;

revoke all on function core.show_look() from public;

grant execute on function core.show_look() to kundelik_app;
