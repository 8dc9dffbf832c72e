"""What survives a crash: raw readings, heads and snapshots, kept and read as the engine does."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import polars as pl

from andon.kernel import Carry, Step
from andon.kernel.advance import rebuild
from andon.kernel.carry import HEAD_SCHEMA, OPEN_MEASURE_SCHEMA, OPEN_MINUTE_SCHEMA, SLOT
from andon.testing import Book, make_readings
from andon.units import minute_of

_PARTS = (
    ("head", HEAD_SCHEMA),
    ("minutes", OPEN_MINUTE_SCHEMA),
    ("measures", OPEN_MEASURE_SCHEMA),
)


@dataclass(slots=True)
class Disk:
    """readings by identity; snapshots by (machine, time): rows of head, minutes and measures."""

    readings: dict[bytes, dict[str, Any]] = field(default_factory=dict)
    snapshots: dict[tuple[str, int], dict[str, list[dict[str, Any]]]] = field(default_factory=dict)

    def write(self, rows: tuple[dict[str, Any], ...], step: Step) -> None:
        """Keeps a batch: snapshots of what is computed anew go first."""
        for row in rows:
            self.readings.setdefault(row["identity"], row)
        for gone in step.replaced.iter_rows(named=True):
            for machine_id, time in list(self.snapshots):
                if machine_id == gone["machine_id"] and (
                    gone["after"] is None or time > gone["after"]
                ):
                    del self.snapshots[machine_id, time]
        for head in step.snapshots.head.iter_rows(named=True):
            open_minute = (pl.col("slot") == head["slot"]) & (
                pl.col("minute") == minute_of(head["time"])
            )
            self.snapshots[head["machine_id"], head["time"]] = {
                "head": [head],
                "minutes": step.snapshots.minutes.filter(open_minute).to_dicts(),
                "measures": step.snapshots.measures.filter(open_minute).to_dicts(),
            }

    def recover(self, book: Book) -> None:
        """Gives the book carry and tail as a new engine has them; the heads must be the same."""
        stored = book.carry.head
        if stored.is_empty():
            return
        heads = stored.drop("slot").sort("machine_id").with_row_index("slot")
        heads = heads.with_columns(pl.col("slot").cast(SLOT)).select(list(HEAD_SCHEMA))
        parts: dict[str, list[dict[str, Any]]] = {"head": [], "minutes": [], "measures": []}
        wanted = []
        for slot, machine_id, time in heads.select("slot", "machine_id", "time").iter_rows():
            watermark = time - book.plan.allowed_lateness_us
            older = [at for m, at in self.snapshots if m == machine_id and at < watermark]
            base = max(older, default=None)
            if base is not None:
                for name, rows in self.snapshots[machine_id, base].items():
                    parts[name] += [{**row, "slot": slot} for row in rows]
            wanted += [
                row
                for row in self.readings.values()
                if row["machine_id"] == machine_id and (base is None or row["time"] > base)
            ]
        bases = Carry(*(pl.DataFrame(parts[name], schema=schema) for name, schema in _PARTS))
        book.carry, book.tail = rebuild(bases, make_readings(wanted), heads, book.plan)
        left, right = (h.drop("slot").sort("machine_id") for h in (book.carry.head, stored))
        assert left.to_dicts() == right.to_dicts(), "the head does not follow from the readings"
