-- title: What was checked before this release
-- question: Which checks did this release have to pass, what was demanded, and what was found?
-- unit: as the check says
-- caution: A release that fails a check is not published, so all of them hold here. A check finds what it looks for and
--   nothing else.
with dated as (
  select as_of_date, exists (select 1 from sources s where s.as_of = r.as_of and s.as_of = s.read_at) as is_read
  from releases r limit 1
)
select check_name, attack, meaning, bound, value as found, is_passed, n,
       (select as_of_date from dated where not is_read) as as_of, (select as_of_date from dated where is_read) as read_on
from "_privacy_audit"
order by attack is null, attack, check_name
