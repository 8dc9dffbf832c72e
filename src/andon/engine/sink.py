"""The sink: one transaction per batch. Complete rows by natural key; writing twice is harmless.

What a crash leaves: either everything of the batch, the fence's new number included, or nothing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime

import polars as pl

from andon.engine.tally import Tally
from andon.kernel import Step
from andon.model import (
    ANOMALIES,
    CARRY,
    FAILURES,
    GAPS,
    INCIDENTS,
    INTERVALS,
    MEASURES,
    MINUTES,
    READINGS,
    SCRAP,
    Frame,
)
from andon.store import postgres
from andon.store.postgres import Connection
from andon.store.sql import query as query_text
from andon.units import DAY_US, from_us
from andon.wire import Rejected

_REPLACED: tuple[tuple[Frame, str, str], ...] = (
    (INTERVALS, "start", "interval_from"),
    (MINUTES, "minute", "minute_from"),
    (MEASURES, "minute", "minute_from"),
    (SCRAP, "time", "after"),
    (ANOMALIES, "time", "after"),
    (GAPS, "time", "after"),
    (INCIDENTS, "start", "after"),
    (FAILURES, "start", "after"),
)
"""What is deleted of a machine computed anew: table, column, and from which bound on."""


def write_readings(conn: Connection, readings: pl.DataFrame, known_days: set[int]) -> None:
    """Appends raw readings (model.READINGS); makes the day partitions they need."""
    if readings.is_empty():
        return
    days = set((readings["time"] // DAY_US).unique().to_list()) - known_days
    if days:
        dates = [from_us(day * DAY_US).date() for day in sorted(days)]
        postgres.query(conn, "SELECT ensure_reading_partitions(%s::date[])", (dates,))
        known_days |= days
    postgres.copy_frame(conn, READINGS.name, readings.select(READINGS.names), READINGS)


def write_step(conn: Connection, step: Step) -> None:
    """Writes what the kernel gave: first what is replaced goes, then rows come by key."""
    again = step.replaced["machine_id"].to_list()
    if again:
        _delete_replaced(conn, step.replaced)
    for frame, rows in (
        (INTERVALS, step.intervals),
        (MINUTES, step.minutes),
        (MEASURES, step.measures),
        (SCRAP, step.scrap),
        (INCIDENTS, step.incidents),
        (FAILURES, step.failures),
        (ANOMALIES, step.anomalies),
        (GAPS, step.gaps),
    ):
        postgres.upsert_frame(conn, frame, rows, again)
    gapped = sorted({*again, *step.gaps["machine_id"].to_list()})
    if gapped:
        postgres.execute(conn, query_text("machine_missing"), {"machine_id": gapped})
    head = step.carry.head
    changed = head.filter(pl.col("slot").is_in(step.changed.implode()))
    postgres.upsert_frame(conn, CARRY, changed.drop("slot"))


def _delete_replaced(conn: Connection, replaced: pl.DataFrame) -> None:
    machines = replaced["machine_id"].to_list()
    for frame, column, bound in (*_REPLACED, (None, "at", "after")):
        table = "carry_snapshot" if frame is None else frame.name
        compare = ">" if bound == "after" else ">="
        postgres.execute(
            conn,
            f'DELETE FROM "{table}" t USING unnest(%s::text[], %s::timestamptz[]) AS g (m, since) '  # noqa: S608 - names from the table above
            f'WHERE t.machine_id = g.m AND (g.since IS NULL OR t."{column}" {compare} g.since)',
            (machines, instants(replaced[bound])),
        )


def instants(column: pl.Series) -> list[datetime | None]:
    """Aware datetimes of int64 microseconds."""
    return [None if us is None else from_us(us) for us in column.to_list()]


def write_snapshots(conn: Connection, step: Step) -> None:
    """Keeps the carries as of minutes that ended, as JSON."""
    head = step.snapshots.head
    if head.is_empty():
        return
    names = head.select("machine_id", at="time")
    minute = pl.col("time") - pl.col("time") % 60_000_000
    keys = head.select("slot", minute=minute)
    rows = {
        "machine": names["machine_id"].to_list(),
        "at": instants(names["at"]),
        "head": _json_rows(head.drop("slot")),
        "minutes": _json_lists(keys, step.snapshots.minutes),
        "measures": _json_lists(keys, step.snapshots.measures),
    }
    postgres.execute(
        conn,
        "INSERT INTO carry_snapshot (machine_id, at, head, open_minutes, open_measures) "
        "SELECT * FROM unnest(%(machine)s::text[], %(at)s::timestamptz[], %(head)s::text[], "
        "%(minutes)s::text[], %(measures)s::text[]) ON CONFLICT (machine_id, at) DO UPDATE SET "
        "head = excluded.head, open_minutes = excluded.open_minutes, "
        "open_measures = excluded.open_measures",
        rows,
    )


def _printable(rows: pl.DataFrame) -> pl.DataFrame:
    """Binary columns as hex, so that JSON can hold them."""
    return rows.with_columns(
        pl.col(n).bin.encode("hex") for n, t in rows.schema.items() if t == pl.Binary()
    )


def _json_rows(rows: pl.DataFrame) -> list[str]:
    text = _printable(rows).select(pl.struct(pl.all()).struct.json_encode().alias("row"))
    return text["row"].to_list()


def _json_lists(keys: pl.DataFrame, rows: pl.DataFrame) -> list[str]:
    """For each key (slot, minute) a JSON array of its rows."""
    texts = rows.select("slot", "minute").with_columns(
        row=pl.Series(_json_rows(rows.drop("slot")), dtype=pl.String())
    )
    grouped = texts.group_by("slot", "minute", maintain_order=True).agg(pl.col("row").str.join(","))
    found = keys.join(grouped, on=["slot", "minute"], how="left", maintain_order="left")
    return [f"[{row or ''}]" for row in found["row"].to_list()]


def write_quarantine(conn: Connection, rejected: Sequence[Rejected]) -> None:
    """Keeps refused messages once each, with their bytes, and counts copies."""
    if not rejected:
        return
    seen = Counter(r.identity for r in rejected)
    once = list({r.identity: r for r in reversed(rejected)}.values())
    postgres.execute(
        conn,
        query_text("quarantine_put"),
        {
            "identity": [r.identity.hex() for r in once],
            "topic": [r.topic.replace("\0", "\\0") for r in once],
            "payload": [r.payload for r in once],
            "element": [r.element for r in once],
            "machine_id": [r.machine_id for r in once],
            "reason": [str(r.reason) for r in once],
            "detail": [r.detail.replace("\0", "\\0") for r in once],
            "received": [from_us(r.received_us) for r in once],
            "seen": [seen[r.identity] for r in once],
        },
    )


def write_tallies(conn: Connection, tally: Tally) -> None:
    """Adds per-machine record counts."""
    rows = tally.frame()
    if rows.height:
        postgres.execute(
            conn,
            query_text("machine_tally"),
            {name: rows[name].to_list() for name in rows.columns},
        )
