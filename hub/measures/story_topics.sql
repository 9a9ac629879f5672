-- title: Subjects of stories
-- question: What are the stories about?
-- unit: stories
-- caution: A story with several subjects is counted under each.
select subject, count(*) as n,
       (select max(as_of_date) from sources where dataset = 'stories' and as_of is not read_at) as as_of,
       (select max(as_of_date) from sources where dataset = 'stories' and as_of = read_at) as read_on
from story_subjects group by subject order by subject
