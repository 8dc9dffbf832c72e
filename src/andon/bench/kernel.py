"""Readings per core-second through `advance`, beside a bare Polars group-by of the same batches.

Runs as a process of its own (`python -m andon.bench.kernel quick|full`) with one Polars thread,
so that CPU seconds are core-seconds; prints JSON.
"""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import polars as pl

from andon.bench import references
from andon.bench.report import Figure
from andon.bench.workload import PLAN, RULES, Fleet
from andon.kernel import Carry, Tail, advance
from andon.wire import decode

LATE_SHARE = 0.01
LATE_US = 30_000_000


@dataclass(frozen=True, slots=True)
class Case:
    """Batches of `size` readings out of `rows`; `late`: a share of them comes up to 30 s late."""

    size: int
    rows: int
    late: bool = False

    @property
    def name(self) -> str:
        """As it stands in the report."""
        words = ", 1 % up to 30 s late" if self.late else ""
        return f"batches of {self.size:,}{words}"


FULL = (
    Case(50_000, 300_000),
    Case(5_000, 150_000),
    Case(50, 10_000),
    Case(50_000, 150_000, late=True),
    Case(5_000, 50_000, late=True),
)
QUICK = (Case(50_000, 50_000), Case(5_000, 20_000), Case(50, 1_000))


def run(quick: bool) -> list[Figure]:
    """Measures in a child process."""
    done = subprocess.run(
        [sys.executable, "-m", "andon.bench.kernel", "quick" if quick else "full"],
        env={**os.environ, "POLARS_MAX_THREADS": "1"},
        stdout=subprocess.PIPE,
        check=True,
    )
    return [Figure(**each) for each in json.loads(done.stdout)]


def measure(cases: tuple[Case, ...], repeats: int) -> list[dict[str, Any]]:
    """A figure per case, the median of `repeats`; each repeat runs kernel and reference in turn."""
    fleet = Fleet()
    readings = decode(fleet.received(max(case.rows for case in cases)), RULES).readings
    figures = []
    for case in cases:
        rows = readings.head(case.rows)
        if case.late:
            rows = _delayed(rows)
        batches = [rows.slice(start, case.size) for start in range(0, case.rows, case.size)]
        ours, bare = [], []
        for _ in range(repeats):
            ours.append(_core_seconds(_advance, batches))
            bare.append(_core_seconds(_group, batches))
        mine, theirs = sorted(ours)[repeats // 2], sorted(bare)[repeats // 2]
        figures.append(
            {
                "bench": "kernel",
                "name": case.name,
                "value": case.rows / mine,
                "unit": "readings per core-second",
                "reference": "bare Polars group-by (machine, minute)",
                "beside": case.rows / theirs,
                "note": f"{1000 * mine / len(batches):.1f} ms a batch",
            }
        )
    return figures


def _core_seconds(work: Callable[[list[pl.DataFrame]], None], batches: list[pl.DataFrame]) -> float:
    began = time.process_time()
    work(batches)
    return time.process_time() - began


def _advance(batches: list[pl.DataFrame]) -> None:
    carry, tail = Carry.empty(), Tail()
    for batch in batches:
        step = advance(carry, tail, batch, None, None, PLAN)
        carry, tail = step.carry, step.tail


def _group(batches: list[pl.DataFrame]) -> None:
    for batch in batches:
        references.group_by(batch)


def _delayed(readings: pl.DataFrame) -> pl.DataFrame:
    """The same readings, a share of them moved back by up to 30 s of arrival."""
    chance = random.Random(7)  # noqa: S311 - a workload, no secret
    delays = [
        chance.randrange(LATE_US) if chance.random() < LATE_SHARE else 0
        for _ in range(readings.height)
    ]
    arrival = pl.Series(delays, dtype=pl.Int64()) + readings["received"]
    order = readings.with_columns(arrival=arrival).sort("arrival", maintain_order=True)
    return order.drop("arrival")


if __name__ == "__main__":
    quick = sys.argv[1:] == ["quick"]
    print(json.dumps(measure(QUICK if quick else FULL, 1 if quick else 3)))
