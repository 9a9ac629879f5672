-- title: Stories
-- question: Which stories tell about this?
-- unit: stories
-- caution: Only stories whose tellers agreed and which the city approved are here. Words are searched in title, story,
--   subjects, place and byline; every word must occur, the last one may be the beginning of a word.
-- example: subject=School
select s.story_id, s.title, s.byline, s.told_date, s.era, s.place_label, s.place_precision, s.subjects, s.lang,
       (select max(as_of_date) from sources where dataset = 'stories' and as_of is not read_at) as as_of,
       (select max(as_of_date) from sources where dataset = 'stories' and as_of = read_at) as read_on
from stories s
where (trim(replace(:q, '"', ' ')) = '' or s.rowid in (
        select rowid from stories_fts
        where stories_fts match '"' || replace(trim(replace(:q, '"', ' ')), ' ', '" "') || '"*'))
  and (:subject = '' or s.story_id in (select story_id from story_subjects where subject = :subject))
  and (:district = '' or s.district = :district)
order by s.era_start is null, s.era_start, s.title
