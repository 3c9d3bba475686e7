-- Accounts live outside the tenant tables: one person may belong to several schools (scale.md 1.3).

create table directory.account (
  id                   uuid primary key,
  display_name         text        not null,
  password_hash        text,
  locale               text        not null default 'kk' check (locale in ('kk', 'ru', 'en')),
  theme                text        not null default 'auto' check (theme in ('auto', 'light', 'dark')),
  status               text        not null default 'active' check (status in ('active', 'blocked')),
  must_change_password boolean     not null default false,
  password_changed_at  timestamptz,
  created_at           timestamptz not null
);

create table directory.login (
  login      text primary key check (login = lower(login) and length(login) between 3 and 64),
  account_id uuid not null references directory.account (id)
);

create index login_account on directory.login (account_id);

-- What an account may be in a school; the school's own rows (core.person, core.membership) come first, these follow.
create table directory.account_school (
  account_id uuid    not null references directory.account (id),
  school_id  integer not null,
  person_id  uuid    not null,
  role       text    not null,
  from_date  date    not null,
  to_date    date,
  primary key (account_id, school_id, person_id, role)
);

-- Children of a guardian, with the name that the tab over the diary shows.
create table directory.account_child (
  account_id  uuid    not null references directory.account (id),
  school_id   integer not null,
  guardian_id uuid    not null,
  pupil_id    uuid    not null,
  given_name  text    not null,
  from_date   date    not null,
  to_date     date,
  primary key (account_id, school_id, pupil_id)
);

create table directory.platform_role (
  account_id  uuid not null references directory.account (id),
  role        text not null check (role in ('operator', 'region', 'vendor')),
  region_code text not null default '',
  primary key (account_id, role, region_code)
);

-- Only the hash of a token is kept; the application role reaches this table through the functions below.
create table directory.session (
  token_hash bytea primary key,
  account_id uuid        not null references directory.account (id),
  created_at timestamptz not null,
  seen_at    timestamptz not null,
  expires_at timestamptz not null,
  user_agent text        not null default '',
  address    text        not null default ''
);

create index session_account on directory.session (account_id);

create index session_expires on directory.session (expires_at);

-- One-time codes printed on activation slips.
create table directory.activation (
  code_hash  bytea primary key,
  account_id uuid        not null references directory.account (id),
  created_at timestamptz not null,
  expires_at timestamptz not null,
  used_at    timestamptz
);

create index activation_account on directory.activation (account_id);

-- Counters of attempts; lost in a crash on purpose, since they only slow down guessing.
create unlogged table directory.attempt (
  bucket    text primary key,
  n         integer     not null,
  resets_at timestamptz not null
);

create index attempt_resets on directory.attempt (resets_at);

create table directory.sign_in_log (
  id         uuid primary key,
  at         timestamptz not null,
  account_id uuid,
  outcome    text not null,
  address    text not null default ''
);

create index sign_in_log_account on directory.sign_in_log (account_id, at);

-- Everything a request must know of its sender, in one call. No row: no session.
create function directory.authenticate(token bytea, today date)
returns table (account_id uuid, display_name text, locale text, theme text, must_change_password boolean,
               expires_at timestamptz, seen_at timestamptz, memberships json, children json, platform json)
language sql stable security definer set search_path = directory, pg_temp as $$
  select a.id, a.display_name, a.locale, a.theme, a.must_change_password, s.expires_at, s.seen_at,
         (select coalesce(json_agg(json_build_array(m.school_id, m.person_id, m.role) order by m.school_id, m.role), '[]')
            from account_school m
           where m.account_id = a.id and m.from_date <= today and (m.to_date is null or m.to_date >= today)),
         (select coalesce(json_agg(json_build_array(c.school_id, c.guardian_id, c.pupil_id, c.given_name)
                                   order by c.given_name, c.pupil_id), '[]')
            from account_child c
           where c.account_id = a.id and c.from_date <= today and (c.to_date is null or c.to_date >= today)),
         (select coalesce(json_agg(json_build_array(p.role, p.region_code) order by p.role), '[]')
            from platform_role p where p.account_id = a.id)
    from session s join account a on a.id = s.account_id
   where s.token_hash = token and s.expires_at > now() and a.status = 'active'
$$;

create function directory.open_session(token bytea, account uuid, until timestamptz, agent text, addr text)
returns void language sql security definer set search_path = directory, pg_temp as $$
  insert into session (token_hash, account_id, created_at, seen_at, expires_at, user_agent, address)
  values (token, account, now(), now(), until, agent, addr)
$$;

create function directory.touch_session(token bytea, until timestamptz)
returns void language sql security definer set search_path = directory, pg_temp as $$
  update session set seen_at = now(), expires_at = until where token_hash = token
$$;

create function directory.close_session(token bytea)
returns uuid language sql security definer set search_path = directory, pg_temp as $$
  delete from session where token_hash = token returning account_id
$$;

create function directory.close_sessions(account uuid, keep bytea)
returns bigint language sql security definer set search_path = directory, pg_temp as $$
  with gone as (delete from session where account_id = account and token_hash is distinct from keep returning 1)
  select count(*) from gone
$$;

-- A session is named to its owner by a short digest of its hash, so that the hash itself never leaves.
create function directory.list_sessions(account uuid)
returns table (ref text, created_at timestamptz, seen_at timestamptz, user_agent text, address text)
language sql stable security definer set search_path = directory, pg_temp as $$
  select substr(md5(token_hash), 1, 16), created_at, seen_at, user_agent, address
    from session where account_id = account and expires_at > now() order by seen_at desc
$$;

create function directory.close_session_ref(account uuid, wanted text)
returns boolean language sql security definer set search_path = directory, pg_temp as $$
  with gone as (delete from session where account_id = account and substr(md5(token_hash), 1, 16) = wanted returning 1)
  select exists (select from gone)
$$;

create function directory.purge() returns bigint language sql security definer set search_path = directory, pg_temp as $$
  with s as (delete from session where expires_at < now() returning 1),
       a as (delete from attempt where resets_at < now() returning 1)
  select (select count(*) from s) + (select count(*) from a)
$$;

-- One atomic step per attempt, right over any number of workers.
create function directory.hit(key text, seconds integer) returns integer
language sql security definer set search_path = directory, pg_temp as $$
  insert into attempt as t (bucket, n, resets_at) values (key, 1, now() + make_interval(secs => seconds))
  on conflict (bucket) do update
     set n = case when t.resets_at < now() then 1 else t.n + 1 end,
         resets_at = case when t.resets_at < now() then excluded.resets_at else t.resets_at end
  returning n
$$;

-- The count without adding to it: what failures of an address are compared with.
create function directory.hits(key text) returns integer
language sql stable security definer set search_path = directory, pg_temp as $$
  select coalesce((select n from attempt where bucket = key and resets_at > now()), 0)
$$;

create function directory.forget_hits(key text) returns void
language sql security definer set search_path = directory, pg_temp as $$
  delete from attempt where bucket = key
$$;

grant select, insert, update on directory.account, directory.login, directory.account_school,
  directory.account_child, directory.activation to kundelik_app;

grant select on directory.platform_role, directory.sign_in_log to kundelik_app;

grant insert on directory.sign_in_log to kundelik_app;

revoke all on all functions in schema directory from public;

grant execute on all functions in schema directory to kundelik_app;
