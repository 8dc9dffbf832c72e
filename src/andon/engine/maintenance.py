"""What must be done now and then: old snapshots and raw days go."""

from __future__ import annotations

import time
from dataclasses import dataclass, field

from andon.engine.step import Stepper
from andon.errors import StoreUnreachable
from andon.plan import Plan
from andon.store import postgres
from andon.store.sql import query as query_text

_SNAPSHOTS_EVERY_S = 60.0
_RETENTION_EVERY_S = 3600.0


@dataclass(slots=True)
class Maintenance:
    """Runs between batches, under the fence, each at its own interval."""

    plan: Plan
    _snapshots: float = field(default_factory=time.monotonic)
    _retention: float = field(default_factory=time.monotonic)

    def run(self, stepper: Stepper) -> None:
        """Does what is due. A store that is away is the next batch's business."""
        now = time.monotonic()
        prune = now - self._snapshots >= _SNAPSHOTS_EVERY_S
        drop = now - self._retention >= _RETENTION_EVERY_S
        if not (prune or drop):
            return
        try:
            with postgres.transaction(stepper.conn):
                stepper.fence.check(stepper.conn)
                if prune:
                    lateness = f"{self.plan.allowed_lateness_us} microseconds"
                    postgres.execute(
                        stepper.conn, query_text("snapshots_prune"), {"lateness": lateness}
                    )
                if drop:
                    retention = f"{self.plan.raw_retention_us} microseconds"
                    postgres.query(
                        stepper.conn, "SELECT drop_reading_partitions(%s::interval)", (retention,)
                    )
                    stepper.forget_days()
        except StoreUnreachable:
            return
        self._snapshots = now if prune else self._snapshots
        self._retention = now if drop else self._retention
