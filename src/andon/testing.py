"""Public helpers for tests: readings by hand, and a book that keeps what the kernel gives."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import polars as pl

from andon.kernel import Carry, Step, Tail, advance
from andon.kernel.advance import OUTPUTS
from andon.model import READINGS, Frame
from andon.plan import Plan
from andon.units import SECOND_US, to_us

T0 = to_us(datetime(2026, 3, 2, tzinfo=UTC))
"""Midnight from which tests count seconds."""


def make_reading(machine_id: str, at_s: float, **fields: Any) -> dict[str, Any]:
    """One reading `at_s` seconds after T0; fields by their column names; `state` for state_raw."""
    row: dict[str, Any] = dict.fromkeys(READINGS.names)
    if "state" in fields:
        fields["state_raw"] = fields.pop("state")
    time = T0 + round(at_s * SECOND_US)
    row.update(machine_id=machine_id, time=time, received=time, is_death=False, job_ended=False)
    row.update(awaiting_recompute=False, **fields)
    if row["identity"] is None:
        text = repr(sorted((k, v) for k, v in row.items() if v is not None and k != "received"))
        row["identity"] = hashlib.blake2b(text.encode(), digest_size=16).digest()
    return row


def make_readings(rows: Iterable[Mapping[str, Any]]) -> pl.DataFrame:
    """Readings as the kernel takes them (model.READINGS)."""
    return pl.DataFrame([dict(row) for row in rows], schema=READINGS.schema, orient="row")


@dataclass(slots=True)
class Book:
    """Keeps the rows of Steps as the sink does: replace, then write by natural key."""

    plan: Plan = field(default_factory=Plan)
    carry: Carry = field(default_factory=Carry.empty)
    tail: Tail = field(default_factory=Tail)
    rows: dict[str, dict[tuple[Any, ...], dict[str, Any]]] = field(default_factory=dict)
    steps: list[Step] = field(default_factory=list)

    def take(self, readings: pl.DataFrame, now: int | None = None) -> Step:
        """Advances by one batch and writes what comes out."""
        step = advance(self.carry, self.tail, readings, None, now, self.plan)
        self.carry, self.tail = step.carry, step.tail
        self.write(step)
        self.steps.append(step)
        return step

    def write(self, step: Step) -> None:
        """Applies a step's replacements and rows."""
        for gone in step.replaced.iter_rows(named=True):
            for frame in OUTPUTS:
                table = self.rows.setdefault(frame.name, {})
                for key in [k for k in table if _is_replaced(frame, table[k], gone)]:
                    del table[key]
        for frame in OUTPUTS:
            found: pl.DataFrame = getattr(step, _STEP_FIELDS[frame.name])
            table = self.rows.setdefault(frame.name, {})
            for row in found.iter_rows(named=True):
                table[tuple(row[k] for k in frame.key)] = row

    def table(self, name: str) -> list[dict[str, Any]]:
        """Rows of a table, by key."""
        table = self.rows.get(name, {})
        return [table[key] for key in sorted(table, key=repr)]

    def total(self, column: str, machine_id: str | None = None) -> int:
        """Sum of a column over the minutes."""
        return sum(
            row[column]
            for row in self.table("machine_minute")
            if machine_id in (None, row["machine_id"])
        )


_STEP_FIELDS = {
    "state_interval": "intervals",
    "machine_minute": "minutes",
    "measure_minute": "measures",
    "scrap_event": "scrap",
    "incident": "incidents",
    "failure": "failures",
    "anomaly": "anomalies",
    "gap": "gaps",
    "job": "jobs",
    "alert": "alerts",
}


def _is_replaced(frame: Frame, row: Mapping[str, Any], gone: Mapping[str, Any]) -> bool:
    if row["machine_id"] != gone["machine_id"]:
        return False
    if gone["after"] is None:
        return True
    if frame.name == "state_interval":
        return bool(row["start"] >= gone["interval_from"])
    if "minute" in row:
        return bool(row["minute"] >= gone["minute_from"])
    return bool(row["time" if "time" in row else "start"] > gone["after"])
