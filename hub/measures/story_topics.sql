-- title: Subjects of stories
-- question: What are the stories about?
-- unit: stories
-- caution: A story with several subjects is counted under each.
select subject, count(*) as n,
       (select max(coalesce(as_of_date, date(as_of, 'unixepoch'))) from sources where dataset = 'stories') as as_of
from story_subjects group by subject order by subject
