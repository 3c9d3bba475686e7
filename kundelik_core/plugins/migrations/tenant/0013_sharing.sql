-- A school may want that what one guardian has bought serves that guardian and the child alone. ``only_for`` is who that
-- is then; null where it serves all of the child's family, as what the school gives, and has bought, always does.
create or replace view core_api.entitlement_v1 with (security_barrier) as
select g.school_id, g.entitlement_id, g.student_id, g.feature, g.scope, lower(t.piece) as begins_at,
       upper(t.piece) as ends_at,
       case when g.grace_from < coalesce(upper(t.piece), 'infinity') then g.grace_from end as grace_at,
       g.only_for
  from (select e.school_id, e.id as entitlement_id, e.pupil_id as student_id, e.feature, e.scope, e.grace_from,
               e.valid_from as begins, least(e.valid_until, e.revoked_at) as ends,
               case when e.pupil_id is not null
                      and (select h.shared from core.guardian_sharing h
                            where h.school_id = e.school_id
                            order by h.since desc limit 1) is false
                    then e.holder_id end as only_for
          from core.entitlement e
         where e.seats is null and e.school_id = (select core_api.current_school())
        union all
        select e.school_id, e.id, s.pupil_id, e.feature, e.scope, e.grace_from, greatest(e.valid_from, s.begins),
               least(e.valid_until, e.revoked_at, s.ends), null::uuid
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

-- Said to whoever buys, before anything is paid. No row: all share.
create view core_api.sharing_v1 with (security_barrier) as
select h.school_id, h.shared
  from core.guardian_sharing h
 where h.school_id = (select core_api.current_school())
 order by h.since desc limit 1;

comment on view core_api.sharing_v1 is 'sharing.v1';
