-- title: What do people ask for most?
-- question: Year by year, which ten groups had the most released requests?
-- unit: requests; % of the year's released requests
-- caution: Reports are not needs: some places and groups of people report more than others, and one problem can be
--   reported many times. The newest year may be incomplete.
-- example: district=
with counted as (
  select year, service_group, sum(n) as requests from durations
  where :district = '' or district = :district
  group by year, service_group
), ranked as (
  select *, row_number() over (partition by year order by requests desc, service_group) as place,
         sum(requests) over (partition by year) as whole_year
  from counted
)
select year, place, service_group, requests,
       case when whole_year >= 11 then round(100.0 * requests / whole_year, 1) end as percent_of_year
from ranked
where place <= 10
order by year desc, place
