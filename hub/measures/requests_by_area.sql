-- title: Requests by area
-- question: How many requests were made in each area of the map?
-- unit: requests
-- caution: A request is a report, not a problem: some neighbourhoods report sooner and more often than others. Each
--   request is counted once, in the area it is released with. A count below the smallest class in which such requests are
--   released (threshold) is not drawn.
-- example: level=h3_9&status=open
with kept as (
  select service_group, tier, max(k) as k from categories group by 1, 2
), counted as (
  select c.place_id, sum(c.n) as n, sum(c.open) as open, max(coalesce(k.k, 1)) as threshold
  from area_counts c left join kept k on k.service_group = c.service_group and k.tier = c.tier
  where (:service_group = '' or c.service_group = :service_group) and (:year = '' or c.year = :year)
  group by c.place_id
)
select p.id as place_id, p.level, p.label, coalesce(p.district, 'Unlocated') as district, p.lat, p.long,
       c.n, c.open, c.n - c.open as closed,
       case :status when 'open' then c.open when 'closed' then c.n - c.open else c.n end as requests,
       c.threshold, (select as_of_date from releases) as as_of
from counted c join places p on p.id = c.place_id
where (:level = '' or p.level = :level)
  and case :status when 'open' then c.open when 'closed' then c.n - c.open else c.n end > 0
order by p.level, p.id
