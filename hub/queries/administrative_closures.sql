-- title: Closed without a fix
-- question: Group by group, what share of the closed requests ended as administrative, and what share as fixed?
-- unit: % of the closed requests
-- caution: Administrative means that no work is claimed: cancelled, noted, scheduled, or closed by an internal step. The
--   interval is Wilson's, at 95 %. Groups with fewer than 11 closed requests are left out.
-- example: year=
with closed as (
  select service_group, sum(administrative) as administrative, sum(fixed) as fixed,
         sum(fixed + no_action + duplicate + referred + administrative + unknown) as n
  from durations
  where :year = '' or year = :year
  group by service_group
), share as (
  select *, 1.0 * administrative / n as p, 1.959964 * 1.959964 / n as z from closed where n >= 11
)
select service_group, n as closed_requests, administrative, round(100 * p, 1) as percent_administrative,
       round(100 * (p + z / 2 - sqrt(z * (p * (1 - p) + z / 4))) / (1 + z), 1) as low,
       round(100 * (p + z / 2 + sqrt(z * (p * (1 - p) + z / 4))) / (1 + z), 1) as high,
       round(100.0 * fixed / n, 1) as percent_fixed
from share
order by percent_administrative desc, service_group
