-- The newest carry of each machine before its watermark. Parameter: lateness (interval).
SELECT DISTINCT ON (s.machine_id) s.machine_id, s.head, s.open_minutes, s.open_measures
FROM carry c
JOIN carry_snapshot s ON s.machine_id = c.machine_id AND s.at < c.time - %(lateness)s::interval
ORDER BY s.machine_id, s.at DESC
