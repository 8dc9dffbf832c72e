-- Scrap of the last hour, one row per reading and reason.
--   machine_id: The machine, as in the topic.
--   job_id: Job that the reading names or keeps.
--   scrap_units: Scrap units; negative where a running total corrected increments.
--   scrap_reason: Reason as reported, or UNREPORTED.
--   scrap_category: Category as reported; null for UNREPORTED.
--   scrap_rate: scrap / (good + scrap) of the reading; null where it books nothing.
--   quality_score: Quality score that the reading reports, 0 to 1.
--   timestamp: Event time of the reading.
--   operator_name: Operator that the reading reports.
--   shift: Shift that the reading reports.
SELECT
    s.machine_id,
    s.job_id,
    s.scrap_units,
    s.scrap_reason,
    s.scrap_category,
    s.scrap_rate,
    s.quality_score,
    s."timestamp",
    s.operator_name,
    s.shift
FROM production_scrap s
WHERE s."timestamp" > now() - interval '1 hour'
