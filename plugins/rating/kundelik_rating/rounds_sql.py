"""The statements about where groups stand; row security keeps each to the school of the call."""

from typing import Final

__all__ = [
    "EDITION",
    "GATE",
    "GATE_THERE",
    "GROUPS",
    "OPEN_OF",
    "RESULTS",
    "ROLL",
    "SAVE_ROUNDS",
    "SAVE_SNAPSHOTS",
    "SAVE_STANDINGS",
    "STATES",
    "STRIKE",
]

GATE_THERE: Final = "insert into gate (school_id) values ($1) on conflict (school_id) do nothing"

GATE: Final = "select 1 from gate where school_id = $1 for update"

EDITION: Final = "update gate set edition = edition + 1 where school_id = $1"

# The groups of a year ($1) with results in a period ($2) that may be compared, and were not seen to
# on a set day ($3) yet. Both views are read once, whole: of a school that was filled a moment ago
# PostgreSQL believes that it is empty, and would read one anew for each row of the other.
GROUPS: Final = """
with r as materialized (
  select x.group_id, min(x.rating_metric) as rating_metric,
         min(x.scale_low)::integer as scale_low, min(x.scale_high)::integer as scale_high
    from core_api.result_v1 x
   where x.period = $2 and x.rating_metric <> 'none'
   group by x.group_id),
g as materialized (
  select x.group_id, x.subject_code from core_api.group_v1 x where x.school_year = $1)
select g.group_id, g.subject_code, r.rating_metric, r.scale_low, r.scale_high
  from g
  join r on r.group_id = g.group_id
  left join round k on k.group_id = g.group_id and k.period = $2
 where (k.asked_on is null or (k.asked_on < $3 and not k.closed))
 order by g.group_id
"""

# Who is in groups ($1) on a day ($2), without those whose families do not want them counted.
ROLL: Final = """
select n.group_id, n.student_id
  from core_api.enrolment_v1 n
 where n.kind = 'group' and n.group_id = any($1::uuid[])
   and n.begin_date <= $2 and (n.end_date is null or n.end_date >= $2)
   and not exists (select from opt_out o where o.student_id = n.student_id and o.until is null)
"""

# Their results of a period ($2). Apart from the roll: no plan could join two views row by row.
# What those have who are not to be counted is not even read.
RESULTS: Final = """
select x.group_id, x.student_id, x.exact_numerator as top, x.exact_denominator as bottom,
       x.works_counted as marks
  from core_api.result_v1 x
 where x.period = $2 and x.group_id = any($1::uuid[]) and x.exact_numerator is not null
   and not exists (select from opt_out o where o.student_id = x.student_id and o.until is null)
"""

# Where groups ($1) stand in a period ($2): a row for each child that is counted by name.
STATES: Final = """
select k.group_id, k.school_year, k.metric, k.scale_low, k.scale_high, k.asked_on, k.outcome,
       k.alike, k.closed, k.nameless, p.number, p.day, p.middle, p.spread, s.student_id,
       s.results[cardinality(s.results)] as result, s.marks
  from round k
  left join lateral (select n.number, n.day, n.middle, n.spread from snapshot n
                      where n.school_id = k.school_id and n.group_id = k.group_id
                        and n.period = k.period
                      order by n.number desc limit 1) p on true
  left join standing s
    on s.school_id = k.school_id and s.group_id = k.group_id and s.period = k.period and s.counted
 where k.group_id = any($1::uuid[]) and k.period = $2
"""

# Rounds that are still open and count one of some children ($1); with a day ($2) only those of
# groups in which the child is no longer on that day.
OPEN_OF: Final = """
select s.period, s.group_id
  from standing s
  join round k
    on k.school_id = s.school_id and k.group_id = s.group_id and k.period = s.period
 where s.student_id = $1 and s.counted and not k.closed
   and ($2::date is null or not exists (
         select from core_api.enrolment_v1 e
          where e.kind = 'group' and e.student_id = $1 and e.group_id = s.group_id
            and e.begin_date <= $2 and (e.end_date is null or e.end_date > $2)))
"""

SAVE_ROUNDS: Final = """
insert into round as k (school_id, group_id, period, school_year, metric, scale_low, scale_high,
                        asked_on, outcome, alike, closed, nameless)
select $1, x.group_id, $2, x.school_year, x.metric, x.scale_low, x.scale_high, x.asked_on,
       x.outcome, x.alike, x.closed, string_to_array(x.nameless, ' ')
  from unnest($3::uuid[], $4::smallint[], $5::text[], $6::smallint[], $7::smallint[], $8::date[],
              $9::text[], $10::boolean[], $11::boolean[], $12::text[])
    as x (group_id, school_year, metric, scale_low, scale_high, asked_on, outcome, alike, closed,
          nameless)
on conflict (school_id, group_id, period) do update
   set asked_on = excluded.asked_on, outcome = excluded.outcome, alike = excluded.alike,
       closed = excluded.closed, nameless = excluded.nameless
"""

SAVE_SNAPSHOTS: Final = """
insert into snapshot (school_id, group_id, period, number, day, middle, spread)
select $1, x.group_id, $2, x.number, x.day, x.middle, x.spread
  from unnest($3::uuid[], $4::smallint[], $5::date[], $6::text[], $7::text[])
    as x (group_id, number, day, middle, spread)
"""

SAVE_STANDINGS: Final = """
insert into standing as s (school_id, student_id, group_id, period, marks, numbers, results, bands)
select $1, x.student_id, x.group_id, $2, x.marks, array[x.number], array[x.result], array[x.band]
  from unnest($3::uuid[], $4::uuid[], $5::integer[], $6::smallint[], $7::text[], $8::text[])
    as x (student_id, group_id, marks, number, result, band)
on conflict (school_id, student_id, group_id, period) do update
   set marks = excluded.marks, numbers = s.numbers || excluded.numbers,
       results = s.results || excluded.results, bands = s.bands || excluded.bands
"""

# Takes names off the lists; the count of works went with the last publication.
STRIKE: Final = """
update standing s set counted = false, marks = 0
  from unnest($2::uuid[], $3::uuid[]) as x (group_id, student_id)
 where s.student_id = x.student_id and s.group_id = x.group_id and s.period = $1
"""
