"""Machines written straight into a database, as the engine would leave them."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from andon.model import CARRY, MEASURES, MINUTES, READINGS, Frame, Kind
from andon.store import postgres
from andon.store.postgres import Connection

ZERO: dict[Kind, Any] = {Kind.TEXT: "", Kind.FLAG: False}


def insert(conn: Connection, frame: Frame, **given: Any) -> None:
    """One row of a frame's table; columns that are not given are empty, 0 or null."""
    now = datetime.now(UTC)
    row = {}
    for column in frame.columns:
        if column.name in given:
            row[column.name] = given[column.name]
        elif column.name == "computed_at" or (column.kind is Kind.INSTANT and not column.null):
            row[column.name] = now
        elif column.kind is Kind.IDENTITY and column.key:
            row[column.name] = "00000000-0000-0000-0000-000000000001"
        else:
            row[column.name] = None if column.null else ZERO.get(column.kind, 0)
    names = ", ".join(f'"{name}"' for name in row)
    marks = ", ".join(["%s"] * len(row))
    sql = f"INSERT INTO {frame.name} ({names}) VALUES ({marks})"  # noqa: S608 - our own names
    postgres.execute(conn, sql, list(row.values()))


def minute(at: datetime) -> datetime:
    """Start of the minute."""
    return at.replace(second=0, microsecond=0)


def machine(
    conn: Connection,
    machine_id: str,
    now: datetime,
    *,
    state: str = "RUNNING",
    ideal_us: int | None = 1_000_000,
    simulated: bool = False,
) -> None:
    """A machine with 10 minutes: 54 s RUNNING and 6 s ERROR each, 27 good and 3 scrap units.

    Its last full minute ended at minute(now); the newest reading is there.
    """
    newest = minute(now)
    first = newest - timedelta(minutes=10)
    rate = "@1" if ideal_us else ""
    postgres.execute(
        conn,
        "INSERT INTO machine (machine_id, simulated) VALUES (%s, %s)",
        (machine_id, simulated),
    )
    if ideal_us:
        postgres.execute(
            conn,
            "INSERT INTO ideal_rate (machine_id, rate_id, cycle_us_numerator,"
            " cycle_us_denominator) VALUES (%s, %s, %s, 1)",
            (machine_id, rate, ideal_us),
        )
    insert(
        conn,
        CARRY,
        machine_id=machine_id,
        first=first,
        time=newest,
        state=state,
        state_raw=state,
        interval_start=newest - timedelta(seconds=90),
        job_id="JOB-1",
        counts="good_scrap",
    )
    days = [newest.date()]
    postgres.query(conn, "SELECT ensure_reading_partitions(%s)", (days,))
    insert(
        conn,
        READINGS,
        machine_id=machine_id,
        time=newest,
        received=newest,
        state_raw=state,
        temperature_milli=54_250,
        speed_milli=1_000_000,
        alarm=False,
        job_id="JOB-1",
        job_progress_milli=380,
        target_units=300,
        produced_units=114,
    )
    for number in range(10):
        start = first + timedelta(minutes=number)
        insert(
            conn,
            MINUTES,
            machine_id=machine_id,
            minute=start,
            rate_id=rate,
            running_us=54_000_000,
            error_us=6_000_000,
            produced_units=30,
            good_units=27,
            scrap_units=3,
            readings=60,
        )
        insert(
            conn,
            MEASURES,
            machine_id=machine_id,
            minute=start,
            measure="temperature",
            n=60,
            sum_milli=60 * 54_000,
            min_milli=50_000,
            max_milli=58_000,
        )
    commit(conn)


def commit(conn: Connection) -> None:
    """What the engine says after a commit: progress and the notification."""
    postgres.execute(
        conn,
        "INSERT INTO progress (id, epoch, batch) VALUES ('embedded', 1, 1)"
        " ON CONFLICT (id) DO UPDATE SET batch = progress.batch + 1, updated_at = now()",
    )
    postgres.notify(conn, "andon_batch", "1")


def engine_file(state_dir: Path, at: datetime, **more: Any) -> None:
    """run/engine.json as the engine writes it."""
    run = state_dir / "run"
    run.mkdir(parents=True, exist_ok=True)
    value = {"at": at.isoformat(), "rate_per_s": 5.0, "latency_ms_p99": 42, "broker": "mosquitto"}
    (run / "engine.json").write_text(json.dumps({**value, **more}))
