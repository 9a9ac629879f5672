-- title: Open at the end of each month
-- question: How many requests were open at the end of each month, and how many were opened and closed in it?
-- unit: requests
-- caution: Counted from released rows: a request that tells only its week, month or quarter of opening counts on one day of
--   it, drawn by its id, so a single month may be off by a few. The newest months are provisional: requests appear, and
--   closings are told, once their period has ended. Open at the end = open a month before + opened - closed.
-- example: service_group=Streets+and+Sidewalks
select month_end, sum(opened) as opened, sum(closed) as closed, sum(open) as open,
       (select as_of_date from releases) as as_of
from backlog
where (:service_group = '' or service_group = :service_group) and (:district = '' or district = :district)
group by month_end
order by month_end
