-- name: intervals
-- One machine's chain of states that touches [since, until), in order, at most %(most)s newest.
select i.start, i."end", i.state, i.state_raw, i.stop_reason, i.repair, i.revision
from state_interval i
where i.machine_id = %(machine)s and i.start < %(until)s
  and (i."end" is null or i."end" > %(since)s)
order by i.start desc
limit %(most)s
