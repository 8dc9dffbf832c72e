-- name: anomalies
-- One machine's newest judged counter values.
select a.time, a.counter, a.kind, a.value, a.baseline, a.units, a.outcome
from anomaly a
where a.machine_id = %(machine)s and a.time >= %(since)s
order by a.time desc, a.counter
limit %(most)s
