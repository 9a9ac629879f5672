-- title: One story
-- question: What does this story tell, who told it, and what may be done with it?
-- caution: The place is shown only as exactly as the teller chose.
-- empty: The id of a story must be given.
-- example: story_id=lh-001
select story_id, title, body, lang, byline, told_date, era, subjects, place_label, place_precision, district, rights, rights_uri,
       credit_line, media_url,
       (select max(as_of_date) from sources where dataset = 'stories' and as_of is not read_at) as as_of,
       (select max(as_of_date) from sources where dataset = 'stories' and as_of = read_at) as read_on
from stories where story_id = :story_id
