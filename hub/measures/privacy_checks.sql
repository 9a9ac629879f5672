-- title: What was checked before this release
-- question: Which checks did this release have to pass, what was demanded, and what was found?
-- unit: as the check says
-- caution: A release that fails a check is not published, so all of them hold here. A check finds what it looks for and
--   nothing else.
select check_name, attack, meaning, bound, value as found, is_passed, n, (select as_of_date from releases) as as_of
from "_privacy_audit"
order by attack is null, attack, check_name
