-- name: tallies
-- What the store itself says of integrity: all-time from the engine's progress row and the
-- quarantine, since `since` from gaps and anomalies.
select coalesce(sum(p.messages), 0)::bigint as messages,
       coalesce(sum(p.readings), 0)::bigint as readings,
       coalesce(sum(p.duplicates), 0)::bigint as duplicates,
       coalesce(sum(p.late), 0)::bigint as late,
       coalesce(sum(p.quarantined), 0)::bigint as quarantined,
       coalesce(sum(p.awaiting_recompute), 0)::bigint as awaiting_recompute,
       coalesce(sum(p.batch), 0)::bigint as batches,
       max(p.updated_at) as updated_at,
       max(p.now) as now,
       (select count(*) from quarantine q where q.released is null) as in_quarantine,
       (select count(*) from gap g where g.time >= %(since)s) as gaps,
       (select coalesce(sum(g.last_seq - g.first_seq + 1), 0)::bigint
          from gap g where g.time >= %(since)s) as gap_messages,
       (select count(*) from anomaly a where a.time >= %(since)s) as anomalies
from progress p
