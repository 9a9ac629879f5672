-- title: Budget compared with an earlier one
-- question: By how much does each department's budget differ from the earlier year or stage?
-- unit: US cents
-- caution: Amounts are as the city states them, not corrected for inflation. Departments that were renamed, merged or split
--   show as one that ends and one that begins.
-- empty: An empty year is the newest one, an empty earlier year the one before it, an empty earlier stage the same
--   stage; any other empty field means all.
-- example: stage=adopted&direction=expense
with asked as (
  select cast(coalesce(nullif(:fiscal_year, ''), (select max(fiscal_year) from budget_lines)) as integer) as year
), compared as (
  select year, cast(coalesce(nullif(:before_year, ''), year - 1) as integer) as before_year from asked
), sides as (
  select direction, stage, coalesce(department, 'Not named') as department, amount_cents as amount, 0 as before,
         1 as is_now, 0 as is_before
  from budget_lines, compared where fiscal_year = year and (:stage = '' or stage = :stage)
  union all
  select direction, case when :before_stage = '' or :stage = '' then stage else :stage end,
         coalesce(department, 'Not named'), 0, amount_cents, 0, 1
  from budget_lines, compared
  where fiscal_year = before_year and stage = case when :before_stage = '' then iif(:stage = '', stage, :stage) else :before_stage end
)
select (select year from compared) as fiscal_year, stage, (select before_year from compared) as before_year,
       case when :before_stage = '' then stage else :before_stage end as before_stage, direction, department,
       sum(amount) as amount_cents, sum(before) as before_cents, sum(amount) - sum(before) as change_cents,
       case when sum(before) > 0 then 1.0 * (sum(amount) - sum(before)) / sum(before) end as change_share,
       (select max(as_of_date) from sources where dataset = 'budget' and as_of is not read_at) as as_of,
       (select max(as_of_date) from sources where dataset = 'budget' and as_of = read_at) as read_on,
       case when sum(is_before) = 0 then 'not in the earlier budget'
            when sum(is_now) = 0 then 'no longer in the budget' else '' end as note
from sides
where :direction = '' or direction = :direction
group by direction, stage, department
order by direction, stage, department
