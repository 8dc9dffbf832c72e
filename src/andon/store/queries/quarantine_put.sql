-- Keeps refused messages once each and counts their copies.
INSERT INTO quarantine AS q
    (identity, topic, payload, element, machine_id, reason, detail, received, seen, last_seen)
SELECT * FROM unnest(
    %(identity)s::uuid[], %(topic)s::text[], %(payload)s::bytea[], %(element)s::integer[],
    %(machine_id)s::text[], %(reason)s::text[], %(detail)s::text[], %(received)s::timestamptz[],
    %(seen)s::bigint[], %(received)s::timestamptz[])
ON CONFLICT (identity) DO UPDATE SET
    seen = q.seen + excluded.seen,
    last_seen = greatest(q.last_seen, excluded.last_seen)
