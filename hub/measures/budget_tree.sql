-- title: Budget by department and program
-- question: How much is budgeted for each program, in which department and cabinet?
-- unit: US cents
-- caution: A proposed, an adopted and an actual budget are different stages of the same money: never add stages together.
--   Negative amounts are money set against the rest.
-- empty: An empty year is the newest one; any other empty field means all.
-- example: stage=adopted&direction=expense
with asked as (
  select cast(coalesce(nullif(:fiscal_year, ''), (select max(fiscal_year) from budget_lines)) as integer) as year
)
select fiscal_year, stage, direction, coalesce(cabinet, 'Not named') as cabinet,
       coalesce(department, 'Not named') as department, coalesce(program, 'Not named') as program,
       sum(amount_cents) as amount_cents, count(*) as lines,
       (select max(as_of_date) from sources where dataset = 'budget' and as_of is not read_at) as as_of,
       (select max(as_of_date) from sources where dataset = 'budget' and as_of = read_at) as read_on
from budget_lines, asked
where fiscal_year = year
  and (:stage = '' or stage = :stage) and (:direction = '' or direction = :direction)
group by 1, 2, 3, 4, 5, 6
order by 1, 2, 3, 4, 5, 6
