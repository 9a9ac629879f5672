-- title: Stories near a decade
-- question: Which stories are about a decade, or the ten years before or after it?
-- caution: The years are the teller's own. Stories without years are left out when a decade is chosen.
-- example: decade=
with asked as (select cast(:decade as integer) / 10 * 10 as decade)
select story_id, title, byline, era, era_start, era_end, place_label, place_precision
from stories, asked
where :decade = ''
   or (era_start <= decade + 19 and coalesce(era_end, era_start) >= decade - 10)
order by case when decade > 0 then abs((era_start + coalesce(era_end, era_start)) / 2 - decade - 5) end, era_start, story_id
