-- Drops the days of `reading` that are older than the horizon of every machine with readings in them.
CREATE FUNCTION drop_reading_partitions(retention interval)
RETURNS TABLE (day date)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp SET timezone = 'UTC'
AS $$
DECLARE
    partition record;
    needed boolean;
BEGIN
    FOR partition IN
        SELECT c.relname, to_date(right(c.relname, 8), 'YYYYMMDD') AS of_day
        FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
        WHERE i.inhparent = 'public.reading'::regclass
        ORDER BY 2
    LOOP
        -- counted back from each machine's newest reading, not from the clock of the wall
        EXECUTE format(
            'SELECT EXISTS (SELECT FROM public.carry m WHERE date_trunc(''day'', m.time - $1) < $2
                AND EXISTS (SELECT FROM public.%I r WHERE r.machine_id = m.machine_id))',
            partition.relname)
        INTO needed USING retention, (partition.of_day + 1)::timestamptz;
        CONTINUE WHEN needed;
        EXECUTE format(
            'UPDATE public.machine m SET raw_from = $1
             WHERE (m.raw_from IS NULL OR m.raw_from < $1)
                AND EXISTS (SELECT FROM public.%I r WHERE r.machine_id = m.machine_id)',
            partition.relname)
        USING (partition.of_day + 1)::timestamptz;
        EXECUTE format('DROP TABLE public.%I', partition.relname);
        day := partition.of_day;
        RETURN NEXT;
    END LOOP;
END
$$;
COMMENT ON FUNCTION drop_reading_partitions(interval) IS
    'Drops whole days of reading that lie before the horizon (newest reading - retention) of every machine in them; returns the days.';
