-- name: sums
-- Integer sums per machine and ideal rate over that machine's own range of minutes [since, until),
-- given as minutes since 1970 (lists as text: quicker to send than arrays of instants).
-- What totals healed before the range began counts only as far as UNKNOWN time lies inside it
-- (SEMANTICS 10): then the row's healed time is cut to the UNKNOWN time between `counted` (start
-- of the whole range) and the row.
select k.machine_id, k.rate_id,
       sum(case
           when k.unknown_healed_us = 0 then 0
           when k.healed_from is null or k.healed_from >= s.counted then k.unknown_healed_us
           else least(k.unknown_healed_us, greatest(0,
               (extract(epoch from k.minute + interval '1 minute' - s.counted) * 1000000)::bigint
               - (select sum({known})
                  from machine_minute o
                  where o.machine_id = k.machine_id
                    and o.minute >= s.counted and o.minute <= k.minute)))
       end)::bigint as unknown_healed_us,
       {sums}
from (
    select r.machine_id, to_timestamp(r.since * 60) as since, to_timestamp(r.until * 60) as until,
           to_timestamp(r.counted * 60) as counted
    from unnest(%(machines)s::text[], string_to_array(%(since)s, ',')::bigint[],
                string_to_array(%(until)s, ',')::bigint[],
                string_to_array(%(counted)s, ',')::bigint[]) as r(machine_id, since, until, counted)
) s
join machine_minute k
  on k.machine_id = s.machine_id and k.minute >= s.since and k.minute < s.until
group by k.machine_id, k.rate_id
