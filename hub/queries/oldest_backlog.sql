-- title: Where is the oldest backlog?
-- question: District by district, how many released requests are open, and how long have they been?
-- unit: requests; days
-- caution: Age counts from the first day of the published period, so it can be too long by up to that period. Shares are
--   given from 11 open requests. 'Unlocated' are requests whose place is coarser than a district.
-- example: service_group=
with open_now as (
  select place_id, requested_bucket, count(*) as requests
  from service_requests
  where status = 'open' and (:service_group = '' or service_group = :service_group)
  group by +place_id, requested_bucket -- the + keeps to the index of open requests
), aged as (
  select coalesce(district, 'Unlocated') as district, sum(requests) as requests,
         cast(julianday((select as_of_date from releases)) - julianday(requested_bucket) as integer) as age
  from open_now join places on places.id = place_id
  group by 1, requested_bucket
), ranked as (
  select *, sum(requests) over (partition by district order by age) as up_to, sum(requests) over (partition by district) as n
  from aged
)
select district, n as open_requests, max(age) as oldest_days,
       case when n >= 11 then min(age) filter (where up_to >= (n + 1) / 2) end as middle_age_days,
       case when n >= 11 then round(100.0 * sum(requests) filter (where age > 90) / n, 1) end as percent_over_90_days,
       case when n >= 11 then round(100.0 * sum(requests) filter (where age > 365) / n, 1) end as percent_over_a_year
from ranked
group by district
order by middle_age_days is null, middle_age_days desc, district
