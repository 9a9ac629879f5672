-- title: Open now, by age
-- question: How many requests are open, and for how long have they been?
-- unit: requests
-- caution: Ages are as of the last day watched. A request that tells only its week or month of opening counts from the end
--   of that period, so it may be older than it seems. The five ages add up to open.
-- empty: An empty 'by' means by service group; any other empty field means all.
-- example: by=service_group
with asked as (
  select case :by when 'district' then district when 'service_name' then service_name when 'city' then 'Whole city'
              when 'service_group' then service_group when '' then service_group end as label, day,
         n - fixed - no_action - duplicate - referred - administrative - unknown as open
  from durations
  where (:service_group = '' or service_group = :service_group)
    and (:service_name = '' or service_name = :service_name)
    and (:district = '' or district = :district)
    and n > fixed + no_action + duplicate + referred + administrative + unknown
)
select label, sum(open) as open,
       sum(case when day <= 7 then open else 0 end) as age_0_7,
       sum(case when day between 8 and 30 then open else 0 end) as age_8_30,
       sum(case when day between 31 and 90 then open else 0 end) as age_31_90,
       sum(case when day between 91 and 365 then open else 0 end) as age_91_365,
       sum(case when day > 365 then open else 0 end) as age_over_365,
       (select as_of_date from releases) as as_of
from asked where label is not null
group by label order by label
