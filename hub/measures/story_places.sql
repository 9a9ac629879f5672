-- title: Stories by place
-- question: Where do the stories happen, as exactly as their tellers chose to say?
-- unit: stories
-- caution: A circle is the size of the precision that the teller chose, not a spot. Stories placed in the whole city, or
--   not at all, are not on the map.
-- example: subject=School
select story_id, title, place_label, place_precision, lat, long, coalesce(district, 'Citywide or not told') as district,
       lat is not null and long is not null and place_precision in ('exact', 'block', 'neighbourhood') as is_on_map,
       (select max(as_of_date) from sources where dataset = 'stories' and as_of is not read_at) as as_of,
       (select max(as_of_date) from sources where dataset = 'stories' and as_of = read_at) as read_on
from stories
where :subject = '' or story_id in (select story_id from story_subjects where subject = :subject)
order by title, story_id
