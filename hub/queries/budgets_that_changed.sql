-- title: Which programs grew, which shrank?
-- question: Program by program, how did the budget change between two fiscal years, greatest change first?
-- unit: US dollars
-- caution: Not adjusted for inflation. A program that was split or renamed looks like one that vanished and one that
--   is new.
-- empty: Empty years are the newest year of each stage and the one before it, an empty direction is expense; any other
--   empty field means all.
-- example: stage=&department=&direction=expense&from_year=&to_year=
with newest as (
  select stage, coalesce(nullif(cast(:to_year as integer), 0), max(fiscal_year)) as to_year from budget_lines group by stage
), years as (
  select stage, to_year, coalesce(nullif(cast(:from_year as integer), 0), to_year - 1) as from_year from newest
), sums as (
  select b.stage, b.department, b.program, y.from_year, y.to_year,
         sum(case when b.fiscal_year = y.from_year then b.amount_cents else 0 end) as before_cents,
         sum(case when b.fiscal_year = y.to_year then b.amount_cents else 0 end) as after_cents
  from budget_lines b join years y on y.stage = b.stage and b.fiscal_year in (y.from_year, y.to_year)
  where (:stage = '' or b.stage = :stage) and (:department = '' or b.department = :department)
    and b.direction = case when :direction = '' then 'expense' else :direction end
  group by b.stage, b.department, b.program
)
select stage, department, program, from_year, before_cents / 100.0 as before_usd, to_year, after_cents / 100.0 as after_usd,
       (after_cents - before_cents) / 100.0 as change_usd,
       case when before_cents > 0 then round(100.0 * (after_cents - before_cents) / before_cents, 1) end as change_percent
from sums
order by stage, abs(after_cents - before_cents) desc, department, program
limit 500
