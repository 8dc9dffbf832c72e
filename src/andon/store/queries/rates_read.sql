-- Every version of every ideal rate.
SELECT machine_id, rate_id, product_id, (extract(epoch FROM valid_from) * 1000000)::bigint AS valid_from,
    cycle_us_numerator, cycle_us_denominator
FROM ideal_rate
