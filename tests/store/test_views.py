"""Each view column, computed once more from the raw messages in plain Python."""

from __future__ import annotations

import json
from collections import defaultdict
from datetime import UTC, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from andon import model
from andon.plan import MachinePlan, Plan, Rate
from andon.store import postgres
from andon.store.postgres import Connection
from andon.testing import Book, make_reading, make_readings
from andon.units import to_us

SEED = Path(__file__).parent.parent / "data" / "seed-messages.jsonl"
FIVE = timedelta(minutes=5)
CYCLE_S = 3
PLAN = Plan(default=MachinePlan(rates=(Rate("@1", Fraction(CYCLE_S * 1_000_000)),)))
FRAMES = (
    (model.INTERVALS, "intervals"),
    (model.MINUTES, "minutes"),
    (model.MEASURES, "measures"),
    (model.SCRAP, "scrap"),
    (model.INCIDENTS, "incidents"),
)


def shift() -> timedelta:
    """Whole windows that bring the recording's end to just before now."""
    end = datetime.fromisoformat("2026-11-23T11:56:25.234603+00:00")
    return FIVE * ((datetime.now(UTC) - end) // FIVE)


def messages() -> list[dict[str, Any]]:
    """The recording, moved to now; `at` is its time."""
    moved = shift()
    read = [json.loads(line) for line in SEED.read_text().splitlines()]
    for message in read:
        message["at"] = datetime.fromisoformat(message["timestamp"]).astimezone(UTC) + moved
    return sorted(read, key=lambda m: m["at"])


def as_readings(read: list[dict[str, Any]]) -> pl.DataFrame:
    """The messages as the kernel takes them."""
    rows = []
    for number, m in enumerate(read):
        row = make_reading(m["machine_id"], 0)
        row.update({k: m[k] for k in row if k in m and k not in ("order_start_time",)})
        row.update(
            time=to_us(m["at"]),
            identity=number.to_bytes(16, "big"),
            state_raw=m["state"],
            reported_shift=m["shift"],
            order_start_time=to_us(datetime.fromisoformat(m["order_start_time"])),
            last_maintenance=None,
            last_error_time=None,
        )
        for name in ("temperature", "speed", "oee", "quality_score", "job_progress", "scrap_rate"):
            row[f"{name}_milli"] = round(m[name] * 1000.0)
        row["elapsed_time_milli"] = round(m["elapsed_time_sec"] * 1000.0)
        rows.append(row)
    return make_readings(rows)


def fill(conn: Connection, readings: pl.DataFrame, plan: Plan, now: int | None = None) -> None:
    """Write what the kernel makes of the readings, and the plan's rates."""
    book = Book(plan)
    step = book.take(readings, now)
    with postgres.transaction(conn):
        for frame, part in FRAMES:
            postgres.upsert_frame(conn, frame, getattr(step, part))
        postgres.upsert_frame(conn, model.CARRY, step.carry.head.drop("slot"))
        for machine in readings["machine_id"].unique():
            for rate in plan.of(machine).rates:
                cycle = rate.cycle_us
                postgres.execute(
                    conn,
                    "INSERT INTO ideal_rate VALUES (%s, %s, %s, NULL, %s, %s)",
                    (machine, rate.rate_id, rate.product_id, cycle.numerator, cycle.denominator),
                )


def window_of(at: datetime) -> datetime:
    """Start of the 5-minute window."""
    return at - (at - datetime(2000, 1, 1, tzinfo=UTC)) % FIVE


def rounded(value: Fraction | None, digits: int = 6) -> Decimal | None:
    """Rounded once from the exact ratio."""
    if value is None:
        return None
    exact = Decimal(value.numerator) / Decimal(value.denominator)
    return exact.quantize(Decimal(1).scaleb(-digits), ROUND_HALF_UP)


def ratio(over: int | Fraction, under: int | Fraction) -> Decimal | None:
    """over / under, rounded; None where under is 0."""
    return rounded(Fraction(over) / Fraction(under)) if under else None


def held(read: list[dict[str, Any]]) -> dict[tuple[str, datetime, str], int]:
    """Microseconds of each machine in each window in each state: held until the next message."""
    times: dict[tuple[str, datetime, str], int] = defaultdict(int)
    before: dict[str, dict[str, Any]] = {}
    for m in read:
        start = before.get(m["machine_id"])
        before[m["machine_id"]] = m
        at = start["at"] if start else m["at"]
        while start and at < m["at"]:
            end = min(m["at"], window_of(at) + FIVE)
            key = (m["machine_id"], window_of(at), start["state"])
            times[key] += (end - at) // timedelta(microseconds=1)
            at = end
    return times


def expected_windows(read: list[dict[str, Any]]) -> dict[tuple[str, datetime], dict[str, Any]]:
    """machine_metrics_5min from the messages."""
    groups: dict[tuple[str, datetime], list[dict[str, Any]]] = defaultdict(list)
    entries: dict[tuple[str, datetime], int] = defaultdict(int)
    last_state: dict[str, str] = {}
    for m in read:
        key = (m["machine_id"], window_of(m["at"]))
        groups[key].append(m)
        if m["state"] == "ERROR" and last_state.get(m["machine_id"]) != "ERROR":
            entries[key] += 1
        last_state[m["machine_id"]] = m["state"]
    times = held(read)
    return {key: _window(key, ms, times, entries[key]) for key, ms in groups.items()}


def _window(
    key: tuple[str, datetime],
    ms: list[dict[str, Any]],
    times: dict[tuple[str, datetime, str], int],
    entries: int,
) -> dict[str, Any]:
    milli = {
        name: [round(m[name] * 1000.0) for m in ms]
        for name in ("temperature", "speed", "oee", "quality_score")
    }
    mean = {name: ratio(sum(v), 1000 * len(v)) for name, v in milli.items()}
    good, scrap = sum(m["good_units"] for m in ms), sum(m["scrap_units"] for m in ms)
    states = ("RUNNING", "MAINTENANCE", "IDLE", "ERROR")
    running, maintenance, idle, error = (times[(*key, state)] for state in states)
    last = ms[-1]

    def thousandths(value: float) -> Decimal:
        return Decimal(round(value * 1000.0)) / 1000

    return {
        "window_end": key[1] + FIVE,
        "avg_temperature": mean["temperature"],
        "max_temperature": Decimal(max(milli["temperature"])) / 1000,
        "min_temperature": Decimal(min(milli["temperature"])) / 1000,
        "avg_speed": mean["speed"],
        "max_speed": Decimal(max(milli["speed"])) / 1000,
        "avg_oee": mean["oee"],
        "min_oee": Decimal(min(milli["oee"])) / 1000,
        "production_delta": good + scrap,
        "alarm_count": sum(m["alarm"] for m in ms),
        "running_seconds": Decimal(running) / 1_000_000,
        "maintenance_seconds": Decimal(maintenance) / 1_000_000,
        "idle_seconds": Decimal(idle) / 1_000_000,
        "error_seconds": Decimal(error) / 1_000_000,
        "total_readings": len(ms),
        "operator_name": last["operator_name"],
        "shift": last["shift"],
        "location": last["location"],
        "firmware_version": last["firmware_version"],
        "job_id": last["job_id"],
        "job_progress": thousandths(last["job_progress"]),
        "target_units": last["target_units"],
        "produced_units": last["produced_units"],
        "good_units": good,
        "scrap_units": scrap,
        "scrap_rate": ratio(scrap, good + scrap),
        "order_start_time": datetime.fromisoformat(last["order_start_time"]),
        "elapsed_time_sec": thousandths(last["elapsed_time_sec"]),
        "avg_quality_score": mean["quality_score"],
        "defect_count": sum(m["scrap_units"] for m in ms if m["scrap_category"] == "QUALITY"),
        "downtime_incidents": entries,
    }


def test_machine_metrics_5min(conn: Connection) -> None:
    read = messages()
    fill(conn, as_readings(read), PLAN)
    rows = postgres.query(conn, "SELECT * FROM machine_metrics_5min ORDER BY machine_id, 3")
    expected = expected_windows(read)
    assert {(row["machine_id"], row["window_start"]) for row in rows} == set(expected)
    for row in rows:
        want = expected[row["machine_id"], row["window_start"]]
        assert {name: row[name] for name in want} == want
        assert row["created_at"] <= datetime.now(UTC)
        assert row["coverage"] == 1
    assert len({row["id"] for row in rows}) == len(rows)


def test_machine_state_analysis_and_current_status(conn: Connection) -> None:
    read = messages()
    fill(conn, as_readings(read), PLAN)
    windows = expected_windows(read)
    for row in postgres.query(conn, "SELECT * FROM machine_state_analysis"):
        want = windows[row["machine_id"], row["window_start"]]
        known = sum(want[f"{s}_seconds"] for s in ("running", "idle", "maintenance", "error"))
        for state in ("running", "idle", "maintenance", "error"):
            assert row[f"{state}_seconds"] == want[f"{state}_seconds"]
            share = Fraction(want[f"{state}_seconds"]) * 100 / Fraction(known)
            assert row[f"{state}_pct"] == rounded(share, 4)
        assert row["downtime_incidents"] == want["downtime_incidents"]
        assert row["defect_count"] == want["defect_count"]
    status = postgres.query(conn, "SELECT * FROM current_machine_status")
    newest = {machine: max(w for m, w in windows if m == machine) for machine, _ in windows}
    assert {row["machine_id"]: row["window_start"] for row in status} == newest
    metrics = {
        (row["machine_id"], row["window_start"]): row
        for row in postgres.query(conn, "SELECT * FROM machine_metrics_5min")
    }
    for row in status:
        of = metrics[row["machine_id"], row["window_start"]]
        same = ("avg_temperature", "max_temperature", "avg_speed", "avg_oee", "alarm_count")
        assert all(row[name] == of[name] for name in (*same, "scrap_rate", "good_units", "shift"))
        assert row["availability_pct"] == 100 * of["availability"]


def test_scrap_views(conn: Connection) -> None:
    read = messages()
    fill(conn, as_readings(read), PLAN)
    expected = sorted(
        (
            m["machine_id"],
            m["at"],
            m["job_id"],
            m["scrap_units"],
            m["scrap_reason"],
            m["scrap_category"],
            m["good_units"] + m["scrap_units"],
            m["good_units"],
            ratio(m["scrap_units"], m["good_units"] + m["scrap_units"]),
            Decimal(round(m["quality_score"] * 1000.0)) / 1000,
        )
        for m in read
        if m["scrap_units"]
    )
    got = conn.execute(
        "SELECT machine_id, timestamp, job_id, scrap_units, scrap_reason, scrap_category, "
        "total_produced_units, good_units, scrap_rate, quality_score FROM production_scrap "
        "ORDER BY machine_id, timestamp"
    ).fetchall()
    assert got == expected
    tracked = postgres.query(conn, "SELECT * FROM real_time_scrap_tracking")
    assert len(tracked) == len(expected)
    assert list(tracked[0])[:4] == ["machine_id", "job_id", "scrap_units", "scrap_reason"]


CONTRACT = {
    "machine_metrics_5min": "id, machine_id, window_start, window_end, avg_temperature, "
    "max_temperature, min_temperature, avg_speed, max_speed, avg_oee, min_oee, production_delta, "
    "alarm_count, running_seconds, maintenance_seconds, idle_seconds, error_seconds, "
    "total_readings, operator_name, shift, location, firmware_version, created_at, job_id, "
    "job_progress, target_units, produced_units, good_units, scrap_units, scrap_rate, "
    "order_start_time, elapsed_time_sec, avg_quality_score, defect_count, downtime_incidents",
    "production_scrap": "id, machine_id, timestamp, job_id, scrap_units, scrap_reason, "
    "scrap_category, total_produced_units, good_units, scrap_rate, quality_score, created_at",
    "current_machine_status": "machine_id, avg_temperature, max_temperature, avg_speed, avg_oee, "
    "alarm_count, availability_pct, error_pct, scrap_rate, good_units, scrap_units, "
    "produced_units, avg_quality_score, defect_count, downtime_incidents, operator_name, shift, "
    "location, window_start, window_end, health_score",
    "real_time_scrap_tracking": "machine_id, job_id, scrap_units, scrap_reason, scrap_category, "
    "scrap_rate, quality_score, timestamp, operator_name, shift",
    "machine_state_analysis": "machine_id, window_start, running_seconds, idle_seconds, "
    "maintenance_seconds, error_seconds, running_pct, idle_pct, maintenance_pct, error_pct, "
    "downtime_incidents, defect_count",
}


@pytest.mark.parametrize("view", CONTRACT)
def test_the_contract_of_columns(conn: Connection, view: str) -> None:
    wanted = CONTRACT[view].split(", ")
    cursor = conn.execute(f'SELECT * FROM "{view}"')  # noqa: S608
    assert cursor.description is not None
    assert [column.name for column in cursor.description][: len(wanted)] == wanted
