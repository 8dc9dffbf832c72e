-- name: gaps
-- One machine's newest gaps in the message numbers.
select g.time, g.boot_id, g.first_seq, g.last_seq, g.after
from gap g
where g.machine_id = %(machine)s and g.time >= %(since)s
order by g.time desc
limit %(most)s
