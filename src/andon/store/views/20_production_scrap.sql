-- Scrap booked at a reading, one row per reason; what no message explained is UNREPORTED.
--   id: Stable number of the row.
--   machine_id: The machine, as in the topic.
--   timestamp: Event time of the reading.
--   job_id: Job that the reading names or keeps.
--   scrap_units: Scrap units; negative where a running total corrected increments.
--   scrap_reason: Reason as reported, or UNREPORTED.
--   scrap_category: Category as reported; null for UNREPORTED.
--   total_produced_units: Units booked at the same reading, good and scrap.
--   good_units: Good units booked at the same reading.
--   scrap_rate: scrap / (good + scrap) of the reading; null where it books nothing.
--   quality_score: Quality score that the reading reports, 0 to 1.
--   created_at: When the row was computed.
--   operator_name: Operator that the reading reports.
--   shift: Shift that the reading reports.
--   span_start: Start of the time in which the scrap arose.
SELECT
    hashtextextended(e.reason || e.identity::text || e.machine_id,
        (extract(epoch FROM e.time) * 1000000)::bigint) AS id,
    e.machine_id,
    e.time AS "timestamp",
    e.job_id,
    e.units AS scrap_units,
    e.reason AS scrap_reason,
    e.category AS scrap_category,
    e.produced_units AS total_produced_units,
    e.good_units,
    round((e.produced_units - e.good_units)::numeric / nullif(e.produced_units, 0), 6)
        AS scrap_rate,
    e.quality_score_milli / 1000.0 AS quality_score,
    e.computed_at AS created_at,
    e.operator_name,
    e.reported_shift AS shift,
    e.span_start
FROM scrap_event e
