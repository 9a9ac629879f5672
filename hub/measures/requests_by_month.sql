-- title: Requests by month
-- question: How many requests were made in each month?
-- unit: requests
-- caution: A request is a report, not a problem: one pothole may be reported often, and some neighbourhoods report sooner
--   than others. Rows that tell only a quarter or a year of opening are counted in the line without a month. The
--   newest months may still grow: a request is released once its period has closed and enough others like it have come.
-- example: service_group=Streets+and+Sidewalks
select month, sum(n) as n, sum(open) as open, (select as_of_date from releases) as as_of,
       case when month >= substr(date((select as_of_date from releases), '-92 days'), 1, 7) then 'may still grow'
            else '' end as note
from month_counts
where (:service_group = '' or service_group = :service_group) and (:district = '' or district = :district)
group by month
order by month is null, month
