-- Counts the message numbers missing in the gaps of machines whose gaps have changed.
UPDATE machine m SET missing_messages = (
    SELECT COALESCE(sum(g.last_seq - g.first_seq + 1), 0) FROM gap g WHERE g.machine_id = m.machine_id)
WHERE m.machine_id = ANY(%(machine_id)s::text[])
