-- title: Capital plan and spending
-- question: How many projects are in each phase, what is planned for them and what has been spent?
-- unit: US cents
-- caution: The share spent is over the projects that state what they spent.
-- empty: An empty 'by' means by phase; any other empty field means all.
-- example: by=phase
with asked as (
  select case :by when 'department' then coalesce(department, 'Not named') when 'district' then coalesce(district, 'Citywide or unknown')
              when 'city' then 'All projects' when 'phase' then coalesce(phase, 'unknown')
              when '' then coalesce(phase, 'unknown') end as label, *
  from capital_projects
  where (:phase = '' or coalesce(phase, 'unknown') = :phase) and (:department = '' or department = :department)
    and (:district = '' or coalesce(district, 'Citywide or unknown') = :district)
)
select label, count(*) as projects, sum(budget_cents) as budget_cents, sum(spent_cents) as spent_cents,
       case when sum(case when spent_cents is not null then budget_cents end) > 0
            then 1.0 * sum(spent_cents) / sum(case when spent_cents is not null then budget_cents end) end as spent_share,
       sum(spent_cents is null) as unstated,
       (select max(as_of_date) from sources where dataset = 'capital_projects' and as_of is not read_at) as as_of,
       (select max(as_of_date) from sources where dataset = 'capital_projects' and as_of = read_at) as read_on
from asked where label is not null
group by label order by label
