-- Keeps of each machine the newest snapshot of every UTC hour, and all since before the watermark.
DELETE FROM carry_snapshot s
USING carry c
WHERE c.machine_id = s.machine_id
    AND s.at < c.time - %(lateness)s::interval
    AND EXISTS (
        SELECT FROM carry_snapshot n
        WHERE n.machine_id = s.machine_id AND n.at > s.at AND n.at < c.time - %(lateness)s::interval
            AND date_trunc('hour', n.at, 'UTC') = date_trunc('hour', s.at, 'UTC'))
