-- title: How easily a row could be singled out
-- question: How large are the groups of rows that look alike, and how good is the best guess of an attacker?
-- unit: as the column 'unit' says; a share is between 0 and 1
-- caution: A risk of 1 in tier A is meant: a pothole is the street's business, and its area holds many addresses. The
--   figures count rows and addresses, not people, and know nothing of what an attacker may have learned elsewhere.
-- example: tier=B
select tier, measure, meaning, value, numerator, denominator, unit, n, (select as_of_date from releases) as as_of
from "_privacy_risk"
where (:tier = '' or tier = :tier)
order by rowid
