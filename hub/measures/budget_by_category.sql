-- title: Budget by category
-- question: What is the money for: staff, contracts, supplies, or which kind of income?
-- unit: US cents
-- caution: Never add stages together.
-- empty: An empty year is the newest one; any other empty field means all.
-- example: stage=adopted&direction=expense
with asked as (
  select cast(coalesce(nullif(:fiscal_year, ''), (select max(fiscal_year) from budget_lines)) as integer) as year
)
select fiscal_year, stage, direction, coalesce(category, 'Not named') as category,
       sum(amount_cents) as amount_cents, count(*) as lines,
       (select max(as_of_date) from sources where dataset = 'budget' and as_of is not read_at) as as_of,
       (select max(as_of_date) from sources where dataset = 'budget' and as_of = read_at) as read_on
from budget_lines, asked
where fiscal_year = year and (:stage = '' or stage = :stage) and (:direction = '' or direction = :direction)
  and (:department = '' or department = :department)
group by 1, 2, 3, 4
order by 1, 2, 3, 4
