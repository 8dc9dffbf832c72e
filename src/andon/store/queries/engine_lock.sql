-- Takes the session lock of the engine; false where another session holds it.
SELECT pg_try_advisory_lock(hashtextextended('andon engine', 0))
