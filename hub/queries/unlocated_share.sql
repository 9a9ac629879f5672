-- title: What cannot be placed
-- question: Group by group, how many released requests are told only for the whole city or an area wider than a district?
-- unit: requests; % of the released requests
-- caution: A request is unlocated because its area would otherwise hold too few people or reports, or because the city's
--   system gives no place. Maps and district tables cannot show these requests.
-- example: tier=
select service_group, group_concat(distinct tier) as tier, sum(n) as requests,
       sum(case when district = 'Unlocated' then n else 0 end) as unlocated,
       round(100.0 * sum(case when district = 'Unlocated' then n else 0 end) / sum(n), 1) as percent_unlocated
from durations
where :tier = '' or tier = :tier
group by service_group
having sum(n) >= 11
order by percent_unlocated desc, service_group
