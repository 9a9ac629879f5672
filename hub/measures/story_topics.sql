-- title: Subjects of stories
-- question: What are the stories about?
-- unit: stories
-- caution: A story with several subjects is counted under each.
select subject, count(*) as n,
       (select coalesce(max(as_of_date), (select as_of_date from releases)) from sources where dataset = 'stories') as as_of
from story_subjects group by subject order by subject
