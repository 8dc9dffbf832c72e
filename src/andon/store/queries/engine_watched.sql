-- Ends a statement of an engine that was killed within half a second, so that its lock is free for
-- the next one. Where the server's system cannot see that a client has gone, nothing changes.
DO $$
BEGIN
    PERFORM set_config('client_connection_check_interval', '500ms', false);
EXCEPTION WHEN OTHERS THEN
    NULL;
END
$$
