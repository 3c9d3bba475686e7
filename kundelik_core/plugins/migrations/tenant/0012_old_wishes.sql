-- What is left of a wish that was settled long ago is its effect, which knows for itself that it was there. Only what
-- was bought stays: it says whose a payment is. Both find few rows: nearly all that is kept is of payments.
create index plugin_wish_settled on core.plugin_wish (school_id, settled_at)
  where settled_at is not null and (kind <> 'Bought' or state = 'refused');

create index plugin_wish_refused on core.plugin_wish (school_id, settled_at) where state = 'refused';

-- In every school, so many at most: the housekeeping of workers, as the only one who may.
create function core_plugins.forget_wishes(before timestamptz, most integer) returns bigint
language sql volatile security definer set search_path = pg_catalog, pg_temp as $$
  with old as (
    select w.school_id, w.plugin, w.kind, w.ref, w.about
      from core.plugin_wish w
     where w.settled_at < before and (w.kind <> 'Bought' or w.state = 'refused')
     limit most for update skip locked),
  gone as (
    delete from core.plugin_wish w using old o
     where w.school_id = o.school_id and w.plugin = o.plugin and w.kind = o.kind and w.ref = o.ref
       and w.about = o.about
    returning 1)
  select count(*) from gone
$$;

-- What a person has to look at: wishes that were refused since a moment, and those that were tried in vain many times.
create function core_plugins.wishes_in_trouble(since timestamptz, tries integer)
returns table (plugin text, state text, wishes bigint, schools bigint, school_id integer, kind text, ref text,
               reason text)
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  select x.plugin, x.state, x.wishes, x.schools, x.school_id, x.kind, x.ref, x.reason
    from (select w.plugin, w.state, w.school_id, w.kind, w.ref,
                 case when w.state = 'refused' then w.reason else left(w.told, 100) end as reason,
                 count(*) over both_of as wishes,
                 dense_rank() over (partition by w.plugin, w.state order by w.school_id)
                 + dense_rank() over (partition by w.plugin, w.state order by w.school_id desc) - 1 as schools,
                 row_number() over (partition by w.plugin, w.state order by w.tried_at desc) as nth
            from core.plugin_wish w
           where (w.state = 'refused' and w.settled_at >= since) or (w.state = 'pending' and w.tries >= $2)
          window both_of as (partition by w.plugin, w.state)) x
   where x.nth = 1
   order by 1, 2
$$;

revoke all on function core_plugins.forget_wishes(timestamptz, integer),
                       core_plugins.wishes_in_trouble(timestamptz, integer) from public;

grant execute on function core_plugins.forget_wishes(timestamptz, integer),
                          core_plugins.wishes_in_trouble(timestamptz, integer) to kundelik_app;
