"""Measures: integer sums of thousandths per minute [start, end) (SEMANTICS 0a, 0f)."""

from __future__ import annotations

import polars as pl
import pytest

from andon.plan import Plan
from andon.testing import T0, Book, make_reading, make_readings
from andon.units import MINUTE_US, milli
from tests.kernel.conftest import Tell
from tests.kernel.story import at, told


@pytest.mark.parametrize(
    ("value", "thousandths"),
    [(23.13, 23130), (0.0005, 0), (0.0015, 2), (0.0025, 2), (-0.0015, -2), (2, 2000)],
)  # fmt: skip
def test_a_value_is_rounded_half_to_even_in_doubles(value: float, thousandths: int) -> None:
    """0a: the double times 1000 in double arithmetic, then half to even."""
    assert milli(value) == thousandths


def test_a_minute_holds_n_sum_min_max(tell: Tell) -> None:
    """Over the readings that carry the measure."""
    book = tell(
        [
            at(0, temperature_milli=20_000),
            at(10),
            at(20, temperature_milli=-5),
            at(59.999999, temperature_milli=30_000, speed_milli=7),
        ]
    )
    found = {row["measure"]: row for row in book.table("measure_minute")}
    temperature = found["temperature"]
    assert (temperature["n"], temperature["sum_milli"]) == (3, 49_995)
    assert (temperature["min_milli"], temperature["max_milli"]) == (-5, 30_000)
    assert found["speed"]["n"] == 1
    assert found.keys() == {"temperature", "speed"}


def test_a_value_at_the_edge_belongs_to_the_new_minute(tell: Tell) -> None:
    """0f: [start, end) for what is observed at an instant."""
    book = tell([at(0, speed_milli=1), at(60, speed_milli=2), at(119, speed_milli=4)])
    found = {(r["minute"] - T0) // MINUTE_US: r["sum_milli"] for r in book.table("measure_minute")}
    assert found == {0: 1, 1: 6}


def test_a_measure_of_the_plan_travels_beside_the_four() -> None:
    """A declared measure is a column of its own; one that is not declared is not summed."""
    row = make_reading("m", 0)
    frame = make_readings([row]).with_columns(torque_milli=pl.lit(12, pl.Int64()))
    book = Book(Plan(measures=("torque",)))
    book.take(frame)
    assert [(r["measure"], r["sum_milli"]) for r in book.table("measure_minute")] == [
        ("torque", 12)
    ]
    assert told([row]).table("measure_minute") == []
