-- title: Does the budget add up?
-- question: Does the sum of the budget lines agree with the total that the city states itself?
-- unit: US cents
-- caution: Where the city states no total there is nothing to compare with.
-- example: direction=expense
select fiscal_year, stage, direction, lines, amount_cents, stated_cents, difference_cents, is_reconciled, stated_in,
       (select max(as_of_date) from sources where dataset = 'budget' and as_of is not read_at) as as_of,
       (select max(as_of_date) from sources where dataset = 'budget' and as_of = read_at) as read_on,
       case when stated_cents is null then 'the city states no total'
            when is_reconciled then 'agrees with the city''s own total' else 'differs from the city''s own total' end as note
from budget_totals
where (:fiscal_year = '' or fiscal_year = cast(:fiscal_year as integer))
  and (:stage = '' or stage = :stage) and (:direction = '' or direction = :direction)
order by fiscal_year desc, direction, stage
