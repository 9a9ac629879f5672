-- title: What is being built here?
-- question: Which capital projects are in a district, and how far is each?
-- unit: US dollars
-- caution: Projects for the whole city, or without a known place, have no district and are left out when one is chosen.
-- example: district=&phase=
select phase, name, neighbourhood, district, department, budget_cents / 100.0 as planned_usd, spent_cents / 100.0 as spent_usd,
       start_date, end_date, project_id
from capital_projects
where (:district = '' or district = :district) and (:phase = '' or phase = :phase)
order by case phase when 'construction' then 1 when 'design' then 2 when 'planned' then 3 when 'ongoing' then 4
                    when 'complete' then 5 else 6 end, name
