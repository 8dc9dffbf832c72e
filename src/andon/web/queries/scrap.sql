-- name: scrap
-- One machine's newest scrap events.
select s.time, s.reason, s.category, s.units, s.span_start, s.job_id, s.operator_name
from scrap_event s
where s.machine_id = %(machine)s and s.time >= %(since)s
order by s.time desc, s.reason
limit %(most)s
