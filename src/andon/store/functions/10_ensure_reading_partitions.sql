-- Makes the daily partitions of `reading` that are missing; other sessions go on reading and writing.
CREATE FUNCTION ensure_reading_partitions(days date[]) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp SET timezone = 'UTC'
AS $$
DECLARE
    this date;
    partition text;
    made integer := 0;
BEGIN
    FOR this IN SELECT DISTINCT d FROM unnest(days) AS d WHERE d IS NOT NULL ORDER BY d LOOP
        partition := 'reading_' || to_char(this, 'YYYYMMDD');
        CONTINUE WHEN to_regclass('public.' || quote_ident(partition)) IS NOT NULL;
        PERFORM pg_advisory_xact_lock(hashtextextended('andon reading partition', 0));
        CONTINUE WHEN to_regclass('public.' || quote_ident(partition)) IS NOT NULL;
        EXECUTE format('CREATE TABLE public.%I (LIKE public.reading INCLUDING DEFAULTS INCLUDING COMMENTS)', partition);
        EXECUTE format(
            'ALTER TABLE public.reading ATTACH PARTITION public.%I FOR VALUES FROM (%L) TO (%L)',
            partition, this::timestamptz, (this + 1)::timestamptz);
        EXECUTE format('COMMENT ON TABLE public.%I IS %L', partition,
            'Readings of the UTC day ' || this || '.');
        made := made + 1;
    END LOOP;
    RETURN made;
END
$$;
COMMENT ON FUNCTION ensure_reading_partitions(date[]) IS
    'Makes the daily partitions of reading that are missing; returns how many.';
