-- Readings of the tail: after each machine's base, those not waiting for recomputation.
SELECT {columns}
FROM unnest(%(machine_id)s::text[], %(since)s::timestamptz[]) AS b (machine_id, since)
CROSS JOIN LATERAL (
    SELECT * FROM reading x
    WHERE x.machine_id = b.machine_id AND x.time > b.since AND NOT x.awaiting_recompute
) r
