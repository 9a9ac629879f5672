-- title: Where did every record go?
-- question: Of all records ever read from each system, how many are released, and where is the rest?
-- unit: records
-- caution: read = released + waiting + withheld + quarantined + erased + deleted upstream; the last column must be 0.
select dataset, read, released, waiting, withheld, quarantined, erased, deleted_upstream,
       read - released - waiting - withheld - quarantined - erased - deleted_upstream as unaccounted_for
from completeness
order by dataset
