-- name: heads
-- Each machine's head with the newest reading's values. The reading is found by its primary key
-- (carry.time is its event time); a measure it lacks is taken from the newest minute that has one,
-- a label from the newest minute row.
select c.machine_id, c.first, c.time, c.silent, c.state, c.state_raw, c.stop_reason, c.repair,
       c.interval_start, c.job_id, c.counts,
       m.name, m.area, m.line, m.simulated, m.awaiting_recompute, m.missing_messages,
       coalesce(r.temperature_milli, t.milli) as temperature_milli,
       coalesce(r.speed_milli, s.milli) as speed_milli,
       coalesce(r.alarm, false) as alarm,
       coalesce(r.job_progress_milli, l.job_progress_milli) as job_progress_milli,
       coalesce(r.target_units, l.target_units) as target_units,
       coalesce(r.produced_units, l.job_produced_units) as job_produced_units,
       coalesce(r.operator_name, l.operator_name) as operator_name,
       coalesce(r.reported_shift, l.reported_shift) as reported_shift,
       coalesce(r.location, l.location) as location,
       coalesce(r.firmware_version, l.firmware_version) as firmware_version,
       r.quality_score_milli, r.received
from carry c
left join machine m using (machine_id)
left join lateral (
    select * from reading r
    where r.machine_id = c.machine_id and r.time = c.time
    order by r.seq desc nulls last, r.identity desc
    limit 1
) r on true
left join lateral (
    select (t.sum_milli / t.n) as milli from measure_minute t
    where r.temperature_milli is null and t.machine_id = c.machine_id
      and t.measure = 'temperature' and t.n > 0 and t.minute > c.time - interval '10 minutes'
    order by t.minute desc
    limit 1
) t on true
left join lateral (
    select (s.sum_milli / s.n) as milli from measure_minute s
    where r.speed_milli is null and s.machine_id = c.machine_id
      and s.measure = 'speed' and s.n > 0 and s.minute > c.time - interval '10 minutes'
    order by s.minute desc
    limit 1
) s on true
left join lateral (
    select l.* from machine_minute l
    where (r.job_progress_milli is null or r.operator_name is null or r.location is null)
      and l.machine_id = c.machine_id and l.readings > 0
    order by l.minute desc
    limit 1
) l on true
where m.retired_at is null
  and (%(machines)s::text[] is null or c.machine_id = any(%(machines)s::text[]))
order by c.machine_id
