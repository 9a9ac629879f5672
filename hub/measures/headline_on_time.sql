-- title: Fixed on time
-- question: Of the requests opened in the last year that has ended that were due by now, in the groups of which that can be told, how many were fixed by the promised day?
-- unit: % of the requests that were due
-- caution: Counted among all that were due, not only among the closed; closing without a fix does not count. Left out are
--   requests without a target, groups whose late open requests cannot be told, and sensitive kinds, whose outcome is not
--   told: with them it may be higher or lower. Wilson 95 % interval.
with told as (
  select as_of_date as as_of from releases limit 1
), asked as (
  select max(year) as year from durations, told where year < substr(date(as_of, '+1 day'), 1, 4)
), begun as (
  -- a week counts in the month in which it begins, which may be the month before the first opening; days of tier A do not
  select case when min(month) filter (where tier = 'A') = strftime('%Y-%m', min(month) || '-01', '+1 month')
    then min(month) filter (where tier = 'A') else min(month) end as first_month from month_counts
), due as (
  select coalesce(sum(met_fixed), 0) as met, coalesce(sum(met_fixed + met_other + missed), 0) as n
  from on_time where is_countable and year = (select year from asked)
), targets as (
  select coalesce(sum(n - no_target), 0) as targeted from on_time
), wilson as (
  select *, 1.0 * met / nullif(n, 0) as p, 1.959964 * 1.959964 as z2 from due
), bounds as (
  select *, (p + z2 / (2 * n)) / (1 + z2 / n) as centre,
         1.959964 * sqrt(p * (1 - p) / n + z2 / (4.0 * n * n)) / (1 + z2 / n) as half
  from wilson
)
select case when n >= 11 then round(100 * p, 1) end as value,
       case when n >= 11 then round(100 * (centre - half), 1) end as low,
       case when n >= 11 then round(100 * (centre + half), 1) end as high,
       n, '% of the requests that were due' as unit, as_of,
       case when year is null then 'No year has ended yet.'
            when targeted = 0 then 'The city states no target.'
            when n < 11 then 'Fewer than 11 requests with a known due day: nothing is stated.'
       end as note,
       'opened in ' || year || case when first_month > year || '-01' then ', counted from ' || first_month || ' on' else '' end as period
from bounds, asked, told, targets, begun
