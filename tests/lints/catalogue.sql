-- What a sharded, multi-school schema must hold to; every row that comes back is a violation.
-- $1: the schema. $2: names of its reference tables (few, written by deployments only).
with
relation as (
  select c.oid, c.relname, c.relispartition, c.relrowsecurity, c.relforcerowsecurity, c.relowner,
         (select attnum from pg_attribute
           where attrelid = c.oid and attname = 'school_id' and not attisdropped) as school
    from pg_class c
   where c.relnamespace = $1::text::regnamespace and c.relkind in ('r', 'p')
),
tenant as (
  select * from relation where school is not null and relname <> all ($2::text[])
),
expected(policy) as (
  values ('(school_id = (NULLIF(current_setting(''app.school_id''::text, true), ''''::text))::integer)')
),
policy as (
  select p.polrelid, p.polname, p.polcmd, p.polpermissive, p.polqual is not null as has_qual,
         coalesce(pg_get_expr(p.polqual, p.polrelid), '') as qual,
         coalesce(pg_get_expr(p.polwithcheck, p.polrelid), '') as checked
    from pg_policy p
),
violation(relname, what) as (
  select relname, 'no school_id, and not a declared reference table'
    from relation where school is null and relname <> all ($2::text[])
  union all
  select relname, 'a reference table with a school_id'
    from relation where school is not null and relname = any ($2::text[])
  union all
  select relname, 'school_id is not integer not null'
    from tenant join pg_attribute a on a.attrelid = oid and a.attnum = school
   where a.atttypid <> 'int4'::regtype or not a.attnotnull
  union all
  select relname, 'school_id has a default'
    from tenant join pg_attrdef d on d.adrelid = tenant.oid and d.adnum = school
  union all
  select relname, 'no primary key'
    from tenant where not exists (select from pg_index where indrelid = tenant.oid and indisprimary)
  union all
  select relname, 'unique index without school_id: ' || i.indexrelid::regclass
    from tenant join pg_index i on i.indrelid = tenant.oid
   where i.indisunique and not school = any (i.indkey::int2[])
  union all
  select relname, 'index does not start with school_id: ' || i.indexrelid::regclass
    from tenant join pg_index i on i.indrelid = tenant.oid
   where (i.indkey::int2[])[0] <> school
  union all
  select relname, 'exclusion constraint without school_id: ' || conname
    from tenant join pg_constraint on conrelid = tenant.oid
   where contype = 'x' and not school = any (conkey)
  union all
  select a.relname, 'foreign key to a school''s table without the pair of school_id: ' || conname
    from tenant a
    join pg_constraint c on c.conrelid = a.oid and contype = 'f'
    join tenant b on b.oid = c.confrelid
   where not exists (
           select from unnest(conkey, confkey) u(mine, theirs)
            where mine = a.school and theirs = b.school)
  union all
  select a.relname, 'foreign key from a reference table to a school''s table: ' || conname
    from relation a
    join pg_constraint c on c.conrelid = a.oid and contype = 'f'
    join tenant b on b.oid = c.confrelid
   where a.relname = any ($2::text[])
  union all
  select relname, 'foreign key action SET NULL, SET DEFAULT or ON UPDATE: ' || conname
    from tenant join pg_constraint on conrelid = tenant.oid
   where contype = 'f' and school = any (conkey)
     and (confdeltype in ('n', 'd') or confupdtype in ('c', 'n', 'd'))
  union all
  select relname, 'trigger: ' || tgname
    from tenant join pg_trigger on tgrelid = tenant.oid where not tgisinternal
  union all
  select relname, 'rule: ' || rulename from tenant join pg_rewrite on ev_class = tenant.oid
  union all
  select relname, 'counter smaller than bigint: ' || attname
    from tenant
    join pg_attribute a on a.attrelid = tenant.oid and a.attnum > 0
    left join pg_attrdef d on d.adrelid = tenant.oid and d.adnum = a.attnum
   where a.atttypid in ('int4'::regtype, 'int2'::regtype)
     and (attidentity <> '' or pg_get_expr(d.adbin, d.adrelid) like 'nextval(%')
  union all
  select relname, 'row security is off' from tenant where not relrowsecurity
  union all
  -- A partition is reached through its parent; alone, without a policy, it shows no row at all.
  select relname, 'no policy for the school'
    from tenant
   where not relispartition
     and not exists (
           select from policy, expected
            where polrelid = tenant.oid and polcmd = '*' and polpermissive
              and qual = expected.policy and checked in ('', expected.policy))
  union all
  select relname, 'policy that says anything but the school: ' || polname
    from tenant join policy on polrelid = tenant.oid, expected
   where (has_qual and qual <> expected.policy) or checked not in ('', expected.policy)
      or not (has_qual or checked = expected.policy)
  union all
  select relname, 'FORCE ROW SECURITY with an owner that has no BYPASSRLS'
    from tenant join pg_roles r on r.oid = relowner
   where relforcerowsecurity and not rolbypassrls and not rolsuper
  union all
  select c.relname, 'view without security_invoker shows every school'
    from pg_class c
   where c.relnamespace = $1::text::regnamespace and c.relkind = 'v'
     and not coalesce(c.reloptions, '{}') @> '{security_invoker=true}'
     and not coalesce(c.reloptions, '{}') @> '{security_invoker=on}'
     and not coalesce(c.reloptions, '{}') @> '{security_invoker=1}'
)
select relname::text as relation, what from violation order by 1, 2
