-- title: Projects past their end date
-- question: Which capital projects should have been complete by now, and are not?
-- unit: days
-- caution: Days are counted to the day of the city's data on projects. The end date is the city's own and may have been
--   moved. Projects without an end date are left out; of a city that states none, nothing is listed, late or not.
-- example: department=
with told as (
  select coalesce(max(as_of_date), (select as_of_date from releases)) as as_of from sources where dataset = 'capital_projects'
)
select project_id, name, department, phase, end_date,
       cast(julianday(as_of) - julianday(end_date) as integer) as days_past,
       budget_cents / 100.0 as planned_usd, spent_cents / 100.0 as spent_usd, as_of
from capital_projects, told
where end_date < as_of and phase not in ('complete', 'ongoing')
  and (:department = '' or department = :department)
order by days_past desc, project_id
