-- A machine's 5-minute windows: time in each state, production, measures, labels, OEE. A window
-- without a row is UNKNOWN. Sums come from the minutes; each ratio is a ratio of sums.
--   id: Stable number of machine and window.
--   machine_id: The machine, as in the topic.
--   window_start: Start of the window, a multiple of 5 minutes.
--   window_end: End of the window.
--   avg_temperature: Mean temperature of the window's readings, degC.
--   max_temperature: Highest temperature, degC.
--   min_temperature: Lowest temperature, degC.
--   avg_speed: Mean speed of the window's readings, revolutions per minute.
--   max_speed: Highest speed, revolutions per minute.
--   avg_oee: Mean OEE as the device reports it, 0 to 1.
--   min_oee: Lowest OEE as the device reports it, 0 to 1.
--   production_delta: Units produced in the window, good and scrap.
--   alarm_count: Messages with alarm true.
--   running_seconds: Time RUNNING, s.
--   maintenance_seconds: Time in MAINTENANCE, repair included, s.
--   idle_seconds: Time IDLE, s.
--   error_seconds: Time in ERROR, s.
--   total_readings: Readings.
--   operator_name: Last one reported in the window.
--   shift: Last one reported in the window.
--   location: Last one reported in the window.
--   firmware_version: Last one reported in the window.
--   created_at: When the newest row behind it was computed.
--   job_id: Last one reported in the window.
--   job_progress: Last one reported in the window, 0 to 1.
--   target_units: Last one reported in the window.
--   produced_units: Last one reported in the window.
--   good_units: Good units produced in the window.
--   scrap_units: Scrap units produced in the window.
--   scrap_rate: scrap / (good + scrap); null where nothing was produced.
--   order_start_time: Last one reported in the window.
--   elapsed_time_sec: Last one reported in the window, s.
--   avg_quality_score: Mean quality score of the window's readings, 0 to 1.
--   defect_count: Scrap units of category QUALITY.
--   downtime_incidents: Entries into ERROR.
--   availability: A = time RUNNING / planned busy time; null without planned busy time.
--   effectiveness: E = ideal time of the units / time RUNNING; null without an ideal rate.
--   quality: Q = ideal time of the good units / of all units; piece yield without an ideal rate.
--   oee: Ideal time of the good units / planned busy time; null without an ideal rate.
--   coverage: Share of the planned time in which the state is known.
--   unknown_seconds: UNKNOWN in planned time, s.
--   planned_busy_seconds: Planned busy time (PBT), s.
SELECT
    hashtextextended(w.machine_id, extract(epoch FROM w.window_start)::bigint) AS id,
    w.machine_id,
    w.window_start,
    w.window_start + interval '5 minutes' AS window_end,
    round(w.temperature_sum / nullif(w.temperature_n * 1000, 0), 6) AS avg_temperature,
    w.temperature_max / 1000.0 AS max_temperature,
    w.temperature_min / 1000.0 AS min_temperature,
    round(w.speed_sum / nullif(w.speed_n * 1000, 0), 6) AS avg_speed,
    w.speed_max / 1000.0 AS max_speed,
    round(w.oee_sum / nullif(w.oee_n * 1000, 0), 6) AS avg_oee,
    w.oee_min / 1000.0 AS min_oee,
    w.produced::bigint AS production_delta,
    w.alarm_count::bigint AS alarm_count,
    w.running_us / 1000000.0 AS running_seconds,
    w.maintenance_us / 1000000.0 AS maintenance_seconds,
    w.idle_us / 1000000.0 AS idle_seconds,
    w.error_us / 1000000.0 AS error_seconds,
    w.readings::bigint AS total_readings,
    w.operator_name,
    w.shift,
    w.location,
    w.firmware_version,
    w.created_at,
    w.job_id,
    w.job_progress_milli / 1000.0 AS job_progress,
    w.target_units,
    w.job_produced_units AS produced_units,
    w.good::bigint AS good_units,
    w.scrap::bigint AS scrap_units,
    round(w.scrap / nullif(w.good + w.scrap, 0), 6) AS scrap_rate,
    w.order_start_time,
    w.elapsed_time_milli / 1000.0 AS elapsed_time_sec,
    round(w.quality_sum / nullif(w.quality_n * 1000, 0), 6) AS avg_quality_score,
    w.defects::bigint AS defect_count,
    w.incidents::bigint AS downtime_incidents,
    round(w.running_us / nullif(w.busy_us, 0), 6) AS availability,
    CASE WHEN w.rated THEN round(w.ideal_produced_us / nullif(w.running_us, 0), 6) END
        AS effectiveness,
    CASE
        WHEN w.busy_us = 0 THEN NULL  -- units of before, booked in a window without busy time
        WHEN w.rated AND w.ideal_produced_us > 0
            THEN round(w.ideal_good_us / w.ideal_produced_us, 6)
        WHEN w.produced_covered > 0 THEN round(w.good_covered / w.produced_covered, 6)
    END AS quality,
    CASE WHEN w.rated THEN round(w.ideal_good_us / nullif(w.busy_us, 0), 6) END AS oee,
    round(1 - coalesce(u.unknown_us / nullif(w.busy_us + u.unknown_us, 0), 0), 6) AS coverage,
    u.unknown_us / 1000000.0 AS unknown_seconds,
    w.busy_us / 1000000.0 AS planned_busy_seconds
