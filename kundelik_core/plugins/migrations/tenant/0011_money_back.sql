-- A refund may fail after it was told as done: one more thing to be told.
alter table core.plugin_wish drop constraint plugin_wish_kind_check;

alter table core.plugin_wish add constraint plugin_wish_kind_check
  check (kind in ('Bought', 'Refunded', 'Returned', 'ReturnFailed', 'Absorbed', 'DisputeOpened', 'DisputeWon',
                  'DisputeLost', 'RenewalEnded', 'Credited'));

create or replace function core_api.ask(kind text, ref text, body jsonb) returns void
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
          case when kind in ('Refunded', 'Returned', 'ReturnFailed', 'Absorbed') then body ->> 'cause'
               when kind in ('DisputeOpened', 'DisputeWon', 'DisputeLost') then body ->> 'dispute'
               when kind = 'Credited' then body ->> 'student_id'
               else '' end,
          body, clock_timestamp())
  on conflict do nothing;
end $$;

-- What was paid for and is of no use any more: since when, why, to when it would have run, and what the paid time from
-- then on is worth, to the tiyn and rounded down. It is the reason that came first; whether it has come yet, and whether
-- the time is over anyway, the reader's clock says.
create or replace view core_api.money_v1 with (security_barrier) as
select s.school_id, s.order_ref, s.sku, s.currency, s.amount_minor, s.refunded_minor, s.returned_minor,
       s.absorbed_minor, s.held_minor, s.dispute_ref, s.entitlement_id, s.sold_at,
       i.reason as inert_reason, i.since as inert_since, i.ends_at as inert_ends_at, i.unused_minor
  from core.sale s
  join core.plugin_wish w on w.school_id = s.school_id and w.kind = 'Bought' and w.ref = s.order_ref
   and w.about = '' and w.state = 'done'
  join core_plugins.may_wish m on m.plugin = w.plugin and m.pays
  left join lateral (
    select r.reason, greatest(r.since, e.valid_from) as since, least(e.valid_until, e.revoked_at) as ends_at,
           case when e.valid_until is null then 0
                else (select coalesce(div(
                               (s.amount_minor - s.refunded_minor - s.absorbed_minor)
                               * sum(extract(epoch from greatest(upper(t.piece) - greatest(lower(t.piece), r.since),
                                                                 interval '0'))),
                               nullif(sum(extract(epoch from upper(t.piece) - lower(t.piece))), 0)), 0)::bigint
                        from unnest(
                               case when least(e.valid_until, e.revoked_at, e.grace_from) > e.valid_from
                                    then tstzmultirange(tstzrange(
                                           e.valid_from, least(e.valid_until, e.revoked_at, e.grace_from)))
                                    else tstzmultirange() end
                               - (select coalesce(range_agg(tstzrange(p.begins, p.ends)), tstzmultirange())
                                    from core.entitlement_pause p
                                   where p.school_id = e.school_id and p.entitlement_id = e.id)) as t (piece))
           end as unused_minor
      from core.entitlement e
      join core.school k on k.id = e.school_id
     cross join lateral (
        select f.reason, f.since
          from (values
                 ('disabled', (
                    select case when bool_and(o.off_at is not null) then max(o.off_at) end
                      from core.school_plugin o
                     where o.school_id = e.school_id and o.plugin = split_part(e.feature, '.', 1))),
                 ('no-guardianship', coalesce((
                    select (max(coalesce(g.to_date, 'infinity')) + 1)::timestamp at time zone k.time_zone
                      from core.guardianship g
                     where g.school_id = e.school_id and g.guardian_id = e.holder_id and g.pupil_id = e.pupil_id),
                    '-infinity')),
                 ('left', coalesce((
                    select (max(coalesce(b.to_date, 'infinity')) + 1)::timestamp at time zone k.time_zone
                      from core.membership b
                     where b.school_id = e.school_id and b.person_id = e.pupil_id and b.role = 'pupil'),
                    '-infinity'))) f (reason, since)
         where f.since < 'infinity'
         order by f.since, f.reason limit 1) r
     where e.school_id = s.school_id and e.id = s.entitlement_id and e.pupil_id is not null
       and e.holder_id is not null and s.dispute_ref is null
       and s.refunded_minor + s.absorbed_minor < s.amount_minor) i on true
 where s.school_id = (select core_api.current_school()) and 'p_' || w.plugin = session_user::text;
