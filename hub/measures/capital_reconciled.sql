-- title: Do the capital projects add up?
-- question: Does the sum of the projects agree with the total that the city states itself?
-- unit: US cents
-- caution: Where the city states no total there is nothing to compare with.
select measure, projects, amount_cents, stated_cents, difference_cents, is_reconciled, stated_in,
       (select max(coalesce(as_of_date, date(as_of, 'unixepoch'))) from sources where dataset = 'capital_projects') as as_of,
       case when stated_cents is null then 'the city states no total'
            when is_reconciled then 'agrees with the city''s own total' else 'differs from the city''s own total' end as note
from capital_totals order by measure
