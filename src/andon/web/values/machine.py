"""A machine's value: its tile, the last hours in states and measures, scrap, incidents, doubts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from andon.units import to_us
from andon.web.values.clock import instant_us, iso

Row = Mapping[str, Any]
Value = dict[str, Any]


def interval(row: Row, watermark_us: int, now_us: int, until_us: int) -> Value:
    """One interval with its exact times; an open one lasts to the viewer's now."""
    start = to_us(row["start"])
    end = instant_us(row["end"])
    last = min(now_us, until_us) if end is None else end
    return {
        "start": iso(start),
        "end": iso(end),
        "start_us": start,
        "end_us": end,
        "duration_us": max(0, last - start),
        "state": row["state"],
        "state_raw": row["state_raw"],
        "stop_reason": row["stop_reason"],
        "repair": row["repair"],
        "provisional": end is None or end > watermark_us,
    }


def trend(rows: Iterable[Row], measure: str) -> list[list[float | int]]:
    """[minute in ms, minimum, average, maximum] of each minute that has the measure."""
    return [
        [
            to_us(r["minute"]) // 1000,
            r["min_milli"] / 1000,
            round(r["sum_milli"] / r["n"]) / 1000,
            r["max_milli"] / 1000,
        ]
        for r in rows
        if r["measure"] == measure and r["n"]
    ]


def scrap(rows: Sequence[Row]) -> list[Value]:
    """The scrap feed, newest first; what no reading explained is UNREPORTED."""
    return [
        {
            "time": iso(to_us(r["time"])),
            "time_us": to_us(r["time"]),
            "units": r["units"],
            "reason": r["reason"],
            "category": r["category"],
            "job_id": r["job_id"],
            "operator_name": r["operator_name"],
            "span_start": iso(instant_us(r["span_start"])),
        }
        for r in rows
    ]


def incidents(rows: Sequence[Row], now_us: int) -> list[Value]:
    """Incidents, newest first; an open one lasts to the viewer's now."""
    found = []
    for r in rows:
        start, end = to_us(r["start"]), instant_us(r["end"])
        found.append(
            {
                "start": iso(start),
                "end": iso(end),
                "start_us": start,
                "end_us": end,
                "duration_us": (now_us if end is None else end) - start,
                "uncovered_us": r["uncovered_us"],
            }
        )
    return found


def anomalies(rows: Sequence[Row]) -> list[Value]:
    """Counter values that were judged, newest first."""
    return [
        {
            "time": iso(to_us(r["time"])),
            "time_us": to_us(r["time"]),
            "counter": r["counter"],
            "kind": r["kind"],
            "value": r["value"],
            "baseline": r["baseline"],
            "units": r["units"],
            "outcome": r["outcome"],
        }
        for r in rows
    ]


def gaps(rows: Sequence[Row]) -> list[Value]:
    """Message numbers that are missing, newest first."""
    return [
        {
            "time": iso(to_us(r["time"])),
            "time_us": to_us(r["time"]),
            "boot_id": r["boot_id"],
            "first_seq": r["first_seq"],
            "last_seq": r["last_seq"],
            "missing": r["last_seq"] - r["first_seq"] + 1,
            "after": iso(instant_us(r["after"])),
        }
        for r in rows
    ]


def times(sums: Mapping[str, int], unknown_us: int) -> dict[str, int]:
    """Where today's time went, us by kind; UNKNOWN is all of U."""
    kinds = (
        "running",
        "idle_job",
        "idle_no_job",
        "error",
        "repair",
        "maintenance",
        "planned_stop",
        "off_shift",
    )
    return {**{kind: sums[f"{kind}_us"] for kind in kinds}, "unknown": unknown_us}


def labels(head: Row) -> dict[str, Any]:
    """What the machine last said of itself."""
    return {
        "operator_name": head["operator_name"],
        "shift": head["reported_shift"],
        "location": head["location"],
        "firmware_version": head["firmware_version"],
        "quality_score": None
        if head["quality_score_milli"] is None
        else head["quality_score_milli"] / 1000,
        "missing_messages": head["missing_messages"],
    }
