-- title: One story
-- question: What does this story tell, who told it, and what may be done with it?
-- caution: The place is shown only as exactly as the teller chose.
-- empty: The id of a story must be given.
-- example: story_id=lh-001
select story_id, title, body, lang, byline, told_date, era, subjects, place_label, place_precision, district, rights, rights_uri,
       credit_line, media_url,
       (select max(coalesce(as_of_date, date(as_of, 'unixepoch'))) from sources where dataset = 'stories') as as_of
from stories where story_id = :story_id
