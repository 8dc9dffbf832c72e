-- name: pulses
-- What tells that a machine's head has moved: cheap enough to ask for every machine each time.
select c.machine_id, c.time, c.interval_start, c.state, c.silent
from carry c
left join machine m using (machine_id)
where m.retired_at is null
order by c.machine_id
