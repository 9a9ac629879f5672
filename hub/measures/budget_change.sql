-- title: Budget compared with an earlier one
-- question: By how much does each department's budget differ from the earlier year or stage?
-- unit: US cents
-- caution: Amounts are as the city states them, not corrected for inflation. Departments that were renamed, merged or split
--   show as one that ends and one that begins.
-- empty: An empty year is the newest one, an empty earlier year the newest one before it. An empty earlier stage is the
--   same stage, or where the earlier year has none of it another one: adopted before appropriation, proposed and actual.
--   Any other empty field means all.
-- example: stage=adopted&direction=expense
with asked as (
  select cast(coalesce(nullif(:fiscal_year, ''), (select max(fiscal_year) from budget_lines)) as integer) as year
), compared as (
  select year, cast(coalesce(nullif(:before_year, ''), (select max(fiscal_year) from budget_lines where fiscal_year < year))
    as integer) as before_year
  from asked
), named as (
  select distinct direction, stage from budget_lines, compared
  where fiscal_year = year and (:stage = '' or stage = :stage) and (:direction = '' or direction = :direction)
), earlier as (
  select distinct direction, stage from budget_lines, compared
  where fiscal_year = before_year and (:before_stage = '' or stage = :before_stage)
), ranked as (
  select n.direction, n.stage, e.stage as before_stage, row_number() over (
      partition by n.direction, n.stage order by e.stage <> n.stage, case e.stage
        when 'adopted' then 1 when 'appropriation' then 2 when 'proposed' then 3 when 'actual' then 4 else 5 end, e.stage
    ) as choice
  from named n left join earlier e on e.direction = n.direction
), pairs as (
  select direction, stage, before_stage from ranked where choice = 1
), sides as (
  select direction, stage, before_stage, coalesce(department, 'Not named') as department, amount_cents as amount,
         0 as before, 1 as is_now, 0 as is_before
  from budget_lines join pairs using (direction, stage), compared where fiscal_year = year
  union all
  select b.direction, p.stage, p.before_stage, coalesce(b.department, 'Not named'), 0, b.amount_cents, 0, 1
  from budget_lines b join pairs p on b.direction = p.direction and b.stage = p.before_stage, compared
  where b.fiscal_year = before_year
)
select (select year from compared) as fiscal_year, stage, (select before_year from compared) as before_year, before_stage,
       direction, department, sum(amount) as amount_cents, sum(before) as before_cents,
       sum(amount) - sum(before) as change_cents,
       case when sum(before) > 0 then 1.0 * (sum(amount) - sum(before)) / sum(before) end as change_share,
       (select max(as_of_date) from sources where dataset = 'budget' and as_of is not read_at) as as_of,
       (select max(as_of_date) from sources where dataset = 'budget' and as_of = read_at) as read_on,
       case when before_stage is null then 'there is no earlier budget'
            when sum(is_before) = 0 then 'not in the earlier budget'
            when sum(is_now) = 0 then 'no longer in the budget' else '' end as note
from sides
group by direction, stage, department
order by direction, stage, department
