-- The exact sums behind A, E, Q, OEE and coverage of a machine (null: of each) over whole minutes.
CREATE FUNCTION oee_range(machine text, since timestamptz, until timestamptz)
RETURNS TABLE (
    machine_id text,
    first_reading timestamptz,
    newest_reading timestamptz,
    pbt_us bigint,
    apt_us bigint,
    unknown_us bigint,
    healed_us bigint,
    idle_job_us bigint,
    idle_no_job_us bigint,
    error_us bigint,
    repair_us bigint,
    maintenance_us bigint,
    planned_stop_us bigint,
    off_shift_us bigint,
    readings bigint,
    produced_units bigint,
    good_units bigint,
    scrap_units bigint,
    produced_covered bigint,
    good_covered bigint,
    good_in_unknown bigint,
    scrap_quality_units bigint,
    incidents bigint,
    failures_begun bigint,
    failures_ended bigint,
    repair_time_us bigint,
    rated boolean,
    ideal_produced_us numeric,
    ideal_good_us numeric,
    ideal_in_unknown_us numeric,
    coverage numeric,
    worst numeric,
    best numeric
)
LANGUAGE sql STABLE
AS $$
    SELECT
        c.machine_id,
        c.first,
        c.time,
        t.pbt_us,
        t.apt_us,
        t.unknown_us,
        t.healed_us,
        coalesce(s.idle_job_us, 0)::bigint,
        coalesce(s.idle_no_job_us, 0)::bigint,
        coalesce(s.error_us, 0)::bigint,
        coalesce(s.repair_us, 0)::bigint,
        coalesce(s.maintenance_us, 0)::bigint,
        coalesce(s.planned_stop_us, 0)::bigint,
        coalesce(s.off_shift_us, 0)::bigint,
        coalesce(s.readings, 0)::bigint,
        coalesce(s.produced_units, 0)::bigint,
        coalesce(s.good_units, 0)::bigint,
        coalesce(s.scrap_units, 0)::bigint,
        coalesce(s.produced_covered, 0)::bigint,
        coalesce(s.good_covered, 0)::bigint,
        coalesce(s.good_in_unknown, 0)::bigint,
        coalesce(s.scrap_quality_units, 0)::bigint,
        coalesce(s.incidents, 0)::bigint,
        coalesce(s.failures_begun, 0)::bigint,
        coalesce(s.failures_ended, 0)::bigint,
        coalesce(s.repair_time_us, 0)::bigint,
        t.rated,
        s.ideal_produced_us,
        s.ideal_good_us,
        s.ideal_in_unknown_us,
        CASE WHEN t.planned_us > 0 THEN 1 - t.unknown_us / t.planned_us ELSE 1 END,
        CASE WHEN t.rated AND t.planned_us > 0
            THEN (s.ideal_good_us + s.ideal_in_unknown_us) / t.planned_us END,
        CASE
            WHEN NOT t.rated OR t.planned_us = 0 THEN NULL
            WHEN t.healed_us >= t.unknown_us
                THEN (s.ideal_good_us + s.ideal_in_unknown_us) / t.planned_us
            ELSE greatest(s.ideal_good_us + s.ideal_in_unknown_us, s.ideal_good_us + t.unknown_us)
                / t.planned_us
        END
    FROM carry c
    LEFT JOIN state_interval o
        ON o.machine_id = c.machine_id AND o."end" IS NULL AND o.state = 'UNKNOWN'
    LEFT JOIN (
        -- ideal time: exact products per rate, one division each, then their sum
        SELECT
            r.machine_id,
            max(r.last_minute) AS last_minute,
            sum(r.running_us) AS running_us,
            sum(r.idle_job_us) AS idle_job_us,
            sum(r.idle_no_job_us) AS idle_no_job_us,
            sum(r.error_us) AS error_us,
            sum(r.repair_us) AS repair_us,
            sum(r.maintenance_us) AS maintenance_us,
            sum(r.planned_stop_us) AS planned_stop_us,
            sum(r.off_shift_us) AS off_shift_us,
            sum(r.unknown_us) AS unknown_us,
            sum(r.readings) AS readings,
            sum(r.produced_units) AS produced_units,
            sum(r.good_units) AS good_units,
            sum(r.scrap_units) AS scrap_units,
            sum(r.produced_covered) AS produced_covered,
            sum(r.good_covered) AS good_covered,
            sum(r.good_in_unknown) AS good_in_unknown,
            sum(r.scrap_quality_units) AS scrap_quality_units,
            sum(r.incidents) AS incidents,
            sum(r.failures_begun) AS failures_begun,
            sum(r.failures_ended) AS failures_ended,
            sum(r.repair_time_us) AS repair_time_us,
            bool_or(i.rate_id IS NOT NULL)
                AND NOT bool_or(i.rate_id IS NULL AND r.has_units) AS rated,
            sum(round(r.produced_covered * i.cycle_us_numerator::numeric(40, 20)
                / i.cycle_us_denominator, 20)) AS ideal_produced_us,
            sum(round(r.good_covered * i.cycle_us_numerator::numeric(40, 20)
                / i.cycle_us_denominator, 20)) AS ideal_good_us,
            sum(round(r.good_in_unknown * i.cycle_us_numerator::numeric(40, 20)
                / i.cycle_us_denominator, 20)) AS ideal_in_unknown_us
        FROM (
            SELECT
                m.machine_id,
                m.rate_id,
                max(m.minute) AS last_minute,
                sum(m.running_us) AS running_us,
                sum(m.idle_job_us) AS idle_job_us,
                sum(m.idle_no_job_us) AS idle_no_job_us,
                sum(m.error_us) AS error_us,
                sum(m.repair_us) AS repair_us,
                sum(m.maintenance_us) AS maintenance_us,
                sum(m.planned_stop_us) AS planned_stop_us,
                sum(m.off_shift_us) AS off_shift_us,
                sum(m.unknown_us) AS unknown_us,
                sum(m.readings) AS readings,
                sum(m.produced_units) AS produced_units,
                sum(m.good_units) AS good_units,
                sum(m.scrap_units) AS scrap_units,
                sum(m.produced_units - m.produced_uncovered) AS produced_covered,
                sum(m.good_units - m.good_uncovered) AS good_covered,
                sum(m.good_in_unknown) AS good_in_unknown,
                sum(m.scrap_quality_units) AS scrap_quality_units,
                sum(m.incidents) AS incidents,
                sum(m.failures_begun) AS failures_begun,
                sum(m.failures_ended) AS failures_ended,
                sum(m.repair_time_us) AS repair_time_us,
                bool_or(m.produced_units <> m.produced_uncovered
                    OR m.good_units <> m.good_uncovered OR m.good_in_unknown <> 0) AS has_units
            FROM machine_minute m
            WHERE (machine IS NULL OR m.machine_id = machine)
                AND m.minute >= since AND m.minute < until
                AND date_bin('5 minutes', m.minute, '2000-01-01 00:00:00+00')
                    >= date_bin('5 minutes', since, '2000-01-01 00:00:00+00')
                AND date_bin('5 minutes', m.minute, '2000-01-01 00:00:00+00') < until
            GROUP BY m.machine_id, m.rate_id
        ) r
        LEFT JOIN ideal_rate i ON i.machine_id = r.machine_id AND i.rate_id = r.rate_id
        GROUP BY r.machine_id
    ) s ON s.machine_id = c.machine_id
    LEFT JOIN (
        SELECT p.machine_id, count(DISTINCT p.minute) AS minutes
        FROM machine_minute p
        WHERE (machine IS NULL OR p.machine_id = machine)
            AND p.minute >= since AND p.minute < until
            AND date_bin('5 minutes', p.minute, '2000-01-01 00:00:00+00')
                >= date_bin('5 minutes', since, '2000-01-01 00:00:00+00')
            AND date_bin('5 minutes', p.minute, '2000-01-01 00:00:00+00') < until
        GROUP BY p.machine_id
    ) n ON n.machine_id = c.machine_id
    CROSS JOIN LATERAL (
        SELECT
            (coalesce(s.unknown_us, 0)
            -- minutes without a row, up to the newest reading
            + 60000000 * greatest(0,
                ceil(extract(epoch FROM least(until,
                    greatest(date_trunc('minute', c.time, 'UTC'), s.last_minute)
                        + interval '1 minute')) / 60)
                - ceil(extract(epoch FROM
                    greatest(since, date_trunc('minute', c.first, 'UTC'))) / 60)
                - coalesce(n.minutes, 0))
            -- what is open: no row holds it
            + CASE
                WHEN o.start IS NOT NULL THEN 1000000 * greatest(0, extract(epoch FROM
                    until - greatest(since, o.start, c.time)))
                ELSE 0
            END)::bigint AS unknown_us
    ) u
    CROSS JOIN LATERAL (
        -- UNKNOWN time that running totals spanned; of a span across an edge the part inside
        SELECT coalesce(sum(
            CASE
                WHEN h.healed_from >= since AND h.minute < until THEN h.unknown_healed_us
                ELSE least(h.unknown_healed_us, (
                    SELECT 1000000 * coalesce(sum(extract(epoch FROM
                        least(v."end", until, h.minute + interval '1 minute')
                        - greatest(v.start, since, h.healed_from))), 0)
                    FROM state_interval v
                    WHERE v.machine_id = h.machine_id AND v.state = 'UNKNOWN'
                        AND v.start < least(until, h.minute + interval '1 minute')
                        AND v."end" > greatest(since, h.healed_from)))
            END), 0)::bigint AS healed_us
        FROM machine_minute h
        WHERE h.machine_id = c.machine_id AND h.unknown_healed_us > 0
            AND h.minute >= date_trunc('minute', since, 'UTC') AND h.healed_from < until
    ) g
    CROSS JOIN LATERAL (
        SELECT
            b.pbt_us,
            coalesce(s.running_us, 0)::bigint AS apt_us,
            u.unknown_us,
            g.healed_us,
            (b.pbt_us + u.unknown_us)::numeric AS planned_us,
            coalesce(s.rated, false) AS rated
        FROM (SELECT coalesce(s.running_us + s.idle_job_us + s.idle_no_job_us + s.error_us
            + s.repair_us, 0)::bigint AS pbt_us) b
    ) t
    WHERE c.first < until AND (machine IS NULL OR c.machine_id = machine)
$$;
COMMENT ON FUNCTION oee_range(text, timestamptz, timestamptz) IS
    'The exact sums behind A, E, Q, OEE and coverage of a machine (null: of each) over the minutes that begin in [since, until). Open UNKNOWN counts up to until: give your own now at most. rated is false where covered units have no ideal rate; then E, OEE, worst and best are null.';
