"""Incidents and failures from the points where states change (SEMANTICS 15).

      #  t      0    10   20   30   40   50   60
      #         R----E----U----E----M---------R-->
      #  incident     [..............[               10 to 40, 10 s uncovered
      #  failure      [............................[ 10 to 60, 10 s UNKNOWN inside

Points are few, so this is a plain walk, and only over machines that met an ERROR.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import polars as pl

from andon.kernel.codes import ERROR, RUNNING, UNKNOWN
from andon.units import minute_of


@dataclass(frozen=True, slots=True)
class Trouble:
    """What of a machine's incidents and failures is open; the carry's columns of these names."""

    incident_start: int | None = None
    error_end: int | None = None
    incident_uncovered_us: int = 0
    failure_start: int | None = None
    failure_unknown_us: int = 0


FIELDS = tuple(Trouble.__dataclass_fields__)


@dataclass(slots=True)
class Found:
    """Rows of model.INCIDENTS and FAILURES by (slot, start), sums by minute, states by row."""

    incidents: dict[tuple[int, int], tuple[int | None, int]] = field(default_factory=dict)
    failures: dict[tuple[int, int], tuple[int | None, int]] = field(default_factory=dict)
    booked: list[tuple[int, int, int, int, int, int, int, int]] = field(default_factory=list)
    after: list[tuple[Any, ...]] = field(default_factory=list)


BOOKED_SCHEMA = {
    "slot": pl.Int32(),
    "row": pl.UInt32(),
    "minute": pl.Int64(),
    "incidents": pl.Int64(),
    "failures_begun": pl.Int64(),
    "failures_ended": pl.Int64(),
    "repair_time_us": pl.Int64(),
    "repair_time_unknown_us": pl.Int64(),
}
AFTER_SCHEMA = {
    "slot": pl.Int32(),
    "row": pl.UInt32(),
    "incident_start": pl.Int64(),
    "error_end": pl.Int64(),
    "incident_uncovered_us": pl.Int64(),
    "failure_start": pl.Int64(),
    "failure_unknown_us": pl.Int64(),
}


def walk(found: pl.DataFrame, carried: Mapping[int, Trouble], again: Iterable[int]) -> Found:
    """Walks the points of machines in trouble.

    found: points with history (states.with_history). carried: open trouble by slot.
    again: slots that are computed anew, whose open rows are given again.
    """
    troubled = found.filter(pl.col("state") == ERROR)["slot"].unique().to_list()
    slots = sorted({*troubled, *(s for s, t in carried.items() if t != Trouble())})
    out = Found()
    for slot in again:
        _open_again(slot, carried.get(slot, Trouble()), out)
    if not slots:
        return out
    rows = found.filter(pl.col("slot").is_in(slots)).select(
        "slot", "row", "time", "end", "state", "p_known", "p_lre", "from_head"
    )
    trouble = Trouble()
    current = -1
    for slot, row, time, end, state, p_known, p_lre, from_head in rows.iter_rows():
        if slot != current:
            current, trouble = slot, carried.get(slot, Trouble())
        if not from_head:
            trouble = _enter(out, (slot, row, time, state, p_known, p_lre), trouble)
        out.after.append((slot, row, *(getattr(trouble, f) for f in FIELDS)))
        if end is not None:
            trouble = _leave(state, time, end, trouble)
    return out


def _open_again(slot: int, trouble: Trouble, out: Found) -> None:
    if trouble.incident_start is not None:
        out.incidents[slot, trouble.incident_start] = (None, trouble.incident_uncovered_us)
    if trouble.failure_start is not None:
        out.failures[slot, trouble.failure_start] = (None, 0)


def _enter(out: Found, point: tuple[int, int, int, int, int, int], trouble: Trouble) -> Trouble:
    """What a state's beginning opens and ends."""
    slot, row, time, state, p_known, p_lre = point
    entries = begun = ended = repair = repair_unknown = 0
    if state == ERROR and (p_known != ERROR or trouble.incident_start is None):
        entries = 1
        trouble = replace(trouble, incident_start=time, error_end=None, incident_uncovered_us=0)
        out.incidents[slot, time] = (None, 0)
    elif state == ERROR and trouble.incident_start is not None:
        uncovered = trouble.incident_uncovered_us + time - (trouble.error_end or time)
        trouble = replace(trouble, error_end=None, incident_uncovered_us=uncovered)
        out.incidents[slot, trouble.incident_start or time] = (None, uncovered)
    elif state != UNKNOWN and trouble.incident_start is not None:
        out.incidents[slot, trouble.incident_start] = (
            trouble.error_end,
            trouble.incident_uncovered_us,
        )
        trouble = replace(trouble, incident_start=None, error_end=None, incident_uncovered_us=0)
    if state == ERROR and p_lre == RUNNING:
        begun = 1
        trouble = replace(trouble, failure_start=time, failure_unknown_us=0)
        out.failures[slot, time] = (None, 0)
    elif state == RUNNING and trouble.failure_start is not None:
        ended, repair = 1, time - trouble.failure_start
        repair_unknown = trouble.failure_unknown_us
        out.failures[slot, trouble.failure_start] = (time, repair_unknown)
        trouble = replace(trouble, failure_start=None, failure_unknown_us=0)
    if entries or begun or ended:
        out.booked.append(
            (slot, row, minute_of(time), entries, begun, ended, repair, repair_unknown)
        )
    return trouble


def _leave(state: int, start: int, end: int, trouble: Trouble) -> Trouble:
    """What a state's end adds to what is open."""
    if state == ERROR and trouble.incident_start is not None:
        return replace(trouble, error_end=end)
    if state == UNKNOWN and trouble.failure_start is not None:
        return replace(trouble, failure_unknown_us=trouble.failure_unknown_us + end - start)
    return trouble
