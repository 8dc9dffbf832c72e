"""The strongest check after a fault: every row is what one batch of all stored readings gives.

Whatever order, batches, copies, kills and retries there were, the law columns must be equal, bit
for bit. Readings that wait for recomputation are in no row, so they are left out on both sides.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

import polars as pl

from andon.engine.rates import stored_rates, versioned
from andon.kernel.advance import OUTPUTS
from andon.model import ALERTS, CARRY, JOBS, READINGS, Frame
from andon.plan import Plan
from andon.plant import load_plant
from andon.settings import load
from andon.store import postgres as store
from andon.store.postgres import Connection
from andon.store.sql import query as query_text
from andon.testing import Book
from andon.wire import with_measures
from tests.engine.live import LivePlant

COMPARED: tuple[Frame, ...] = tuple(frame for frame in OUTPUTS if frame not in (JOBS, ALERTS))
_SHOWN = 5


@dataclass(frozen=True, slots=True)
class Comparison:
    """rows: how many of each table were compared; differences: the first of each table."""

    rows: dict[str, int]
    differences: list[str]


def plan_of(plant: LivePlant) -> Plan:
    """The plan that the plant's engine works with."""
    settings = load(environ=plant.environ)
    rates = stored_rates(store.query(plant.conn, query_text("rates_read")))
    return versioned(load_plant(settings.file, settings).plan(), rates, time.time_ns() // 1000)


def compare(conn: Connection, plan: Plan) -> Comparison:
    """Tables against one `advance` of the stored readings at the committed `now`.

    The engine must not work meanwhile.
    """
    book = Book(plan)
    book.take(stored_readings(conn, plan), committed_now(conn))
    rows: dict[str, int] = {}
    found: list[str] = []
    for frame in COMPARED:
        stored = _by_key(frame, _stored(conn, frame))
        wanted = book.rows.get(frame.name, {})
        rows[frame.name] = len(wanted)
        found += _differences(frame, stored, wanted)
    heads = book.carry.head.select(CARRY.names).rows(named=True)
    wanted = {(row["machine_id"],): row for row in heads}
    stored = {(row["machine_id"],): row for row in _stored(conn, CARRY).rows(named=True)}
    rows[CARRY.name] = len(wanted)
    return Comparison(rows, found + _differences(CARRY, stored, wanted))


def check(plant: LivePlant) -> dict[str, int]:
    """Stops the engine and compares; how many rows of each table were equal."""
    assert plant.stop() == 0, plant.log()[-3000:]
    plant.query("SELECT 1")
    found = compare(plant.conn, plan_of(plant))
    assert found.differences == []
    return found.rows


def stored_readings(conn: Connection, plan: Plan) -> pl.DataFrame:
    """Raw readings that are in the rows."""
    columns = ", ".join(f'"{name}"' for name in READINGS.names)
    sql = f"SELECT {columns} FROM reading WHERE NOT awaiting_recompute"  # noqa: S608 - our names
    return with_measures(store.read_frame(conn, sql, None, READINGS), plan.measures)


def committed_now(conn: Connection) -> int | None:
    """The engine's `now` of its last batch, us."""
    sql = 'SELECT (extract(epoch FROM "now") * 1000000)::bigint FROM progress'
    found = store.scalar(conn, sql)
    assert found is None or isinstance(found, int)
    return found


def _stored(conn: Connection, frame: Frame) -> pl.DataFrame:
    law = {c.name: c.kind for c in frame.columns if c.law}
    columns = ", ".join(f'"{name}"' for name in law)
    return store.read_frame(conn, f'SELECT {columns} FROM "{frame.name}"', None, law)  # noqa: S608 - our names


def _by_key(frame: Frame, rows: pl.DataFrame) -> dict[tuple[Any, ...], dict[str, Any]]:
    return {tuple(row[k] for k in frame.key): row for row in rows.rows(named=True)}


def _differences(
    frame: Frame,
    stored: dict[tuple[Any, ...], dict[str, Any]],
    wanted: dict[tuple[Any, ...], dict[str, Any]],
) -> list[str]:
    found = []
    for key in sorted(stored.keys() | wanted.keys(), key=repr):
        left, right = stored.get(key), wanted.get(key)
        if left == right:
            continue
        if left is None or right is None:
            found.append(f"{frame.name} {key}: {'missing' if left is None else 'too many'}")
        else:
            odd = {n: (left[n], right[n]) for n in right if left[n] != right[n]}
            found.append(f"{frame.name} {key}: (stored, wanted) {odd}")
    if len(found) > _SHOWN:
        found[_SHOWN:] = [f"{frame.name}: {len(found) - _SHOWN} more"]
    return found
