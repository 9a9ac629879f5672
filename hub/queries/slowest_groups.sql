-- title: Which groups wait longest?
-- question: Group by group, by which day were nine in ten requests closed, slowest first?
-- unit: days
-- caution: Requests still open count for as long as they were watched (Kaplan-Meier). An empty number means that a tenth
--   was not yet closed on the longest day watched. Groups differ in what they must do; this is no ranking of people.
-- example: year=&district=
with counted as (
  select service_group, day, sum(n) as n,
         sum(fixed + no_action + duplicate + referred + administrative + unknown) as closed
  from durations
  where (:year = '' or year = :year) and (:district = '' or district = :district)
  group by service_group, day
), watched as (
  select *, sum(n) over (partition by service_group order by day desc) as risk from counted
), curve as (
  select service_group, day, n, closed,
         exp(sum(case when closed < risk then ln(1.0 - 1.0 * closed / risk) else -1e3 end)
             over (partition by service_group order by day)) as still_open
  from watched
)
select service_group, sum(n) as requests, sum(closed) as closed,
       min(case when still_open <= 0.5 + 1e-9 then day end) as half_closed_by_day,
       min(case when still_open <= 0.1 + 1e-9 then day end) as nine_in_ten_closed_by_day,
       max(day) as longest_day_watched
from curve
group by service_group
having sum(n) >= 11
order by nine_in_ten_closed_by_day is null desc, nine_in_ten_closed_by_day desc, service_group
