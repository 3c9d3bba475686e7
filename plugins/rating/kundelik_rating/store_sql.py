"""The statements of what pages show; row security keeps each to the school of the call."""

from typing import Final

__all__ = [
    "CHOOSE",
    "FAMILY",
    "FIRST",
    "HOME",
    "LOOKS",
    "OPT_IN",
    "OPT_OUT",
    "PERIODS",
    "STRIP",
]

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

# %(now)s, %(feature)s, %(viewer)s: places of the parameters. What is open to a school is so to all.
_FAMILY: Final = """
select coalesce(c.hidden, false) as hidden, coalesce(c.dismissed, false) as dismissed,
       exists (select from opt_out o where o.student_id = $1 and o.until is null) as opted_out,
       t.scopes, t.begins, t.ends, t.graces, d.c_scopes, d.c_years, d.c_periods, d.c_days, d.c_on
  from (select array_agg(e.scope order by e.begins_at, e.scope) as scopes,
               array_agg(e.begins_at order by e.begins_at, e.scope) as begins,
               array_agg(e.ends_at order by e.begins_at, e.scope) as ends,
               array_agg(e.grace_at order by e.begins_at, e.scope) as graces
          from core_api.entitlement_v1 e
         where (e.student_id = $1 or e.student_id is null) and e.feature = %(feature)s
           and (e.only_for is null or %(viewer)s in (e.only_for, e.student_id))
           and (e.ends_at is null or e.ends_at > %(now)s - interval '1 year')) t
 cross join (select array_agg(g.scope order by g.day, g.scope) as c_scopes,
                    array_agg(g.school_year order by g.day, g.scope) as c_years,
                    array_agg(g.period order by g.day, g.scope) as c_periods,
                    array_agg(g.days order by g.day, g.scope) as c_days,
                    array_agg(g.day order by g.day, g.scope) as c_on
               from credit g
              where g.student_id = $1 and g.days > 0) d
  left join choice c on c.student_id = $1
"""

FAMILY: Final = _FAMILY % {"now": "$2::timestamptz", "feature": "$3", "viewer": "$4::uuid"}

# Whoever is not on the list of a period gets no number of the group, only that there is one.
# %(line)s: the child's own lines, whole or their ends. What is known beforehand is said in arrays:
# those go into views, and to the keys of tables; for a join each would be read whole. Views are
# read once, and not for each row that they are joined to.
# All of it is one text, since its many small arrays take the time to be sent and read one by one;
# in the order of ``store.Told``.
_LOOKS: Final = """
with own as materialized (
  select o.group_id, o.period, %(line)s from standing o where o.student_id = $1),
w as materialized (
  select e.group_id, min(e.begin_date) as begins, max(coalesce(e.end_date, 'infinity')) as ends
    from (select m.group_id, m.begin_date, m.end_date from core_api.enrolment_v1 m
           where m.student_id = $1 and m.kind = 'group'
          union all
          select o.group_id, 'infinity', '-infinity' from own o) e
   group by e.group_id),
g as materialized (
  select x.group_id, x.period_kind, x.subject_code, x.subject_kk, x.subject_ru, x.subject_en
    from core_api.group_v1 x where x.group_id = any(array(select w.group_id from w))),
p as materialized (
  %(periods)s)
select coalesce(json_agg(
         json_build_array(k.group_id, k.school_year, g.subject_code, g.subject_kk, g.subject_ru,
                          g.subject_en, g.period_kind, k.period, p.begin_date, p.end_date, k.metric,
                          k.scale_low, k.scale_high, k.outcome, v.looks, s.group_id is not null,
                          v.published)
         order by g.subject_code, k.group_id, p.begin_date), '[]')::text as rated
  from w
  join round k
    on k.group_id = w.group_id and k.group_id = any(array(select w.group_id from w))
   and k.school_year = %(year)s
  join g on g.group_id = k.group_id
  join p on p.period = k.period
  left join own s on s.group_id = k.group_id and s.period = k.period
 cross join lateral (
         select count(*) > 0 as published,
                coalesce(json_agg(
                  json_build_array(n.day, s.results[i.at], s.bands[i.at], n.middle, n.spread)
                  order by n.number) filter (where i.at is not null), '[]') as looks
           from snapshot n
          cross join lateral (select array_position(s.numbers, n.number) as at) i
          where n.group_id = k.group_id and n.period = k.period) v
 where (s.group_id is not null or (w.begins <= p.end_date and w.ends >= p.begin_date))
   and (%(period)s is null or k.period = %(period)s)
"""

_WHOLE: Final = "o.numbers, o.results, o.bands"

_ENDS: Final = """
         o.numbers[cardinality(o.numbers) - 1:] as numbers,
         o.results[cardinality(o.results) - 1:] as results,
         o.bands[cardinality(o.bands) - 1:] as bands
"""

# The periods of a year.
_YEAR: Final = (
    "select x.period, x.begin_date, x.end_date from core_api.period_v1 x where x.school_year = %s"
)

LOOKS: Final = _LOOKS % {
    "line": _WHOLE,
    "year": "$2::smallint",
    "periods": _YEAR % "$2::smallint",
    "period": "$3::text",
}

_STRIP: Final = _LOOKS % {
    "line": _ENDS,
    "year": "$2::smallint",
    "periods": _YEAR % "$2::smallint",
    "period": "null::text",
}

_STRIP_FAMILY: Final = _FAMILY % {
    "now": "$3::timestamptz", "feature": "$4", "viewer": "$5::uuid",
}  # fmt: skip

STRIP: Final = f"select f.*, l.* from ({_STRIP_FAMILY}) f cross join ({_STRIP}) l"

# With what the store asks of the family itself, in one statement: a message less for each page.
# Names of children ($5), and periods of a year ($6) that are not over on a day ($7). The array
# is unpacked so that a plan for any number of children looks no dearer than one for these: else
# PostgreSQL makes it anew each time, which takes longer than all that it finds.
_HOME: Final = f"""
select f.*, json_build_object(
         'children', (
           select coalesce(json_agg(json_build_object('id', s.student_id, 'name', s.given_name)
                                    order by s.sort_key), '[]')
             from core_api.student_v1 s
            where s.student_id = any(array(select unnest($5::uuid[])))),
         'periods', (
           select coalesce(json_agg(json_build_object(
                    'code', y.period, 'begins', y.begin_date, 'ends', y.end_date)), '[]')
             from year y where y.end_date >= $7),
         'edition', coalesce((select g.edition from gate g), 0))::text as told
  from ({FAMILY}) f
"""

_THIS_YEAR: Final = f"with year as materialized ({_YEAR % '$6::smallint'})"

HOME: Final = f"{_THIS_YEAR} {_HOME}"

_ALL: Final = _LOOKS % {
    "line": _WHOLE,
    "year": "$6::smallint",
    "periods": "select y.* from year y",
    "period": "null::text",
}

# The same with all that is published: for who has looked at none of it lately.
FIRST: Final = f"{_THIS_YEAR} select h.*, l.* from ({_HOME}) h cross join ({_ALL}) l"
