-- title: Capital projects
-- question: What does the city build, how far is each project, what is planned for it and what has been spent?
-- unit: US cents
-- caution: What is spent may pass what is planned where a plan was cut or money moved. A point is the site only where
--   that is said.
-- example: phase=construction
select project_id, name, department, coalesce(phase, 'unknown') as phase, status, coalesce(district, 'Citywide or unknown') as district,
       neighbourhood, budget_cents, spent_cents,
       case when budget_cents > 0 then 1.0 * spent_cents / budget_cents end as spent_share,
       start_date, end_date, lat, long, coalesce(place_precision, 'unknown') as place_precision,
       (select max(as_of_date) from sources where dataset = 'capital_projects' and as_of is not read_at) as as_of,
       (select max(as_of_date) from sources where dataset = 'capital_projects' and as_of = read_at) as read_on
from capital_projects
where (:phase = '' or coalesce(phase, 'unknown') = :phase) and (:department = '' or department = :department)
  and (:district = '' or coalesce(district, 'Citywide or unknown') = :district)
order by name, project_id
