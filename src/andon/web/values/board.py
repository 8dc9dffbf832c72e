"""The board's value: a tile per machine, the plant's key figures, and how fresh they are."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from andon.model import State
from andon.units import to_us
from andon.web.board import MachineRows
from andon.web.values.clock import instant_us, iso
from andon.web.values.oee import KNOWN, Figures, figures, over_machines, twin

Value = dict[str, Any]
LABEL = "today so far (since local midnight)"


@dataclass(frozen=True, slots=True)
class Moment:
    """When the value was made: the viewer's now and the local midnight before it, in us."""

    now_us: int
    midnight_us: int


def unknown_us(head: Value, sums_known_us: int, since: int, until: int, now_us: int) -> int:
    """All of U in [since, until): stored UNKNOWN, missing minutes, and the open UNKNOWN to `now`.

    Known and UNKNOWN time fill [first reading, newest booked instant) without a hole, so U is what
    is left of that span. An open known state ends at the newest reading: units and time of an OEE
    come from the same time (SEMANTICS 4, 9).
    """
    first = to_us(head["first"])
    booked = now_us if head["state"] == State.UNKNOWN else to_us(head["time"])
    start = max(since, first)
    return max(0, min(until, max(booked, start)) - start - sums_known_us)


def machine_figures(rows: MachineRows, until: int, now_us: int) -> Figures:
    """The figures of one machine's range [rows.since, until)."""
    known = sum(p.sums[c] for p in rows.parts for c in KNOWN)
    return figures(rows.parts, unknown_us(rows.head, known, rows.since, until, now_us))


def tile(rows: MachineRows, f: Figures, moment: Moment) -> Value:
    """One machine's JSON: head, last values, and today's OEE with the integers beside it."""
    head = rows.head
    newest = to_us(head["time"])
    since = to_us(head["interval_start"])
    oee = twin(f, head["counts"])
    return {
        "machine_id": head["machine_id"],
        "name": head["name"],
        "area": head["area"],
        "line": head["line"],
        "state": head["state"],
        "state_raw": head["state_raw"],
        "stop_reason": head["stop_reason"],
        "repair": head["repair"],
        "state_since": iso(since),
        "state_since_us": since,
        "state_held_us": max(0, moment.now_us - since),
        "silent": head["silent"],
        "temperature_c": _thousandth(head["temperature_milli"]),
        "speed_rpm": _thousandth(head["speed_milli"]),
        "alarm": head["alarm"],
        "job_id": head["job_id"],
        "job_progress": _thousandth(head["job_progress_milli"]) if head["job_id"] else None,
        "target_units": head["target_units"] if head["job_id"] else None,
        "produced_units_reported": head["job_produced_units"] if head["job_id"] else None,
        "last_reading": iso(newest),
        "last_reading_us": newest,
        "received_us": instant_us(head["received"]),
        "simulated": bool(head["simulated"]),
        # Today's newest row ends after the watermark, which stands behind the newest reading.
        "provisional": newest > moment.midnight_us,
        "range": LABEL,
        **oee,
        "note": note(oee["flags"]),
    }


def note(flags: Sequence[str]) -> str | None:
    """Why OEE and effectiveness are null, in words."""
    if "ideal_rate_not_set" in flags:
        return "ideal rate not set"
    if "ideal_rate_missing_for_some" in flags:
        return "ideal rate not set for some"
    return None


def plant(tiles: Sequence[Value], each: Sequence[Figures], moment: Moment) -> Value:
    """The plant's key figures: ratios of sums over its machines (SEMANTICS 12)."""
    oee = twin(over_machines(each))
    states = Counter(t["state"] for t in tiles)
    if not tiles:
        oee["flags"] = []
    return {
        "machines": len(tiles),
        "states": {s.value: states.get(s.value, 0) for s in State},
        "alarms_now": sum(1 for t in tiles if t["alarm"]),
        "simulated_machines": sum(1 for t in tiles if t["simulated"]),
        "without_ideal_rate": [
            t["machine_id"] for t in tiles if t["ideal_us"] is None and t["produced_units"]
        ][:20],
        "awaiting_recompute": 0,
        "range": LABEL,
        "from": iso(moment.midnight_us),
        "to": iso(moment.now_us),
        **oee,
        "note": note(oee["flags"]),
    }


@dataclass(frozen=True, slots=True)
class Made:
    """One machine's rows and what was made of them."""

    rows: MachineRows
    figures: Figures
    tile: Value


def made(rows: MachineRows, moment: Moment) -> Made:
    """A machine's figures and tile."""
    f = machine_figures(rows, moment.now_us, moment.now_us)
    return Made(rows, f, tile(rows, f, moment))


def board(machines: Sequence[Made], moment: Moment) -> Value:
    """Tiles and plant at one moment. JSON-ready."""
    tiles = [m.tile for m in machines]
    whole = plant(tiles, [m.figures for m in machines], moment)
    whole["awaiting_recompute"] = sum(m.rows.head["awaiting_recompute"] or 0 for m in machines)
    return {
        "at": iso(moment.now_us),
        "at_us": moment.now_us,
        "plant": whole,
        "machines": tiles,
    }


def _thousandth(milli: int | None) -> float | None:
    return None if milli is None else milli / 1000
