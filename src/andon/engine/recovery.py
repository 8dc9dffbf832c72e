"""The engine's state from PostgreSQL alone: heads, the carries before the watermark, raw readings.

The tail is the raw store after the watermark. Folding it must give the stored heads again; where
it does not (rows changed by hand, another version of the kernel) the readings win, and it is said.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, NamedTuple

import polars as pl

from andon.engine.sink import instants
from andon.kernel import Carry, Tail
from andon.kernel.advance import rebuild
from andon.kernel.carry import HEAD_SCHEMA, OPEN_MEASURE_SCHEMA, OPEN_MINUTE_SCHEMA, SLOT
from andon.model import CARRY, READINGS
from andon.plan import Plan
from andon.store import postgres
from andon.store.postgres import Connection
from andon.store.sql import query as query_text
from andon.wire import with_measures

_ALWAYS = datetime(1, 1, 1, tzinfo=UTC)


class Recovered(NamedTuple):
    """Carry and tail of the last committed batch; `difference` says where a head did not follow."""

    carry: Carry
    tail: Tail
    difference: str = ""


def recover(conn: Connection, plan: Plan) -> Recovered:
    """Reads what is needed to go on."""
    columns = ", ".join(f'"{name}"' for name in CARRY.names)
    heads = postgres.read_frame(
        conn, query_text("recover_heads").format(columns=columns), None, CARRY
    )
    if heads.is_empty():
        return Recovered(Carry.empty(), Tail())
    heads = heads.with_row_index("slot").with_columns(pl.col("slot").cast(SLOT))
    heads = heads.select(list(HEAD_SCHEMA))
    slots = dict(heads.select("machine_id", "slot").iter_rows())
    bases = _bases(conn, slots, plan)
    readings = _tail_readings(conn, heads, bases, plan)
    carry, tail = rebuild(bases, readings, heads, plan)
    return Recovered(carry, tail, _difference(heads, carry.head))


def _bases(conn: Connection, slots: Mapping[str, int], plan: Plan) -> Carry:
    lateness = f"{plan.allowed_lateness_us} microseconds"
    rows = postgres.query(conn, query_text("recover_bases"), {"lateness": lateness})
    heads, minutes, measures = [], [], []
    for row in rows:
        slot = slots[row["machine_id"]]
        heads.append({"slot": slot, **json.loads(row["head"])})
        minutes += [{"slot": slot, **each} for each in json.loads(row["open_minutes"])]
        measures += [{"slot": slot, **each} for each in json.loads(row["open_measures"])]
    return Carry(
        _frame(heads, HEAD_SCHEMA),
        _frame(minutes, OPEN_MINUTE_SCHEMA),
        _frame(measures, OPEN_MEASURE_SCHEMA),
    )


def _frame(rows: list[dict[str, Any]], schema: Mapping[str, pl.DataType]) -> pl.DataFrame:
    """The rows that `sink.write_snapshots` wrote."""
    text = {n: pl.String() if t == pl.Binary() else t for n, t in schema.items()}
    hidden = [n for n, t in schema.items() if t == pl.Binary()]
    return pl.DataFrame(rows, schema=text).with_columns(pl.col(n).str.decode("hex") for n in hidden)


def _tail_readings(conn: Connection, heads: pl.DataFrame, bases: Carry, plan: Plan) -> pl.DataFrame:
    since = heads.select("machine_id").join(
        bases.head.select("machine_id", since="time"), on="machine_id", how="left"
    )
    columns = ", ".join(f'r."{name}"' for name in READINGS.names)
    found = postgres.read_frame(
        conn,
        query_text("recover_tail").format(columns=columns),
        {
            "machine_id": since["machine_id"].to_list(),
            "since": [at or _ALWAYS for at in instants(since["since"])],
        },
        READINGS,
    )
    return with_measures(found, plan.measures)


def _difference(stored: pl.DataFrame, rebuilt: pl.DataFrame) -> str:
    """One sentence on the first head that does not follow from the readings, or ''."""
    left = stored.drop("silent").sort("machine_id")
    right = rebuilt.drop("silent").sort("machine_id")
    if left.equals(right):
        return ""
    if left.height != right.height:
        return f"{left.height} heads are stored, {right.height} follow from the stored readings."
    for name in left.columns:
        odd = left.filter(left[name].ne_missing(right[name]))
        if odd.height:
            return (
                f"The stored head of machine {odd['machine_id'][0]} does not follow from its "
                f"stored readings (column {name}). Rows were changed by hand, or another version "
                "of andon wrote them. The engine goes on from the readings."
            )
    return ""
