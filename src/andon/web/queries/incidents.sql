-- name: incidents
-- One machine's newest incidents.
select i.start, i."end", i.uncovered_us
from incident i
where i.machine_id = %(machine)s and i.start >= %(since)s
order by i.start desc
limit %(most)s
