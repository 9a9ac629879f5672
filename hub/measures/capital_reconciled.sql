-- title: Do the capital projects add up?
-- question: Does the sum of the projects agree with the total that the city states itself?
-- unit: US cents
-- caution: Where the city states no total there is nothing to compare with.
select measure, projects, amount_cents, stated_cents, difference_cents, is_reconciled, stated_in,
       (select max(as_of_date) from sources where dataset = 'capital_projects' and as_of is not read_at) as as_of,
       (select max(as_of_date) from sources where dataset = 'capital_projects' and as_of = read_at) as read_on,
       case when stated_cents is null then 'the city states no total'
            when is_reconciled then 'agrees with the city''s own total' else 'differs from the city''s own total' end as note
from capital_totals order by measure
