-- title: Projects past their end date
-- question: Which capital projects should have been complete by now, and are not?
-- unit: days
-- caution: The end date is the city's own and may have been moved. Projects without an end date are left out.
-- example: department=
select project_id, name, department, phase, end_date,
       cast(julianday((select as_of_date from releases)) - julianday(end_date) as integer) as days_past,
       budget_cents / 100.0 as planned_usd, spent_cents / 100.0 as spent_usd
from capital_projects
where end_date < (select as_of_date from releases) and phase not in ('complete', 'ongoing')
  and (:department = '' or department = :department)
order by days_past desc, project_id
