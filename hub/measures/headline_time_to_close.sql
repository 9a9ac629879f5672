-- title: Time to close
-- question: Of all requests opened in the last year that has ended, by which day were half closed, counting those still open?
-- unit: days
-- caution: Closed is not the same as fixed: every final outcome counts. Requests still open count for as long as they
--   were watched (Kaplan-Meier estimate, log-log 95 % interval). Requests without a usable closing time or status are
--   left out: n is less than 'total', all requests of the year. Where requests are told by the day a begun day counts
--   whole, elsewhere the days of the calendar do.
with told as (
  select as_of_date as as_of from releases limit 1
), asked as (
  select max(year) as year from durations, told where year < substr(date(as_of, '+1 day'), 1, 4)
), begun as (
  -- a week counts in the month in which it begins, which may be the month before the first opening; days of tier A do not
  select case when min(month) filter (where tier = 'A') = strftime('%Y-%m', min(month) || '-01', '+1 month')
    then min(month) filter (where tier = 'A') else min(month) end as first_month from month_counts
), counted as (
  select day, sum(n) as n, sum(fixed + no_action + duplicate + referred + administrative + unknown) as closed
  from durations where year = (select year from asked) group by day
), watched as (
  select day, n, closed, sum(n) over (order by day desc) as risk from counted
), steps as (
  select *, case when closed < risk then ln(1.0 - 1.0 * closed / risk) else -1e3 end as step,
         case when closed < risk then 1.0 * closed / (risk * (risk - closed)) end as g
  from watched
), curve as (
  select day, n, closed, sum(step) over so_far as log_open,
         case when closed < risk then sqrt(sum(g) over so_far) end as se
  from steps window so_far as (order by day)
), bands as (
  select day, n, closed, exp(log_open) as still_open,
         case when log_open < 0 then coalesce(exp(log_open * exp(1.959964 * se / -log_open)), 0.0) else 1 end as low_open,
         case when log_open < 0 then exp(log_open * exp(-1.959964 * se / -log_open)) else 1 end as high_open
  from curve
), found as (
  select coalesce(sum(n), 0) as n, sum(closed) as closed, max(day) as last_day,
         min(case when still_open <= 0.5 + 1e-9 then day end) as value,
         min(case when low_open <= 0.5 + 1e-9 then day end) as low,
         min(case when high_open <= 0.5 + 1e-9 then day end) as high
  from bands
)
select case when n >= 11 then value end as value,
       case when n >= 11 then low end as low,
       case when n >= 11 then high end as high,
       n, (select sum(n) from area_counts where year = asked.year) as total, 'days' as unit, as_of,
       case when n = 0 then 'No year has ended yet.'
            when n < 11 then 'Fewer than 11 requests: nothing is stated.'
            when closed = 0 then 'None of them is known to be closed yet.'
            when value is null then 'More than half were still open after ' || last_day || iif(last_day = 1, ' day.', ' days.')
       end as note,
       'opened in ' || year || case when first_month > year || '-01' then ', counted from ' || first_month || ' on' else '' end as period
from found, asked, told, begun
