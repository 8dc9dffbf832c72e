"""oee_range: the sums of rules 8 to 12 over a range, exact."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any

from tests.store.test_views import fill

from andon.plan import MachinePlan, Plan, Rate
from andon.store import postgres
from andon.store.postgres import Connection
from andon.testing import T0, make_reading, make_readings
from andon.units import SECOND_US, from_us

START = from_us(T0)


def plan(cycle: Fraction | None) -> Plan:
    """Ideal cycle in seconds, or none."""
    rates = (Rate("@1", cycle * SECOND_US),) if cycle else ()
    return Plan(default=MachinePlan(rates=rates))


def oee(conn: Connection, since: int, until: int, machine: str | None = "M") -> dict[str, Any]:
    """The row of a machine between two times in seconds after START."""
    bounds = (machine, at(since), at(until))
    rows = postgres.query(conn, "SELECT * FROM oee_range(%s, %s, %s)", bounds)
    assert len(rows) == 1
    return rows[0]


def at(seconds: float) -> datetime:
    """An instant."""
    return START + timedelta(seconds=seconds)


def outage(conn: Connection) -> None:
    """A reading each 10 s, RUNNING, +9 each; silence 00:25 to 00:35, then +540."""
    rows, total = [], 1000
    for t in range(0, 3601, 10):
        if 1500 < t < 2100:
            continue
        total += 0 if t == 0 else 540 if t == 2100 else 9
        rows.append(make_reading("M", t, state="RUNNING", total_good_units=total))
    fill(conn, make_readings(rows), plan(Fraction(1)))


def test_the_outage(conn: Connection) -> None:
    outage(conn)
    row = oee(conn, 0, 3600)
    assert (row["apt_us"], row["unknown_us"]) == (3060 * SECOND_US, 540 * SECOND_US)
    assert row["pbt_us"] == row["apt_us"]
    assert (row["good_covered"], row["good_units"]) == (2754, 3240)
    assert row["healed_us"] == 540 * SECOND_US
    assert row["coverage"] == Decimal("0.85")
    assert row["ideal_good_us"] == 2754 * SECOND_US
    assert row["worst"] == row["best"] == Decimal("0.9")
    assert row["rated"]


def test_a_range_counts_the_part_of_the_healed_span_that_lies_in_it(conn: Connection) -> None:
    """UNKNOWN is 00:26 to 00:35; its total is read at 00:35."""
    outage(conn)
    before, after = oee(conn, 0, 1800), oee(conn, 1800, 3600)
    assert (before["unknown_us"], after["unknown_us"]) == (240 * SECOND_US, 300 * SECOND_US)
    assert (before["healed_us"], after["healed_us"]) == (240 * SECOND_US, 300 * SECOND_US)
    assert oee(conn, 1620, 1680)["unknown_us"] == 60 * SECOND_US  # a minute without a row


def test_open_unknown_counts_up_to_the_viewers_now(conn: Connection) -> None:
    rows = [make_reading("M", t, state="RUNNING") for t in range(0, 121, 10)]
    fill(conn, make_readings(rows), plan(Fraction(1)), now=T0 + 300 * SECOND_US)
    row = oee(conn, 0, 600)  # RUNNING to 180, then UNKNOWN
    assert (row["apt_us"], row["unknown_us"]) == (180 * SECOND_US, 420 * SECOND_US)
    assert oee(conn, 0, 120)["unknown_us"] == 0
    assert oee(conn, 300, 600)["coverage"] == 0
    assert row["healed_us"] == 0
    assert row["worst"] == 0
    assert row["best"] == Decimal("0.7")


def test_before_the_first_reading_nothing_exists(conn: Connection) -> None:
    rows = [make_reading("M", t, state="RUNNING") for t in range(90, 211, 10)]
    fill(conn, make_readings(rows), plan(Fraction(1)))
    row = oee(conn, -600, 210)
    assert (row["apt_us"], row["unknown_us"], row["coverage"]) == (120 * SECOND_US, 0, 1)
    bounds = (at(-600), at(60))
    assert postgres.query(conn, "SELECT * FROM oee_range('M', %s, %s)", bounds) == []


def test_without_an_ideal_rate_there_is_no_oee(conn: Connection) -> None:
    rows = [make_reading("M", t, state="RUNNING", good_units=1) for t in range(0, 61, 10)]
    fill(conn, make_readings(rows), plan(None))
    row = oee(conn, 0, 60)
    assert (row["rated"], row["worst"], row["best"]) == (False, None, None)
    assert row["apt_us"] == 60 * SECOND_US


def test_ideal_time_is_exact(conn: Connection) -> None:
    """28,000 an hour: 900000/7 us a unit."""
    rows = [
        make_reading("M", t, state="RUNNING", good_units=28_000 // 60 if t else 0)
        for t in range(0, 3601, 60)
    ]
    fill(conn, make_readings(rows), plan(Fraction(3600, 28_000)))
    row = oee(conn, 0, 3600)
    units = row["good_covered"]
    assert units == 60 * (28_000 // 60)
    assert abs(Fraction(row["ideal_good_us"]) - units * Fraction(900_000, 7)) < Fraction(1, 10**19)
    exact = postgres.scalar(conn, "SELECT 672000 * 900000::numeric(40, 20) / 7")
    assert exact == 24 * 3600 * SECOND_US


def test_all_machines_at_once(conn: Connection) -> None:
    rows = [
        make_reading(machine, t, state="RUNNING")
        for machine in ("A", "B")
        for t in range(0, 61, 10)
    ]
    fill(conn, make_readings(rows), plan(Fraction(1)))
    bounds = (at(0), at(60))
    every = postgres.query(conn, "SELECT * FROM oee_range(NULL, %s, %s) ORDER BY 1", bounds)
    assert [row["machine_id"] for row in every] == ["A", "B"]
    assert every[0] == oee(conn, 0, 60, "A")
