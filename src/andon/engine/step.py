"""What an engine does with a batch: fence, decode, advance, one transaction."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import polars as pl

from andon.engine import sink
from andon.engine.admission import Admitted, admit
from andon.engine.fence import LANE, Fence, relock
from andon.engine.recovery import recover
from andon.engine.registry import register
from andon.engine.tally import Tally
from andon.errors import StoreUnreachable
from andon.kernel import Carry, Step, Tail, advance
from andon.kernel.work import FOREVER_US, plan_columns
from andon.model import READINGS
from andon.plan import Plan
from andon.plant import Plant
from andon.store import postgres
from andon.store.postgres import Connection
from andon.store.sql import query as query_text
from andon.units import from_us
from andon.wire import Message, WireRules, decode


@dataclass(frozen=True, slots=True)
class Batch:
    """Messages taken from the source together, and the clock they are judged by.

    Kept until it is known to be committed: a retry sees the same `now`.
    """

    messages: Sequence[Message]
    now: int | None


@dataclass(slots=True)
class Stepper:
    """Carry, tail and fence of one engine over one connection.

    The caller acknowledges a batch after `step` returned, never after it raised. After
    StoreUnreachable it calls `reconnect` and hands in the same batch again.
    """

    conn: Connection
    fence: Fence
    plant: Plant
    plan: Plan
    rules: WireRules
    max_machines: int
    carry: Carry = field(default_factory=Carry.empty)
    tail: Tail = field(default_factory=Tail)
    difference: str = ""
    _days: set[int] = field(default_factory=set)
    _known: set[str] = field(default_factory=set)
    _attempted: int | None = None
    _deadline: int | None = None

    def load(self) -> None:
        """Takes carry and tail from the database."""
        with postgres.transaction(self.conn):
            self.fence.batch = self.fence.check(self.conn)
            found = recover(self.conn, self.plan)
        self.carry, self.tail, self.difference = found
        self._deadline = None
        self._known = set(self.carry.head["machine_id"].to_list())
        self._days.clear()

    def reconnect(self, conn: Connection) -> bool:
        """Goes on over a new connection; True if the batch that failed was committed after all.

        Raises FenceLost where another engine has taken over meanwhile.
        """
        self.conn = conn
        attempted, self._attempted = self._attempted, None
        self.load()
        relock(conn)
        return attempted is not None and self.fence.batch == attempted

    def hold(self) -> None:
        """Makes sure that this is still the engine. Raises FenceLost, StoreUnreachable."""
        with postgres.transaction(self.conn):
            self.fence.check(self.conn)

    def step(self, batch: Batch) -> Tally:
        """Commits a batch. Raises FenceLost, StoreUnreachable."""
        decoded = decode(batch.messages, self.rules)
        with postgres.transaction(self.conn):
            committed = self.fence.check(self.conn)
            if committed != self.fence.batch:
                raise StoreUnreachable(
                    f"The store is at batch {committed}, this engine at {self.fence.batch}: "
                    "loading what is there."
                )
            admitted = admit(self.conn, decoded, self.carry, self.plan, self.max_machines)
            step = advance(self.carry, self.tail, admitted.readings, None, batch.now, self.plan)
            stored = _to_store(admitted, step)
            tally = _tally(admitted, step, stored)
            tally.add("messages", len(batch.messages))
            tally.add("ignored", decoded.ignored)
            self._write(batch, admitted, step, stored, tally)
            self._attempted = committed + 1
        self._attempted = None
        self.fence.batch = committed + 1
        self.carry, self.tail = step.carry, step.tail
        self._deadline = None
        if step.carry.head.height > len(self._known):
            self._known.update(step.carry.head["machine_id"].to_list())
        return tally

    def falls_silent(self, now: int | None) -> bool:
        """Whether `now` confirms the silence of a machine that is not silent yet."""
        if now is None or self.carry.head.is_empty():
            return False
        if self._deadline is None:
            awake = self.carry.head.filter(~pl.col("silent"))
            gaps = plan_columns(awake.select("slot", "machine_id"), self.plan)
            ends = awake.join(gaps, on="slot").select(pl.col("time") + pl.col("max_gap"))
            first = ends["time"].min()
            self._deadline = first if isinstance(first, int) else FOREVER_US
        return now > self._deadline

    def forget_days(self) -> None:
        """Raw days may have gone: look again before the next write."""
        self._days.clear()

    def _write(
        self, batch: Batch, admitted: Admitted, step: Step, stored: pl.DataFrame, tally: Tally
    ) -> None:
        self._discover(step, stored)
        if batch.messages:
            sink.write_tallies(self.conn, tally)
        sink.write_readings(self.conn, stored, self._days)
        sink.write_step(self.conn, step)
        sink.write_snapshots(self.conn, step)
        sink.write_quarantine(self.conn, admitted.rejected)
        postgres.execute(
            self.conn,
            query_text("progress_advance"),
            {
                "id": LANE,
                "batch": self.fence.batch + 1,
                "now": None if batch.now is None else from_us(batch.now),
                **{
                    name: tally.totals[name]
                    for name in (
                        "messages",
                        "readings",
                        "duplicates",
                        "late",
                        "quarantined",
                        "awaiting_recompute",
                    )
                },
            },
        )
        postgres.notify(self.conn, "andon_batch", str(self.fence.batch + 1))

    def _discover(self, step: Step, stored: pl.DataFrame) -> None:
        """Makes new machines known, with the ideal rates that hold for them."""
        new: list[str] = []
        if step.carry.head.height > len(self._known):
            new = [m for m in step.carry.head["machine_id"].to_list() if m not in self._known]
        if new:
            register(self.conn, self.plant, self.plan, new)
        told = stored.filter(pl.col("simulated").is_not_null())
        told = told.unique("machine_id", keep="last").filter(
            pl.col("machine_id").is_in(new) | ~pl.col("simulated")
        )
        if told.height:
            postgres.execute(
                self.conn,
                query_text("machine_simulated"),
                {
                    "machine_id": told["machine_id"].to_list(),
                    "simulated": told["simulated"].to_list(),
                },
            )


def _to_store(admitted: Admitted, step: Step) -> pl.DataFrame:
    """One row per reading that is new, marked where it waits for recomputation."""
    rows = admitted.readings.unique("identity", keep="first", maintain_order=True)
    if step.seen.len():
        rows = rows.filter(~pl.col("identity").is_in(step.seen.implode()))
    if step.awaiting.height:
        waiting = pl.col("identity").is_in(step.awaiting["identity"].implode())
        rows = rows.with_columns(awaiting_recompute=waiting)
    return rows.select(READINGS.names)


def _tally(admitted: Admitted, step: Step, stored: pl.DataFrame) -> Tally:
    """What came of the batch, by machine."""
    tally = Tally()
    tally.add_by_machine("received", admitted.received)
    tally.add_by_machine(
        "duplicates",
        pl.concat(
            [step.duplicates.select("machine_id"), admitted.stored_before.select("machine_id")]
        ),
    )
    tally.add_by_machine("late", step.late)
    tally.add_by_machine("awaiting_recompute", step.awaiting)
    tally.add_by_machine("set_aside", stored.filter(pl.col("set_aside").is_not_null()))
    tally.add("readings", stored.height)
    tally.add("quarantined", len(admitted.rejected))
    tally.add("gaps", step.gaps.height)
    tally.add("anomalies", step.anomalies.height)
    return tally
