-- title: Projects over budget
-- question: Which capital projects have spent more than was planned for them?
-- unit: US dollars
-- caution: Spending is what the city reports so far, from all sources. The plan is today's: a plan that was raised hides
--   what was first promised.
-- example: department=
select project_id, name, department, phase, budget_cents / 100.0 as planned_usd, spent_cents / 100.0 as spent_usd,
       (spent_cents - budget_cents) / 100.0 as over_usd,
       case when budget_cents > 0 then round(100.0 * (spent_cents - budget_cents) / budget_cents, 1) end as over_percent
from capital_projects
where spent_cents > budget_cents and (:department = '' or department = :department)
order by over_usd desc, project_id
