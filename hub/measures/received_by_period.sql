-- title: Everything received
-- question: How many requests did the city receive in each period, and how many of them are in no row of this release?
-- unit: requests
-- caution: What is in no row is counted once, when the period had ended; what came later is in 'completeness' only, and
--   what came into a row later is in both. A hidden number is small, or would tell one that is; it can lie anywhere between bounds that are at least 5 (tier B) or 11 (C and X) apart. In tier X
--   only the whole city is told.
-- example: tier=B
select tier, period, grain, released, not_released, received, counted, coalesce(reason, '') as note,
       (select as_of_date from releases) as as_of
from agg_received
where (:tier = '' or tier = :tier)
  and (:service_group = '' or service_group = :service_group) and (service_group is null) = (:service_group = '')
  and (:district = '' or district = :district) and (district is null) = (:district = '')
order by tier, period
