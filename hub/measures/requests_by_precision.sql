-- title: How exactly requests are placed
-- question: How many of the chosen requests are released for each kind of area?
-- unit: requests
-- caution: A request is shown in the smallest area that still hides who made it. What is released only for the whole city
--   is not on any map.
-- example: status=open
with counted as (
  select p.level,
         sum(case :status when 'open' then c.open when 'closed' then c.n - c.open else c.n end) as requests,
         count(distinct p.id) as areas
  from area_counts c join places p on p.id = c.place_id
  where (:service_group = '' or c.service_group = :service_group) and (:year = '' or c.year = :year)
    and case :status when 'open' then c.open when 'closed' then c.n - c.open else c.n end > 0
  group by 1
)
select level, requests, areas, 1.0 * requests / sum(requests) over () as share_of_all,
       (select as_of_date from releases) as as_of
from counted order by level
