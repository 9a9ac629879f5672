-- title: Fixed on time, by department
-- question: Of the requests that were due, how many did each department fix by the promised day?
-- unit: % of the requests that were due
-- caution: Counted among all that were due, open ones included; closing without a fix does not count as on time. Shown
--   apart: not yet due, or closed on a day that the city does not tell; without a target. Left out: groups whose late
--   open requests cannot be told.
-- example: year=
with routed as (
  select service_group, service_name, min(department) as department from categories group by service_group, service_name
), counted as (
  select coalesce(c.department, 'Not routed') as department,
         sum(t.met_fixed) as fixed_on_time, sum(t.met_other) as closed_otherwise, sum(t.missed) as missed,
         sum(t.met_fixed + t.met_other + t.missed) as due, sum(t.pending) as not_due_or_not_told, sum(t.no_target) as no_target
  from on_time t left join routed c on c.service_group = t.service_group and c.service_name is t.service_name
  where t.is_countable and (:year = '' or t.year = :year)
  group by 1
)
select department, due, fixed_on_time, closed_otherwise, missed, not_due_or_not_told, no_target,
       case when due >= 11 then round(100.0 * fixed_on_time / due, 1) end as percent_fixed_on_time
from counted
order by department
