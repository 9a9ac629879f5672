-- title: Requests that came late into the hub
-- question: Group by group, how many requests reached the hub only after their period had been released?
-- unit: % of the released requests
-- caution: Late means late into this hub, not late work: a source that delivers late makes the newest numbers too low.
-- example: tier=
select service_group, count(*) as requests, sum(late) as late, round(100.0 * sum(late) / count(*), 1) as percent_late,
       max(case when late then requested_bucket end) as newest_late_period
from service_requests
where :tier = '' or tier = :tier
group by service_group
having count(*) >= 11
order by percent_late desc, service_group
