-- title: What was kept back, and why?
-- question: How many records of each dataset were withheld, kept waiting, or set aside as unusable, for which reason?
-- unit: rows; % of the records read
-- caution: 'flagged' rows are released, with one value set aside. A row can be flagged for more than one reason.
-- example: dataset=&kind=
select q.dataset, q.kind, q.reason, q.rows, c.read as records_read,
       case when c.read >= 11 then round(100.0 * q.rows / c.read, 2) end as percent_of_read
from quality_reasons q left join completeness c on c.dataset = q.dataset
where (:dataset = '' or q.dataset = :dataset) and (:kind = '' or q.kind = :kind)
order by q.dataset, q.kind, q.rows desc, q.reason
