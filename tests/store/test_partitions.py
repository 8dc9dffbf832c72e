"""Raw readings lie in a partition per UTC day and go a whole day at a time."""

from __future__ import annotations

from datetime import date

from andon import model
from andon.store import postgres
from andon.store.postgres import Connection

INSERT = """
INSERT INTO reading (machine_id, time, identity, is_death, job_ended, received, awaiting_recompute)
SELECT %s, t, gen_random_uuid(), false, false, now(), false FROM unnest(%s::timestamptz[]) AS t
"""
CARRY = """
INSERT INTO carry SELECT (json_populate_record(NULL::carry, %s)).*
"""


def days(conn: Connection) -> list[str]:
    """The partitions, by name."""
    rows = postgres.query(
        conn,
        "SELECT inhrelid::regclass::text AS name FROM pg_inherits "
        "WHERE inhparent = 'reading'::regclass ORDER BY 1",
    )
    return [row["name"] for row in rows]


def carry(conn: Connection, machine: str, newest: str) -> None:
    """A carry whose newest reading is at `newest`; everything else is zero."""
    import json

    row: dict[str, object] = {}
    for column in model.CARRY.columns:
        if not column.null:
            row[column.name] = {"text": "", "instant": newest, "flag": False}.get(column.kind, 0)
    postgres.execute(conn, CARRY, (json.dumps(row | {"machine_id": machine, "time": newest}),))


def test_partitions_are_made_once_for_each_utc_day(conn: Connection) -> None:
    text = "SELECT ensure_reading_partitions(%s)"
    wanted = [date(2026, 11, 23), date(2026, 11, 24), date(2026, 11, 23)]
    postgres.execute(conn, "SET timezone = 'Asia/Tokyo'")
    assert postgres.scalar(conn, text, (wanted,)) == 2
    assert postgres.scalar(conn, text, (wanted,)) == 0
    assert days(conn) == ["reading_20261123", "reading_20261124"]
    edges = ["2026-11-23 00:00:00+00", "2026-11-24 23:59:59.999999+00"]
    assert postgres.execute(conn, INSERT, ("M", edges)) == 2


def test_a_day_goes_when_it_is_before_every_horizon_in_it(conn: Connection) -> None:
    """Horizons: A 14 days before 11-30, B (recorded, replayed) 14 days before 2020-01-20."""
    made = [date(2020, 1, 1), date(2020, 1, 6), date(2026, 11, 15), date(2026, 11, 16)]
    postgres.execute(conn, "SELECT ensure_reading_partitions(%s)", (made,))
    postgres.execute(conn, INSERT, ("A", ["2026-11-15 12:00+00", "2026-11-16 12:00+00"]))
    postgres.execute(conn, INSERT, ("B", ["2020-01-01 12:00+00", "2020-01-06 12:00+00"]))
    postgres.execute(conn, "INSERT INTO machine (machine_id) VALUES ('A'), ('B'), ('C')")
    carry(conn, "A", "2026-11-30 15:00+00")
    carry(conn, "B", "2020-01-20 15:00+00")
    rows = postgres.query(conn, "SELECT day FROM drop_reading_partitions('14 days')")
    assert [row["day"] for row in rows] == [date(2020, 1, 1), date(2026, 11, 15)]
    assert days(conn) == ["reading_20200106", "reading_20261116"]
    raw_from = postgres.query(conn, "SELECT machine_id, raw_from::date::text AS d FROM machine")
    assert {row["machine_id"]: row["d"] for row in raw_from} == {
        "A": "2026-11-16",
        "B": "2020-01-02",
        "C": None,
    }
