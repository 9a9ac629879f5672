-- title: Fixed on time
-- question: Of the requests whose promised day has passed, what share was fixed by that day?
-- unit: share of the requests that were due
-- caution: Counted among all that were due, not only among the closed; closing without a fix does not count as kept.
--   Where late open requests or outcomes cannot be told there is no share. All requests are due, not yet due, without a target, or of
--   a kind where that cannot be told. Wilson 95 % interval.
-- empty: An empty 'by' means by service group; any other empty field means all.
-- example: by=service_group
with asked as (
  select case :by when 'district' then district when 'service_name' then service_name when 'city' then 'Whole city'
              when 'service_group' then service_group when '' then service_group end as label, *
  from on_time
  where (:service_group = '' or service_group = :service_group)
    and (:service_name = '' or service_name = :service_name)
    and (:district = '' or district = :district)
    and (:year = '' or year = :year)
), counted as (
  select label, sum(n) as n,
         sum(case when is_countable then met_fixed + met_other + missed else 0 end) as due,
         sum(case when is_countable then met_fixed else 0 end) as met_fixed,
         sum(case when is_countable then met_other else 0 end) as met_other,
         sum(case when is_countable then missed else 0 end) as missed,
         sum(case when is_countable then pending else 0 end) as pending,
         sum(no_target) as no_target,
         sum(case when is_countable then 0 else n - no_target end) as not_countable
  from asked where label is not null group by label
), wilson as (
  select *, 1.0 * met_fixed / due as p, 1.959964 * 1.959964 / due as z2,
         1.959964 * sqrt((1.0 * met_fixed / due * (1 - 1.0 * met_fixed / due) + 1.959964 * 1.959964 / (4.0 * due)) / due) as half
  from counted
)
select label, n, due, met_fixed, met_other, missed, pending, no_target, not_countable,
       case when due >= 11 then p end as share,
       case when due >= 11 then max(0.0, (p + z2 / 2 - half) / (1 + z2)) end as low,
       case when due >= 11 then min(1.0, (p + z2 / 2 + half) / (1 + z2)) end as high,
       (select as_of_date from releases) as as_of,
       case when no_target = n then 'no target'
            when due = 0 and not_countable > 0 then 'late ones cannot be told'
            when due = 0 then 'none is due yet'
            when due < 11 then 'fewer than 11 due: nothing is stated'
            when met_fixed < 20 then 'few cases' else '' end as note
from wilson order by label
