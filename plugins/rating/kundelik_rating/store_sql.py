"""The statements of what pages show; row security keeps each to the school of the call."""

from typing import Final

__all__ = ["CHOOSE", "FAMILY", "LOOKS", "OPT_IN", "OPT_OUT", "PERIODS", "STRIP"]

PERIODS: Final = """
select p.period, p.begin_date, p.end_date
  from core_api.period_v1 p
 where p.school_year = $1 and p.period <> 'y'
 order by p.begin_date, p.period
"""

CHOOSE: Final = """
insert into choice as c (school_id, student_id, hidden, dismissed)
values ($1, $2, coalesce($3::boolean, false), coalesce($4::boolean, false))
on conflict (school_id, student_id) do update
   set hidden = coalesce($3::boolean, c.hidden), dismissed = coalesce($4::boolean, c.dismissed)
"""

# Out again on the day of coming back is as if nobody had come back.
OPT_OUT: Final = """
insert into opt_out as o (school_id, student_id, since)
select $1::integer, $2::uuid, $3::date
 where not exists (select from opt_out h where h.student_id = $2 and h.until is null)
on conflict (school_id, student_id, since) do update set until = null
"""

OPT_IN: Final = """
update opt_out set until = greatest($2::date, since) where student_id = $1 and until is null
"""

# %(now)s, %(feature)s: places of the parameters. Two arms for the licences, as the view has them.
_FAMILY: Final = """
select coalesce(c.hidden, false) as hidden, coalesce(c.dismissed, false) as dismissed,
       exists (select from opt_out o where o.student_id = $1 and o.until is null) as opted_out,
       t.scopes, t.begins, t.ends, t.graces, d.c_scopes, d.c_years, d.c_periods, d.c_days, d.c_on
  from (select array_agg(e.scope order by e.begins_at, e.scope) as scopes,
               array_agg(e.begins_at order by e.begins_at, e.scope) as begins,
               array_agg(e.ends_at order by e.begins_at, e.scope) as ends,
               array_agg(e.grace_at order by e.begins_at, e.scope) as graces
          from (select a.scope, a.begins_at, a.ends_at, a.grace_at
                  from core_api.entitlement_v1 a
                 where a.student_id = $1 and a.feature = %(feature)s
                union all
                select b.scope, b.begins_at, b.ends_at, b.grace_at
                  from core_api.entitlement_v1 b
                 where b.student_id is null and b.feature = %(feature)s) e
         where e.ends_at is null or e.ends_at > %(now)s - interval '1 year') t
 cross join (select array_agg(g.scope order by g.day, g.scope) as c_scopes,
                    array_agg(g.school_year order by g.day, g.scope) as c_years,
                    array_agg(g.period order by g.day, g.scope) as c_periods,
                    array_agg(g.days order by g.day, g.scope) as c_days,
                    array_agg(g.day order by g.day, g.scope) as c_on
               from credit g
              where g.student_id = $1 and g.days > 0) d
  left join choice c on c.student_id = $1
"""

FAMILY: Final = _FAMILY % {"now": "$2::timestamptz", "feature": "$3"}

# Whoever is not on the list of a period gets no number of the group, only that there is one.
# %(line)s: the child's own lines, whole or their ends. What is known beforehand is said in arrays:
# those go into views, and to the keys of tables; for a join each would be read whole.
_LOOKS: Final = """
with own as materialized (
  select o.group_id, o.period, %(line)s from standing o where o.student_id = $1),
w as materialized (
  select e.group_id, min(e.begin_date) as begins, max(coalesce(e.end_date, 'infinity')) as ends
    from (select m.group_id, m.begin_date, m.end_date from core_api.enrolment_v1 m
           where m.student_id = $1 and m.kind = 'group'
          union all
          select o.group_id, 'infinity', '-infinity' from own o) e
   group by e.group_id)
select k.group_id, k.school_year, k.period, k.metric, k.scale_low, k.scale_high, k.outcome,
       g.subject_code, g.subject_kk, g.subject_ru, g.subject_en, g.period_kind,
       p.begin_date, p.end_date, s.numbers, s.results, s.bands,
       v.published, v.shown, v.days, v.middles, v.spreads
  from w
  join round k
    on k.group_id = w.group_id and k.group_id = any(array(select w.group_id from w))
   and k.school_year = $2
  join core_api.group_v1 g
    on g.group_id = k.group_id and g.group_id = any(array(select w.group_id from w))
  join core_api.period_v1 p on p.school_year = k.school_year and p.period = k.period
  left join own s on s.group_id = k.group_id and s.period = k.period
 cross join lateral (
         select count(*) > 0 as published,
                array_agg(n.number order by n.number) filter (where n.number = any(s.numbers))
                  as shown,
                array_agg(n.day order by n.number) filter (where n.number = any(s.numbers)) as days,
                array_agg(n.middle order by n.number) filter (where n.number = any(s.numbers))
                  as middles,
                array_agg(n.spread order by n.number) filter (where n.number = any(s.numbers))
                  as spreads
           from snapshot n
          where n.group_id = k.group_id and n.period = k.period) v
 where s.group_id is not null or (w.begins <= p.end_date and w.ends >= p.begin_date)
"""

_WHOLE: Final = "o.numbers, o.results, o.bands"

_ENDS: Final = """
         o.numbers[cardinality(o.numbers) - 1:] as numbers,
         o.results[cardinality(o.results) - 1:] as results,
         o.bands[cardinality(o.bands) - 1:] as bands
"""

LOOKS: Final = (
    f"select * from ({_LOOKS % {'line': _WHOLE}}) l where $3::text is null or l.period = $3 "
    "order by l.subject_code, l.group_id, l.begin_date"
)

STRIP: Final = (
    f"select f.*, l.* from ({_FAMILY % {'now': '$3::timestamptz', 'feature': '$4'}}) f "
    f"left join ({_LOOKS % {'line': _ENDS}}) l on true "
    "order by l.subject_code, l.group_id, l.begin_date"
)
