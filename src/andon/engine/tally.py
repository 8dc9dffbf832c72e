"""Record counts: how messages came about. In the fence's row, and by machine."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

import polars as pl

PER_MACHINE = ("received", "duplicates", "late", "awaiting_recompute", "set_aside")


@dataclass(slots=True)
class Tally:
    """Counts of one batch, or sums of many: totals by name, and by machine by name."""

    totals: Counter[str] = field(default_factory=Counter)
    machines: dict[str, Counter[str]] = field(default_factory=dict)

    def add(self, name: str, count: int) -> None:
        """Adds to a total."""
        self.totals[name] += count

    def add_by_machine(self, name: str, rows: pl.DataFrame) -> None:
        """Adds the rows of each machine to `name`, and their number to the total."""
        self.totals[name] += rows.height
        for machine_id, count in rows["machine_id"].value_counts().iter_rows():
            self.machines.setdefault(machine_id, Counter())[name] += count

    def merge(self, other: Tally) -> None:
        """Adds another tally to this one."""
        self.totals.update(other.totals)
        for machine_id, counts in other.machines.items():
            self.machines.setdefault(machine_id, Counter()).update(counts)

    def frame(self) -> pl.DataFrame:
        """One row per machine: machine_id and the columns of PER_MACHINE."""
        return pl.DataFrame(
            [
                (machine_id, *(counts[name] for name in PER_MACHINE))
                for machine_id, counts in sorted(self.machines.items())
            ],
            schema={"machine_id": pl.String(), **dict.fromkeys(PER_MACHINE, pl.Int64())},
            orient="row",
        )
