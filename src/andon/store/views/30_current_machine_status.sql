-- Each machine that was heard in the last 5 minutes: its newest 5-minute window.
--   machine_id: The machine, as in the topic.
--   avg_temperature: Mean temperature, degC.
--   max_temperature: Highest temperature, degC.
--   avg_speed: Mean speed, revolutions per minute.
--   avg_oee: Mean OEE as the device reports it, 0 to 1.
--   alarm_count: Messages with alarm true.
--   availability_pct: Availability, percent.
--   error_pct: Time in ERROR of the planned busy time, percent.
--   scrap_rate: scrap / (good + scrap); null where nothing was produced.
--   good_units: Good units produced in the window.
--   scrap_units: Scrap units produced in the window.
--   produced_units: Last one reported in the window.
--   avg_quality_score: Mean quality score, 0 to 1.
--   defect_count: Scrap units of category QUALITY.
--   downtime_incidents: Entries into ERROR.
--   operator_name: Last one reported in the window.
--   shift: Last one reported in the window.
--   location: Last one reported in the window.
--   window_start: Start of the window.
--   window_end: End of the window.
--   health_score: min(OEE, 1) * (1 - scrap rate) * (1 - error share), 0 to 1; null where one is null.
--   availability: A of the window, 0 to 1.
--   effectiveness: E of the window; null without an ideal rate.
--   quality: Q of the window, 0 to 1.
--   oee: OEE of the window; null without an ideal rate.
--   coverage: Share of the planned time in which the state is known.
SELECT DISTINCT ON (w.machine_id)
    w.machine_id,
    w.avg_temperature,
    w.max_temperature,
    w.avg_speed,
    w.avg_oee,
    w.alarm_count,
    100 * w.availability AS availability_pct,
    round(100 * w.error_seconds / nullif(w.planned_busy_seconds, 0), 4) AS error_pct,
    w.scrap_rate,
    w.good_units,
    w.scrap_units,
    w.produced_units,
    w.avg_quality_score,
    w.defect_count,
    w.downtime_incidents,
    w.operator_name,
    w.shift,
    w.location,
    w.window_start,
    w.window_end,
    -- least() passes over a null, so a null OEE has to be kept by hand
    CASE WHEN w.oee IS NOT NULL THEN round(least(w.oee, 1) * (1 - w.scrap_rate)
        * (1 - w.error_seconds / nullif(w.planned_busy_seconds, 0)), 6) END AS health_score,
    w.availability,
    w.effectiveness,
    w.quality,
    w.oee,
    w.coverage
FROM machine_metrics_5min w
WHERE w.window_start > now() - interval '10 minutes' AND w.total_readings > 0
ORDER BY w.machine_id, w.window_start DESC
