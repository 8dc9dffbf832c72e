-- name: measures
-- One machine's minutes of temperature and speed: thousandths.
select t.measure, t.minute, t.n, t.sum_milli, t.min_milli, t.max_milli
from measure_minute t
where t.machine_id = %(machine)s and t.minute >= %(since)s and t.minute < %(until)s
  and t.measure = any(array['temperature', 'speed'])
order by t.measure, t.minute
