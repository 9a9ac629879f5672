-- title: Projects over budget, or close to it
-- question: Which capital projects have spent more than was planned, or, if a percentage is given, at least that much
--   of it before they are complete?
-- unit: US dollars; % of the plan
-- caution: Spending is what the city reports so far, from all sources. The plan is today's: a plan that was raised hides
--   what was first promised.
-- empty: An empty percentage asks for those that spent more than was planned; an empty department means all.
-- example: percent=75&department=
select project_id, name, department, phase, budget_cents / 100.0 as planned_usd, spent_cents / 100.0 as spent_usd,
       round(100.0 * spent_cents / budget_cents, 1) as percent_spent, (spent_cents - budget_cents) / 100.0 as over_usd
from capital_projects
where budget_cents > 0 and (:department = '' or department = :department)
  and case when :percent = '' then spent_cents > budget_cents
           else phase <> 'complete' and 100.0 * spent_cents >= cast(:percent as real) * budget_cents end
order by percent_spent desc, project_id
