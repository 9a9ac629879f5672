-- title: Open at the end of each month
-- question: How many requests were open at the end of each month, and how many were opened and closed in it?
-- unit: requests
-- caution: Counted from released rows: a request counts once the period it was opened in has ended, and as closed once its
--   closing may be told. Open at the end = open a month before + opened - closed.
-- example: service_group=Streets+and+Sidewalks
select month_end, sum(opened) as opened, sum(closed) as closed, sum(open) as open,
       (select as_of_date from releases) as as_of
from backlog
where (:service_group = '' or service_group = :service_group) and (:district = '' or district = :district)
group by month_end
order by month_end
