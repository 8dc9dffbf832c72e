-- Keeps rates that are new; a version never changes.
INSERT INTO ideal_rate
    (machine_id, rate_id, product_id, valid_from, cycle_us_numerator, cycle_us_denominator)
SELECT * FROM unnest(
    %(machine_id)s::text[], %(rate_id)s::text[], %(product_id)s::text[], %(valid_from)s::timestamptz[],
    %(numerator)s::bigint[], %(denominator)s::bigint[])
ON CONFLICT DO NOTHING
