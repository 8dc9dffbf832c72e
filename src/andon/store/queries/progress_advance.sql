-- Moves the fence past the batch that this transaction holds, with what it counted.
UPDATE progress SET
    batch = %(batch)s,
    "now" = COALESCE(%(now)s, "now"),
    updated_at = now(),
    messages = messages + %(messages)s,
    readings = readings + %(readings)s,
    duplicates = duplicates + %(duplicates)s,
    late = late + %(late)s,
    quarantined = quarantined + %(quarantined)s,
    awaiting_recompute = awaiting_recompute + %(awaiting_recompute)s
WHERE id = %(id)s
