-- What plugins may read of the core, and how PostgreSQL knows for which school they ask. The schemas core_api and
-- core_plugins are made by the migration runner. Plugins have a login each; nothing here is granted to them: a plugin's
-- provisioning grants the views that its approved scopes name.

-- A key of the signed context, as the two padded blocks of HMAC-SHA256. Nobody but the owner reads it.
create table core_plugins.context_key (
  id           text primary key check (id ~ '^[0-9a-f]{8}$'),
  inner_pad    bytea       not null check (length(inner_pad) = 64),
  outer_pad    bytea       not null check (length(outer_pad) = 64),
  installed_at timestamptz not null default now(),
  expires_at   timestamptz not null default 'infinity'
);

-- Which files of which plugin were applied; a plugin that was put aside keeps its lines under its new schema name.
create table core_plugins.migration (
  schema     text        not null,
  id         text        not null,
  sha        bytea       not null,
  applied_at timestamptz not null default now(),
  primary key (schema, id)
);

-- HMAC-SHA256 from the built-in sha256, since no extension is relied on. Both sides are hashed once more with the key
-- before they are compared: how long the comparison takes then tells nothing about the right value.
-- The body is parsed here and now, so that no search path of a caller can change what it means.
create function core_plugins.signed(message text, key text, mac text) returns boolean
language sql stable
return coalesce((
  select sha256(k.outer_pad || convert_to(mac, 'UTF8'))
         = sha256(k.outer_pad || convert_to(encode(sha256(k.outer_pad || sha256(k.inner_pad || convert_to(message, 'UTF8'))),
                                                   'hex'), 'UTF8'))
    from core_plugins.context_key k
   where k.id = key and k.expires_at > statement_timestamp()), false);

-- The school of the signed context role:school:expires:key:mac, or null, which is no school at all. Bound to the login:
-- a token of another plugin is worth nothing. Nothing is converted before the signature is right.
create function core_api.current_school() returns integer
language sql stable security definer
return (
  select case
           when c.p[1] = session_user::text and core_plugins.signed(
                  c.p[1] || ':' || c.p[2] || ':' || c.p[3] || ':' || c.p[4], c.p[4], c.p[5])
           then case when c.p[3]::bigint > extract(epoch from statement_timestamp()) then c.p[2]::integer end
         end
    from (select string_to_array(current_setting('kundelik.ctx', true), ':') as p) c
   where array_length(c.p, 1) = 5);

-- A plugin's migration writes its own ledger line in its own transaction, but only with the runner's signature over it.
create function core_api.record_migration(file text, digest bytea, expires bigint, key text, mac text) returns void
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
  if session_user !~ '^p_[a-z][a-z0-9_]{2,29}_owner$'
     or expires <= extract(epoch from statement_timestamp())
     or not core_plugins.signed(
       format('migration %s %s %s %s %s', session_user, file, encode(digest, 'hex'), expires, key), key, mac)
  then
    raise insufficient_privilege using message = 'this migration was not signed by the runner';
  end if;
  insert into core_plugins.migration (schema, id, sha)
  values (regexp_replace(session_user, '^p_(.*)_owner$', 'plugin_\1'), file, digest);
end $$;

-- Ends what plugins left running: a role's timeouts are defaults that it can raise for itself.
create function core_plugins.end_sessions(transaction_seconds integer, session_seconds integer)
returns table (login text, pid integer, seconds integer, reason text)
language sql volatile security definer set search_path = pg_catalog, pg_temp as $$
  with session as (
    select a.usename::text as login, a.pid, q.reason,
           extract(epoch from clock_timestamp() - case q.reason when 'session' then a.backend_start
                                                   else coalesce(a.xact_start, a.state_change, a.backend_start) end)::integer
             as seconds
      from pg_stat_activity a
      join pg_roles r on r.oid = a.usesysid
      -- An advisory lock outlives its transaction, and anybody can take one that the core waits for.
     cross join lateral (
           select case when a.state = 'idle'
                        and not exists (select from pg_locks l where l.pid = a.pid and l.locktype = 'advisory')
                       then 'session' else 'transaction' end as reason) q
     where a.datname = current_database() and r.rolname ~ '^p_[a-z][a-z0-9_]{2,29}$' and r.rolname !~ '_owner$'
       and pg_has_role(current_user, r.oid, 'usage')
  ),
  -- A list of its own: nothing is ended before it is known to be too old.
  old as materialized (
    select * from session
     where seconds > case reason when 'session' then session_seconds else transaction_seconds end
  )
  select login, pid, seconds, reason from old where pg_terminate_backend(pid, 1000)
$$;

revoke all on all functions in schema core_plugins, core_api from public;


grant execute on function core_plugins.end_sessions(integer, integer) to kundelik_app;
