-- What a comparison of results needs, as before; but the group of each result is looked up by its key. Of a school that
-- was filled a moment ago PostgreSQL believes that it is empty, and read the results anew for each of its groups.
create or replace view core_api.result_v1 with (security_barrier) as
-- A scheme's text is long: taken apart once in a statement, and not for each result.
with scheme as materialized (
  select d.code, d.version, d.body ->> 'rating_metric' as metric,
         case d.body ->> 'rating_metric' when 'percent' then 0 when 'mean_mark' then k.low end as low,
         case d.body ->> 'rating_metric' when 'percent' then 100 when 'mean_mark' then k.high end as high
    from core.grading_scheme d
   cross join lateral (
         select min((kind ->> 'lowest')::numeric) as low, max((kind #>> '{max,fixed}')::numeric) as high
           from jsonb_array_elements(d.body -> 'kinds') as kind
          where exists (select from jsonb_array_elements(d.body -> 'terms') as term
                         where term -> 'kinds' ? (kind ->> 'code'))) k)
select r.school_id, r.pupil_id as student_id, r.group_id, r.period, r.percent, coalesce(r.given_mark, r.mark) as mark,
       r.mark as computed_mark, r.status, r.provisional, r.computed_at,
       s.metric as rating_metric, s.low as scale_low, s.high as scale_high,
       split_part(x.value, '/', 1)::numeric as exact_numerator,
       coalesce(nullif(split_part(x.value, '/', 2), ''), case when x.value is not null then '1' end)::numeric
         as exact_denominator,
       case when r.raw is not null
            then (select coalesce(sum((t.term ->> 6)::integer), 0)::integer from json_array_elements(r.terms) as t (term))
            when x.value is not null then 1 else 0 end as works_counted
  from core.period_result r
 cross join lateral (
       select t.scheme_code, t.scheme_version
         from core.teaching_group t
        where t.school_id = r.school_id and t.id = r.group_id offset 0) g
  join scheme s on s.code = g.scheme_code and s.version = g.scheme_version
 cross join lateral (
       select case when s.metric = 'none' then null when r.raw is not null then r.raw
                   when s.metric = 'mean_mark' and coalesce(r.given_mark, r.mark) ~ '^[0-9]{1,4}$'
                   then coalesce(r.given_mark, r.mark) end as value) x
 where r.school_id = (select core_api.current_school());
