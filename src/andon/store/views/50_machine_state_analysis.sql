-- Time in each state per machine and 5-minute window of the last 24 hours.
--   machine_id: The machine, as in the topic.
--   window_start: Start of the window.
--   running_seconds: Time RUNNING, s.
--   idle_seconds: Time IDLE, s.
--   maintenance_seconds: Time in MAINTENANCE, repair included, s.
--   error_seconds: Time in ERROR, s.
--   running_pct: Share of the known time, percent; null where nothing is known.
--   idle_pct: Share of the known time, percent; null where nothing is known.
--   maintenance_pct: Share of the known time, percent; null where nothing is known.
--   error_pct: Share of the known time, percent; null where nothing is known.
--   downtime_incidents: Entries into ERROR.
--   defect_count: Scrap units of category QUALITY.
--   unknown_seconds: UNKNOWN in planned time, s.
SELECT
    w.machine_id,
    w.window_start,
    w.running_seconds,
    w.idle_seconds,
    w.maintenance_seconds,
    w.error_seconds,
    round(100 * w.running_seconds / k.known_seconds, 4) AS running_pct,
    round(100 * w.idle_seconds / k.known_seconds, 4) AS idle_pct,
    round(100 * w.maintenance_seconds / k.known_seconds, 4) AS maintenance_pct,
    round(100 * w.error_seconds / k.known_seconds, 4) AS error_pct,
    w.downtime_incidents,
    w.defect_count,
    w.unknown_seconds
FROM machine_metrics_5min w
CROSS JOIN LATERAL (
    SELECT nullif(w.running_seconds + w.idle_seconds + w.maintenance_seconds + w.error_seconds, 0)
        AS known_seconds
) k
WHERE w.window_start >= now() - interval '24 hours'
