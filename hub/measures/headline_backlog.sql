-- title: Open now
-- question: How many of the released requests are open?
-- unit: requests
-- caution: The least counts only requests that are told by the day, since what is told by the week or a longer period still
--   counts as open for a while after it was closed. The most counts every request that waits or is withheld as open too.
--   A count, not a sample.
with told as (
  select as_of_date as as_of from releases limit 1
), counted as (
  select coalesce(sum(n), 0) as n, coalesce(sum(open), 0) as value,
         coalesce(sum(case when tier = 'A' then open end), 0) as least
  from area_counts
), kept_back as (
  select coalesce(sum(waiting + withheld), 0) as hidden from completeness where dataset = 'service_requests'
)
select case when n > 0 then value end as value,
       case when n > 0 then least end as low,
       case when n > 0 then value + hidden end as high,
       n, 'requests' as unit, as_of,
       case when n = 0 then 'This release holds no service requests.' end as note,
       'all years' as period
from counted, kept_back, told
