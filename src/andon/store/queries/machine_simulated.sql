-- Marks machines whose messages say whether they are simulated.
UPDATE machine m SET simulated = s.simulated
FROM unnest(%(machine_id)s::text[], %(simulated)s::boolean[]) AS s (machine_id, simulated)
WHERE m.machine_id = s.machine_id AND m.simulated <> s.simulated
