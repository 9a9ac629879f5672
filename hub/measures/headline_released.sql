-- title: Released
-- question: Of all records ever read from the city's systems, how many are in this release?
-- unit: % of the records read
-- caution: Counted in full, so there is no sampling error. The rest waits for its period to close, is withheld to protect
--   people, is unusable, was erased, or is gone from the city's system; the table 'completeness' tells how many of each.
with told as (
  select as_of_date, exists (select 1 from sources s where s.as_of = r.as_of and s.as_of = s.read_at) as is_read
  from releases r limit 1
), counted as (
  select coalesce(sum(read), 0) as n, coalesce(sum(released), 0) as released from completeness
)
select round(100.0 * released / nullif(n, 0), 1) as value,
       round(100.0 * released / nullif(n, 0), 1) as low,
       round(100.0 * released / nullif(n, 0), 1) as high,
       n, '% of the records read' as unit, iif(is_read, null, as_of_date) as as_of,
       iif(is_read, as_of_date, null) as read_on,
       case when n = 0 then 'Nothing has been read yet.' end as note,
       'all years' as period
from counted, told
