-- title: Where is the oldest backlog?
-- question: District by district, how many released requests are open, and how long have they been?
-- unit: requests; days
-- caution: Age counts from the first day of the published period, so it can be too long by up to that period. Shares are
--   given from 11 open requests. 'Unlocated' are requests whose place is coarser than a district.
-- example: service_group=
with open_now as (
  select district, cast(julianday((select as_of_date from releases)) - julianday(requested_bucket) as integer) as age
  from requests
  where status = 'open' and (:service_group = '' or service_group = :service_group)
), ranked as (
  select *, row_number() over (partition by district order by age) as place, count(*) over (partition by district) as n
  from open_now
)
select district, n as open_requests, max(age) as oldest_days,
       max(case when n >= 11 and place = (n + 1) / 2 then age end) as middle_age_days,
       case when n >= 11 then round(100.0 * sum(age > 90) / n, 1) end as percent_over_90_days,
       case when n >= 11 then round(100.0 * sum(age > 365) / n, 1) end as percent_over_a_year
from ranked
group by district
order by middle_age_days is null, middle_age_days desc, district
