-- Which of these readings are stored. Parameters: machine_id, time, identity (arrays).
SELECT a.identity
FROM unnest(%(machine_id)s::text[], %(time)s::timestamptz[], %(identity)s::uuid[])
    AS a (machine_id, time, identity)
JOIN reading r ON r.machine_id = a.machine_id AND r.time = a.time AND r.identity = a.identity
