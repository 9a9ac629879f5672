-- title: Time to close
-- question: By which day were half of the requests closed, and by which day nine in ten, counting those still open?
-- unit: days
-- caution: Closed is not the same as fixed: every final outcome counts. Requests still open count for as long as they
--   were watched (Kaplan-Meier estimate, log-log 95 % interval). Nothing is stated from fewer than 11 requests.
--   Requests without a usable closing time or status are left out. Where requests are told by the day a begun day counts
--   whole, elsewhere the days of the calendar do: groups can differ by a day for that alone.
-- empty: An empty 'by' means by service group; any other empty field means all.
-- example: by=service_group
with asked as not materialized (
  select *, fixed + no_action + duplicate + referred + administrative + unknown as closed
  from durations
  where (:service_group = '' or service_group = :service_group)
    and (:service_name = '' or service_name = :service_name)
    and (:district = '' or district = :district)
    and (:year = '' or year = :year)
), chosen as (
  select service_group as label, day, sum(n) as n, sum(closed) as d
  from asked where :by in ('', 'service_group') group by 1, 2
  union all
  select district, day, sum(n), sum(closed) from asked where :by = 'district' group by 1, 2
  union all
  select service_name, day, sum(n), sum(closed)
  from asked where :by = 'service_name' and service_name is not null group by 1, 2
  union all
  select 'Whole city', day, sum(n), sum(closed) from asked where :by = 'city' group by 2
), watched as (
  select label, day, n, d, sum(n) over (partition by label order by day desc) as risk from chosen
), steps as (
  select *, case when d < risk then ln(1.0 - 1.0 * d / risk) else -1e3 end as step,
         case when d < risk then 1.0 * d / (risk * (risk - d)) end as g
  from watched where d > 0 -- on other days, which are most of them, the curve stays where it is
), curve as (
  select label, day, sum(step) over so_far as log_s, case when d < risk then sqrt(sum(g) over so_far) end as se
  from steps window so_far as (partition by label order by day)
), bands as (
  select label, day, exp(log_s) as s,
         case when log_s < 0 then coalesce(exp(log_s * exp(1.959964 * se / -log_s)), 0.0) else 1 end as low,
         case when log_s < 0 then exp(log_s * exp(-1.959964 * se / -log_s)) else 1 end as high
  from curve
), counted as (
  select label, sum(n) as n, sum(d) as events, max(day) as last_day from chosen group by label
), found as (
  select label, min(s) as last_open,
         min(case when s <= 0.5 + 1e-9 then day end) as median_days,
         min(case when low <= 0.5 + 1e-9 then day end) as median_low,
         min(case when high <= 0.5 + 1e-9 then day end) as median_high,
         min(case when s <= 0.1 + 1e-9 then day end) as p90_days,
         min(case when low <= 0.1 + 1e-9 then day end) as p90_low,
         min(case when high <= 0.1 + 1e-9 then day end) as p90_high,
         min(case when day <= 30 then s else 1.0 end) as open_30,
         min(case when day <= 90 then s else 1.0 end) as open_90,
         min(case when day <= 365 then s else 1.0 end) as open_365
  from bands group by label
)
select counted.label, n, events,
       case when n >= 11 then median_days end as median_days,
       case when n >= 11 then median_low end as median_low,
       case when n >= 11 then median_high end as median_high,
       case when n >= 11 then p90_days end as p90_days,
       case when n >= 11 then p90_low end as p90_low,
       case when n >= 11 then p90_high end as p90_high,
       case when n >= 11 and (last_day >= 30 or last_open < 1e-9) then coalesce(open_30, 1.0) end as open_30,
       case when n >= 11 and (last_day >= 90 or last_open < 1e-9) then coalesce(open_90, 1.0) end as open_90,
       case when n >= 11 and (last_day >= 365 or last_open < 1e-9) then coalesce(open_365, 1.0) end as open_365,
       (select as_of_date from releases) as as_of,
       case when n < 11 then 'fewer than 11 requests: nothing is stated'
            else trim(case when median_days is null then '; more than half still open after ' || last_day || iif(last_day = 1, ' day', ' days')
                           when p90_days is null then '; more than a tenth still open after ' || last_day || iif(last_day = 1, ' day', ' days')
                           else '' end
                   || case when events < 20 then '; few cases' else '' end, '; ') end as note
from counted left join found on found.label is counted.label order by counted.label
