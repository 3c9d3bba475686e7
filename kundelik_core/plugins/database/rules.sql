-- What the tables of a plugin must hold to; every row that comes back is a breach. Runs in the session of the plugin's
-- owner with nothing but pg_catalog on its path: the catalogue itself cannot be forged from there.
-- $1: the schema. $2: the login that is granted rights in it.
with
relation as (
  select c.oid as rel, c.relname, c.relkind, c.relpersistence, c.relacl, c.reloptions,
         c.relowner = (select oid from pg_roles where rolname = session_user) as own,
         (select attnum from pg_attribute
           where attrelid = c.oid and attname = 'school_id' and not attisdropped) as school
    from pg_class c
   where c.relnamespace = $1::text::regnamespace
),
tab as (select * from relation where relkind in ('r', 'p')),
breach(relname, what) as (
  select relname, 'must be a table, index, sequence, type or view'
    from relation where relkind not in ('r', 'p', 'i', 'I', 'S', 'v', 'c', 't')
  union all
  select relname, 'is a view without security_invoker: it would show more than its reader may see'
    from relation
   where relkind = 'v'
     and not coalesce(reloptions, '{}') && '{security_invoker=true,security_invoker=on,security_invoker=1}'::text[]
  union all
  select relname, 'is not kept over a crash (unlogged or temporary)' from relation where relpersistence <> 'p'
  union all
  select relname, 'does not belong to the plugin' from relation where not own
  union all
  select relname, 'has no school_id' from tab where school is null
  union all
  select relname, 'school_id must be integer not null'
    from tab join pg_attribute a on a.attrelid = rel and a.attnum = school
   where a.atttypid <> 'int4'::regtype or not a.attnotnull
  union all
  select relname, 'school_id must have no default'
    from tab join pg_attribute a on a.attrelid = rel and a.attnum = school
   where a.atthasdef or a.attidentity <> ''
  union all
  select relname, 'has no primary key'
    from tab where not exists (select from pg_index where indrelid = rel and indisprimary)
  union all
  select tab.relname, 'school_id must come first in ' || x.relname
    from tab join pg_index i on i.indrelid = tab.rel join pg_class x on x.oid = i.indexrelid
   where tab.school is not null and (i.indkey::int2[])[0] <> school
  union all
  select relname, 'foreign key ' || conname || ' leads out of the schema'
    from tab join pg_constraint k on k.conrelid = rel and k.contype = 'f'
   where not exists (select from tab other where other.rel = k.confrelid)
  union all
  select tab.relname, 'foreign key ' || conname || ' must pair school_id with school_id'
    from tab
    join pg_constraint k on k.conrelid = tab.rel and k.contype = 'f'
    join tab other on other.rel = k.confrelid
   where not exists (select from unnest(k.conkey, k.confkey) u(mine, theirs)
                      where u.mine = tab.school and u.theirs = other.school)
  union all
  select relname, 'is part of a table outside the schema'
    from tab join pg_inherits i on i.inhrelid = rel
   where not exists (select from tab other where other.rel = i.inhparent)
  union all
  select relname, 'has a trigger: ' || tgname from tab join pg_trigger on tgrelid = rel where not tgisinternal
  union all
  select relname, 'has a rule: ' || rulename from tab join pg_rewrite on ev_class = rel
  union all
  select relname, 'counts in less than bigint'
    from relation join pg_sequence on seqrelid = rel where seqtypid <> 'int8'::regtype
  union all
  select relname, 'is granted to ' || coalesce(r.rolname, 'everybody')
    from relation cross join lateral aclexplode(relacl) as acl
    left join pg_roles r on r.oid = acl.grantee
   where acl.grantee <> acl.grantor and coalesce(r.rolname, '') <> $2
  union all
  select relname, 'has a column granted to ' || coalesce(r.rolname, 'everybody')
    from relation join pg_attribute a on a.attrelid = rel
   cross join lateral aclexplode(a.attacl) as acl
    left join pg_roles r on r.oid = acl.grantee
  union all
  select proname, 'is a function: a plugin keeps its code in its package'
    from pg_proc where pronamespace = $1::text::regnamespace
  union all
  select oprname, 'is an operator' from pg_operator where oprnamespace = $1::text::regnamespace
  union all
  -- What was put aside of the same plugin lies in schemas of its owner too.
  select c.relname, 'lies outside the schema'
    from pg_class c
   where c.relowner = (select oid from pg_roles where rolname = session_user)
     and c.relnamespace not in (select oid from pg_namespace where nspowner = c.relowner)
     and c.relnamespace <> 'pg_toast'::regnamespace
)
select relname::text as relation, what::text as what from breach order by 1, 2
