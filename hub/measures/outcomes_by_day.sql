-- title: How requests ended, day by day
-- question: So many days after it was made, what share of the requests was fixed, closed otherwise, or still open?
-- unit: share of requests
-- caution: The seven shares add up to 1 on every day (Aalen-Johansen estimate; open requests count for as long as they
--   were watched). Where the city gives no reason that can be read, or the reason is not released, the outcome is
--   'unknown'. After the first year one row a week is shown. Fewer than 11 requests give no row.
--   Requests without a usable closing time or status are left out.
-- example: service_group=Streets+and+Sidewalks
with chosen as (
  select day, sum(n) as n, sum(fixed) as f, sum(no_action) as a, sum(duplicate) as u, sum(referred) as r,
         sum(administrative) as m, sum(unknown) as x
  from durations
  where (:service_group = '' or service_group = :service_group)
    and (:service_name = '' or service_name = :service_name)
    and (:district = '' or district = :district)
    and (:year = '' or year = :year)
  group by day
), watched as (
  select *, f + a + u + r + m + x as d, 1.0 * sum(n) over (order by day desc) as risk, sum(n) over () as total
  from chosen
), steps as (
  select *, sum(d) over () as events, case when d < risk then ln(1.0 - d / risk) else -1e3 end as step
  from watched where total >= 11
), curve as (
  select *, exp(sum(step) over so_far) as s, lead(day / 7) over (order by day) as next_week,
         exp(coalesce(sum(step) over (order by day rows between unbounded preceding and 1 preceding), 0)) / risk as each
  from steps window so_far as (order by day)
), shares as (
  select day, sum(each * f) over so_far as fixed, sum(each * a) over so_far as no_action,
         sum(each * u) over so_far as duplicate, sum(each * r) over so_far as referred,
         sum(each * m) over so_far as administrative, sum(each * x) over so_far as unknown,
         s as still_open, risk, total, events, next_week
  from curve window so_far as (order by day)
)
select day, fixed, no_action, duplicate, referred, administrative, unknown, still_open,
       cast(risk as integer) as at_risk, total as n, events, (select as_of_date from releases) as as_of,
       case when events < 20 then 'few cases' else '' end as note
from shares
where day <= 365 or next_week is not day / 7
order by day
