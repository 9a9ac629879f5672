-- title: How fresh the data is
-- question: From which systems does this release come, and up to which day does each tell?
-- unit: rows
-- caution: The day is the newest time in the data itself, not the day on which it was read.
select source, dataset, adapter, coalesce(as_of_date, date(as_of, 'unixepoch')) as as_of, rows, proven_by, is_archive
from sources order by source
