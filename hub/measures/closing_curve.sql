-- title: Still open, day by day
-- question: Of the requests chosen, what share was still open so many days after it was made?
-- unit: share of requests
-- caution: Closed is not the same as fixed. Requests still open count for as long as they were watched (Kaplan-Meier
--   estimate, log-log 95 % interval). After the first year one row a week is shown. Fewer than 11 requests give no row.
--   Requests without a usable closing time or status are left out.
-- example: service_group=Streets+and+Sidewalks
with chosen as (
  select day, sum(n) as n, sum(fixed + no_action + duplicate + referred + administrative + unknown) as d
  from durations
  where (:service_group = '' or service_group = :service_group)
    and (:service_name = '' or service_name = :service_name)
    and (:district = '' or district = :district)
    and (:year = '' or year = :year)
  group by day
), watched as (
  select day, d, sum(n) over (order by day desc) as risk, sum(n) over () as n, sum(d) over () as events from chosen
), steps as (
  select *, case when d < risk then ln(1.0 - 1.0 * d / risk) else -1e3 end as step,
         case when d < risk then 1.0 * d / (risk * (risk - d)) end as g
  from watched where n >= 11
), curve as (
  select *, sum(step) over so_far as log_s, case when d < risk then sqrt(sum(g) over so_far) end as se,
         lead(day / 7) over (order by day) as next_week
  from steps window so_far as (order by day)
)
select day, exp(log_s) as still_open,
       case when log_s < 0 then coalesce(exp(log_s * exp(1.959964 * se / -log_s)), 0.0) else 1.0 end as low,
       case when log_s < 0 then exp(log_s * exp(-1.959964 * se / -log_s)) else 1.0 end as high,
       risk as at_risk, d as closed, n, events, (select as_of_date from releases) as as_of,
       case when events < 20 then 'few cases' else '' end as note
from curve
where day <= 365 or next_week is not day / 7
order by day
