-- name: rates
-- Every version of every ideal rate, exact: microseconds per unit as a fraction.
select machine_id, rate_id, cycle_us_numerator, cycle_us_denominator, valid_from
from ideal_rate
order by machine_id, valid_from nulls first, rate_id
