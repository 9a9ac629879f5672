-- title: Open longest
-- question: Which released requests have been open for more than 30 days, oldest first?
-- unit: days
-- caution: Age counts from the first day of the published period. The list is of records, not of people: place and time
--   are as precise as each record's tier allows.
-- example: service_group=&district=
select public_id, service_group, service_name, district, place, requested_bucket, requested_grain,
       cast(julianday((select as_of_date from releases)) - julianday(requested_bucket) as integer) as age_days, on_time
from requests
where status = 'open' and (:service_group = '' or service_group = :service_group) and (:district = '' or district = :district)
  and requested_bucket < (select date(as_of_date, '-30 days') from releases)
order by requested_bucket, public_id
limit 500
