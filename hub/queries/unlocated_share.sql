-- title: What cannot be placed
-- question: Group by group, how many released requests are told only for the whole city or an area wider than a district?
-- unit: % of the released requests
-- caution: A request is unlocated because its area would otherwise hold too few people or reports, or because the city's
--   system gives no place. Maps and district tables cannot show these requests.
-- example: tier=
select service_group, min(tier) as tier, count(*) as requests, sum(district = 'Unlocated') as unlocated,
       round(100.0 * sum(district = 'Unlocated') / count(*), 1) as percent_unlocated
from requests
where :tier = '' or tier = :tier
group by service_group
having count(*) >= 11
order by percent_unlocated desc, service_group
