-- title: How fresh the data is
-- question: From which systems does this release come, and up to which day does each tell?
-- unit: rows
-- caution: As of is the newest time in the data itself, or the day that the city declares, not the day of reading. A source
--   that states no such day has none: for it only the day on which it was read is told.
select source, dataset, adapter, case when as_of is not read_at then as_of_date end as as_of,
       case when as_of = read_at then as_of_date end as read_on, rows, proven_by, is_archive,
       case when as_of = read_at then 'the source states no day' end as note
from sources order by source