FROM (
    SELECT
        r.machine_id,
        r.window_start,
        count(DISTINCT r.minute) AS minutes,
        max(r.minute) AS last_minute,
        sum(r.running_us) AS running_us,
        sum(r.idle_us) AS idle_us,
        sum(r.error_us) AS error_us,
        sum(r.maintenance_us) AS maintenance_us,
        sum(r.unknown_us) AS unknown_us,
        sum(r.busy_us) AS busy_us,
        sum(r.produced) AS produced,
        sum(r.good) AS good,
        sum(r.scrap) AS scrap,
        sum(r.produced_covered) AS produced_covered,
        sum(r.good_covered) AS good_covered,
        sum(r.produced_covered * r.cycle_us) AS ideal_produced_us,
        sum(r.good_covered * r.cycle_us) AS ideal_good_us,
        bool_or(r.cycle_us IS NOT NULL)
            AND NOT coalesce(bool_or(r.cycle_us IS NULL
                AND (r.produced_covered <> 0 OR r.good_covered <> 0)), false) AS rated,
        sum(r.readings) AS readings,
        sum(r.alarm_count) AS alarm_count,
        sum(r.incidents) AS incidents,
        sum(r.defects) AS defects,
        sum(r.n) FILTER (WHERE r.measure = 'temperature') AS temperature_n,
        sum(r.sum_milli) FILTER (WHERE r.measure = 'temperature') AS temperature_sum,
        min(r.min_milli) FILTER (WHERE r.measure = 'temperature') AS temperature_min,
        max(r.max_milli) FILTER (WHERE r.measure = 'temperature') AS temperature_max,
        sum(r.n) FILTER (WHERE r.measure = 'speed') AS speed_n,
        sum(r.sum_milli) FILTER (WHERE r.measure = 'speed') AS speed_sum,
        max(r.max_milli) FILTER (WHERE r.measure = 'speed') AS speed_max,
        sum(r.n) FILTER (WHERE r.measure = 'oee') AS oee_n,
        sum(r.sum_milli) FILTER (WHERE r.measure = 'oee') AS oee_sum,
        min(r.min_milli) FILTER (WHERE r.measure = 'oee') AS oee_min,
        sum(r.n) FILTER (WHERE r.measure = 'quality_score') AS quality_n,
        sum(r.sum_milli) FILTER (WHERE r.measure = 'quality_score') AS quality_sum,
        (array_agg(r.operator_name ORDER BY r.last_reading DESC)
            FILTER (WHERE r.operator_name IS NOT NULL))[1] AS operator_name,
        (array_agg(r.reported_shift ORDER BY r.last_reading DESC)
            FILTER (WHERE r.reported_shift IS NOT NULL))[1] AS shift,
        (array_agg(r.location ORDER BY r.last_reading DESC)
            FILTER (WHERE r.location IS NOT NULL))[1] AS location,
        (array_agg(r.firmware_version ORDER BY r.last_reading DESC)
            FILTER (WHERE r.firmware_version IS NOT NULL))[1] AS firmware_version,
        (array_agg(r.job_id ORDER BY r.last_reading DESC)
            FILTER (WHERE r.job_id IS NOT NULL))[1] AS job_id,
        (array_agg(r.job_progress_milli ORDER BY r.last_reading DESC)
            FILTER (WHERE r.job_progress_milli IS NOT NULL))[1] AS job_progress_milli,
        (array_agg(r.target_units ORDER BY r.last_reading DESC)
            FILTER (WHERE r.target_units IS NOT NULL))[1] AS target_units,
        (array_agg(r.job_produced_units ORDER BY r.last_reading DESC)
            FILTER (WHERE r.job_produced_units IS NOT NULL))[1] AS job_produced_units,
        (array_agg(r.order_start_time ORDER BY r.last_reading DESC)
            FILTER (WHERE r.order_start_time IS NOT NULL))[1] AS order_start_time,
        (array_agg(r.elapsed_time_milli ORDER BY r.last_reading DESC)
            FILTER (WHERE r.elapsed_time_milli IS NOT NULL))[1] AS elapsed_time_milli,
        max(r.computed_at) AS created_at
    FROM (
        -- one stream of minutes and of measures, so that a filter on the window reaches both indexes
        SELECT
            m.machine_id,
            date_bin('5 minutes', m.minute, '2000-01-01 00:00:00+00') AS window_start,
            m.minute,
            m.running_us,
            m.idle_job_us + m.idle_no_job_us AS idle_us,
            m.error_us,
            m.repair_us + m.maintenance_us AS maintenance_us,
            m.unknown_us,
            m.running_us + m.idle_job_us + m.idle_no_job_us + m.error_us + m.repair_us AS busy_us,
            m.produced_units AS produced,
            m.good_units AS good,
            m.scrap_units AS scrap,
            m.produced_units - m.produced_uncovered AS produced_covered,
            m.good_units - m.good_uncovered AS good_covered,
            round(i.cycle_us_numerator::numeric / i.cycle_us_denominator, 20) AS cycle_us,
            m.readings,
            m.alarm_count,
            m.incidents,
            m.scrap_quality_units AS defects,
            m.last_reading,
            m.operator_name,
            m.reported_shift,
            m.location,
            m.firmware_version,
            m.job_id,
            m.job_progress_milli,
            m.target_units,
            m.job_produced_units,
            m.order_start_time,
            m.elapsed_time_milli,
            m.computed_at,
            NULL::text AS measure,
            NULL::bigint AS n,
            NULL::bigint AS sum_milli,
            NULL::bigint AS min_milli,
            NULL::bigint AS max_milli
        FROM machine_minute m
        LEFT JOIN ideal_rate i ON i.machine_id = m.machine_id AND i.rate_id = m.rate_id
        UNION ALL
        SELECT
            s.machine_id,
            date_bin('5 minutes', s.minute, '2000-01-01 00:00:00+00'),
            NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL,
            NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL,
            s.computed_at,
            s.measure,
            s.n,
            s.sum_milli,
            s.min_milli,
            s.max_milli
        FROM measure_minute s
    ) r
    GROUP BY r.machine_id, r.window_start
) w
LEFT JOIN carry c ON c.machine_id = w.machine_id
LEFT JOIN state_interval o
    ON o.machine_id = w.machine_id AND o."end" IS NULL AND o.state = 'UNKNOWN'
CROSS JOIN LATERAL (
    -- UNKNOWN: in rows, minutes without a row up to the newest reading, and what is open now
    SELECT
        coalesce(w.unknown_us, 0)
        + 60000000 * greatest(0, extract(epoch FROM
            least(w.window_start + interval '5 minutes',
                greatest(date_trunc('minute', c.time, 'UTC'), w.last_minute) + interval '1 minute')
            - greatest(w.window_start, date_trunc('minute', c.first, 'UTC'))) / 60 - w.minutes)
        + CASE
            WHEN o.start IS NOT NULL THEN 1000000 * greatest(0, extract(epoch FROM
                least(w.window_start + interval '5 minutes', now())
                - greatest(w.window_start, o.start, c.time)))
            ELSE 0
        END AS unknown_us
) u
