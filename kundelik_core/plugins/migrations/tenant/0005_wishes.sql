-- Which plugins may ask the core for entitlements, as their approved manifests say: pays is true for those that take
-- money, the others may only give back days of their own features.
create table core_plugins.may_wish (
  plugin text    primary key,
  pays   boolean not null
);

-- What plugins have asked for, in their own transactions, and what came of it. Which order a payment belongs to is known
-- by the plugin that asked for it first: nobody else may refund it.
create table core.plugin_wish (
  school_id      integer     not null,
  plugin         text        not null,
  kind           text        not null check (kind in ('Bought', 'Refunded', 'Returned', 'Absorbed', 'DisputeOpened',
                                                      'DisputeWon', 'DisputeLost', 'RenewalEnded', 'Credited')),
  -- What it is about, such as a line of an order, and which refund, dispute or pupil of it.
  ref            text        not null check (length(ref) between 1 and 80),
  about          text        not null default '' check (length(about) <= 100),
  body           jsonb       not null check (octet_length(body::text) <= 4000),
  asked_at       timestamptz not null,
  state          text        not null default 'pending' check (state in ('pending', 'done', 'refused')),
  -- The code of what kept it from being fulfilled, or why a payment led to nothing; and the same in English.
  reason         text        not null default '',
  told           text        not null default '',
  entitlement_id uuid,
  tries          integer     not null default 0,
  tried_at       timestamptz,
  settled_at     timestamptz,
  primary key (school_id, plugin, kind, ref, about),
  check ((state = 'pending') = (settled_at is null))
);

select core.tenant_table('core.plugin_wish', 'select');

grant update (state, reason, told, entitlement_id, tries, tried_at, settled_at) on core.plugin_wish to kundelik_app;

alter table core.plugin_wish add foreign key (school_id, entitlement_id) references core.entitlement (school_id, id);

create index plugin_wish_pending on core.plugin_wish (school_id, plugin, asked_at) where state = 'pending';

-- Asked within the plugin's own transaction. The same wish asked again is one wish.
create function core_api.ask(kind text, ref text, body jsonb) returns void
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  school integer := core_api.current_school();
  asking text := (select w.plugin from core_plugins.may_wish w where 'p_' || w.plugin = session_user::text);
begin
  if school is null or asking is null then
    raise insufficient_privilege using message = 'this plugin cannot ask for entitlements here';
  end if;
  if kind <> 'Credited' and not (select w.pays from core_plugins.may_wish w where w.plugin = asking) then
    raise insufficient_privilege using message = 'only plugins of the kind payment tell of money';
  end if;
  if kind = 'Credited' and starts_with(body ->> 'feature', asking || '.') is not true then
    raise insufficient_privilege using message = 'days are given back for features of one''s own';
  end if;
  if (body ->> 'type', body ->> 'ref') is distinct from (kind, ref) then
    raise invalid_parameter_value using message = 'the wish says something else than its kind and number';
  end if;
  insert into core.plugin_wish (school_id, plugin, kind, ref, about, body, asked_at)
  values (school, asking, kind, ref,
          case when kind in ('Refunded', 'Returned', 'Absorbed') then body ->> 'cause'
               when kind in ('DisputeOpened', 'DisputeWon', 'DisputeLost') then body ->> 'dispute'
               when kind = 'Credited' then body ->> 'student_id'
               else '' end,
          body, clock_timestamp())
  on conflict do nothing;
end $$;

-- Which wishes wait for longer than the call that asked for them: the housekeeping of workers looks for them in every
-- school, as the only one who may.
create function core_plugins.waiting_wishes(seconds integer) returns table (school_id integer, plugin text)
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  select distinct w.school_id, w.plugin
    from core.plugin_wish w
   where w.state = 'pending' and w.asked_at < clock_timestamp() - make_interval(secs => seconds)
   order by 1, 2
$$;

revoke all on function core_api.ask(text, text, jsonb), core_plugins.waiting_wishes(integer) from public;

grant execute on function core_plugins.waiting_wishes(integer) to kundelik_app;

create view core_api.wish_v1 with (security_barrier) as
select w.school_id, w.kind, w.ref, w.about, w.state, w.reason, w.told, w.entitlement_id, w.asked_at, w.settled_at
  from core.plugin_wish w
 where w.school_id = (select core_api.current_school()) and 'p_' || w.plugin = session_user::text;

-- What is in force: a row for each stretch of time, seats as the pupils who sit on them, and no word on how it came.
-- Two arms, so that a condition on the pupil finds an index in each.
create view core_api.entitlement_v1 with (security_barrier) as
select g.school_id, g.entitlement_id, g.student_id, g.feature, g.scope, lower(t.piece) as begins_at,
       upper(t.piece) as ends_at,
       case when g.grace_from < coalesce(upper(t.piece), 'infinity') then g.grace_from end as grace_at
  from (select e.school_id, e.id as entitlement_id, e.pupil_id as student_id, e.feature, e.scope, e.grace_from,
               e.valid_from as begins, least(e.valid_until, e.revoked_at) as ends
          from core.entitlement e
         where e.seats is null and e.school_id = (select core_api.current_school())
        union all
        select e.school_id, e.id, s.pupil_id, e.feature, e.scope, e.grace_from, greatest(e.valid_from, s.begins),
               least(e.valid_until, e.revoked_at, s.ends)
          from core.entitlement_seat s
          join core.entitlement e on e.school_id = s.school_id and e.id = s.entitlement_id
         where s.school_id = (select core_api.current_school())) g
 cross join lateral unnest(
         case when g.begins < coalesce(g.ends, 'infinity') then tstzmultirange(tstzrange(g.begins, g.ends))
              else tstzmultirange() end
         - (select coalesce(range_agg(tstzrange(p.begins, p.ends)), tstzmultirange())
              from core.entitlement_pause p
             where p.school_id = g.school_id and p.entitlement_id = g.entitlement_id)) as t (piece)
 where exists (select from core_plugins.may_wish w where 'p_' || w.plugin = session_user::text and w.pays)
    or 'p_' || split_part(g.feature, '.', 1) = session_user::text;

-- The core's own account of what was paid, for the reports of those who take money; each sees its own orders.
create view core_api.money_v1 with (security_barrier) as
select s.school_id, s.order_ref, s.sku, s.currency, s.amount_minor, s.refunded_minor, s.returned_minor,
       s.absorbed_minor, s.held_minor, s.dispute_ref, s.entitlement_id, s.sold_at
  from core.sale s
  join core.plugin_wish w on w.school_id = s.school_id and w.kind = 'Bought' and w.ref = s.order_ref
   and w.about = '' and w.state = 'done'
  join core_plugins.may_wish m on m.plugin = w.plugin and m.pays
 where s.school_id = (select core_api.current_school()) and 'p_' || w.plugin = session_user::text;

comment on view core_api.entitlement_v1 is 'entitlement.v1';

comment on view core_api.money_v1 is 'money.v1';

comment on view core_api.wish_v1 is 'wish.v1';
