-- Adds record counts to machines.
UPDATE machine m SET
    received = m.received + t.received,
    duplicates = m.duplicates + t.duplicates,
    late = m.late + t.late,
    awaiting_recompute = m.awaiting_recompute + t.awaiting_recompute,
    set_aside = m.set_aside + t.set_aside
FROM unnest(%(machine_id)s::text[], %(received)s::bigint[], %(duplicates)s::bigint[],
    %(late)s::bigint[], %(awaiting_recompute)s::bigint[], %(set_aside)s::bigint[])
    AS t (machine_id, received, duplicates, late, awaiting_recompute, set_aside)
WHERE m.machine_id = t.machine_id
