"""Whether a message is a reading at all (SEMANTICS 1): what the wire cannot know."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from andon.engine.sink import instants
from andon.kernel import Carry
from andon.plan import Plan
from andon.store import postgres
from andon.store.postgres import Connection
from andon.store.sql import query as query_text
from andon.units import DAY_US
from andon.wire import Decoded, Reason, Rejected


@dataclass(frozen=True, slots=True)
class Admitted:
    """readings: model.READINGS, each copy a row, without those stored behind the watermark.

    received: all that were decoded. stored_before: copies of readings behind the watermark.
    """

    readings: pl.DataFrame
    received: pl.DataFrame
    stored_before: pl.DataFrame
    rejected: list[Rejected]


def admit(
    conn: Connection, decoded: Decoded, carry: Carry, plan: Plan, max_machines: int
) -> Admitted:
    """Refuses what is before a machine's raw horizon or one machine too many; drops old copies."""
    readings = decoded.readings
    rejected = list(decoded.rejected)
    if readings.is_empty():
        return Admitted(readings, readings, readings, rejected)
    known = carry.head.select("machine_id", "slot", head="time")
    rows = readings.with_row_index("row").join(
        known, on="machine_id", how="left", maintain_order="left"
    )
    horizon = (pl.col("head") - plan.raw_retention_us) // DAY_US * DAY_US
    too_old = rows.filter(pl.col("time") < horizon)["row"].to_list()
    too_many = _too_many(rows, carry.head.height, max_machines)
    no_life = rows.filter(pl.col("is_death") & pl.col("slot").is_null())
    alive = rows.filter(~pl.col("is_death")).select("machine_id")
    no_life = no_life.join(alive, on="machine_id", how="anti")
    for found, reason, detail in (
        (
            too_old,
            Reason.BEFORE_HORIZON,
            "older than the raw readings that are kept of this machine",
        ),
        (
            too_many,
            Reason.TOO_MANY_MACHINES,
            f"engine.max_machines is {max_machines}: raise it, or retire machines",
        ),
    ):
        rejected += [decoded.refuse(row, reason, detail) for row in found]
    gone = {*too_old, *too_many, *no_life["row"].to_list()}
    if gone:
        rows = rows.filter(~pl.col("row").is_in(list(gone)))
    behind = rows.filter(pl.col("time") < pl.col("head") - plan.allowed_lateness_us)
    rows = rows.drop("slot", "head")
    copies = _stored(conn, behind)
    if copies.len():
        again = pl.col("identity").is_in(copies.implode())
        old, rows = rows.filter(again), rows.filter(~again)
    else:
        old = rows.clear()
    return Admitted(rows.drop("row"), readings, old.drop("row"), rejected)


def _too_many(rows: pl.DataFrame, known: int, limit: int) -> list[int]:
    """Rows of machines beyond the limit; the first to come are taken."""
    new = rows.filter(pl.col("slot").is_null())
    names = new["machine_id"].unique(maintain_order=True)
    surplus = names[max(limit - known, 0) :]
    if surplus.is_empty():
        return []
    return new.filter(pl.col("machine_id").is_in(surplus.implode()))["row"].to_list()


def _stored(conn: Connection, readings: pl.DataFrame) -> pl.Series:
    """Identities of readings that are in the raw store."""
    if readings.is_empty():
        return readings["identity"]
    found = postgres.query(
        conn,
        query_text("readings_known"),
        {
            "machine_id": readings["machine_id"].to_list(),
            "time": instants(readings["time"]),
            "identity": [identity.hex() for identity in readings["identity"]],
        },
    )
    return pl.Series("identity", [row["identity"].bytes for row in found], dtype=pl.Binary())
