"""Which part of what is booked is covered, and what totals heal: SEMANTICS 9 and 10."""

from __future__ import annotations

from fractions import Fraction

import pytest

from andon.units import SECOND_US
from tests.kernel.conftest import Tell
from tests.kernel.story import at, minutes, planned, us

PER_SECOND = planned(max_rate=Fraction(1, SECOND_US))


# --- 9: units and time of the same time -----------------------------------------------------------


def test_a_slow_counter_loses_nothing(tell: Tell) -> None:
    """Worked case: RUNNING every 10 s, the total every 5 min: no unit is uncovered."""
    rows = [
        at(s, "RUNNING", total_good_units=s if s % 300 == 0 else None) for s in range(0, 901, 10)
    ]
    book = tell(rows)
    assert (book.total("good_units"), book.total("good_uncovered")) == (900, 0)


def test_what_spans_a_silence_is_cut(tell: Tell) -> None:
    """9: 10 units over 90 s, 60 s known: 10 * 60 / 90 = 6, cut toward zero; 4 are uncovered.

    #  t   0           60        90
    #      R-----------|U--------R +10
    """
    rows = [at(0, "RUNNING", total_good_units=0), at(90, "RUNNING", total_good_units=10)]
    book = tell(rows)
    assert (book.total("good_units"), book.total("good_uncovered")) == (10, 4)
    assert book.total("good_in_unknown") == 4


def test_a_negative_rest_is_cut_toward_zero_too(tell: Tell) -> None:
    """0e: -10 over 110 s, 70 s known: -6 covered, -4 not.

    #  t   0    10 +10       70        110 -10
    #      R----.------------|U--------R
    """
    rows = [
        at(0, "RUNNING", total_good_units=100),
        at(10, good_units=10),
        at(110, "RUNNING", total_good_units=100),
    ]
    assert tell(rows).total("good_uncovered") == -4


def test_an_increment_spans_from_the_reading_before(tell: Tell) -> None:
    """9: its span is known, however long ago the last total was."""
    rows = [
        at(0, "RUNNING", total_good_units=0),
        at(100, "RUNNING"),
        at(110, good_units=5),
    ]
    assert tell(rows).total("good_uncovered") == 0


def test_units_in_planned_downtime_are_uncovered(tell: Tell) -> None:
    """8, 9: planned MAINTENANCE is not in PBT; nothing of it touches UNKNOWN."""
    rows = [at(0, "MAINTENANCE", total_good_units=0), at(10, total_good_units=5)]
    book = tell(rows)
    assert (book.total("good_uncovered"), book.total("good_in_unknown")) == (5, 0)


@pytest.mark.parametrize("state", ["IDLE", "ERROR", "RUNNING"])
def test_units_in_any_busy_time_are_covered(tell: Tell, state: str) -> None:
    """9: inside PBT, whether RUNNING or not."""
    rows = [at(0, state, total_good_units=0), at(10, total_good_units=5)]
    assert tell(rows).total("good_uncovered") == 0


@pytest.mark.parametrize(
    ("state", "uncovered"),
    [("RUNNING", 0), ("IDLE", 0), ("ERROR", 0), ("MAINTENANCE", 3), (None, 3), ("WARP", 3)],
)
def test_a_span_of_no_length_goes_by_the_state_from_then_on(
    tell: Tell, state: str | None, uncovered: int
) -> None:
    """9: the first reading's increments."""
    assert tell([at(0, state, good_units=3), at(10)]).total("good_uncovered") == uncovered


def test_a_span_of_no_length_goes_by_the_last_state_of_the_instant(tell: Tell) -> None:
    """0f, 9: of several readings at one time the last in order is the state."""
    rows = [
        at(0, "RUNNING", good_units=1, seq=1),
        at(0, "MAINTENANCE", good_units=2, seq=2),
        at(10, seq=3),
    ]
    assert tell(rows).total("good_uncovered") == 3


def test_maintenance_after_an_error_covers_a_span_of_no_length(tell: Tell) -> None:
    """9, 14: a repair is inside PBT."""
    rows = [
        at(0, "ERROR", good_units=0, seq=1),
        at(10, "MAINTENANCE", good_units=1, seq=2),
        at(10, good_units=2, seq=3),
    ]
    assert tell(rows).total("good_uncovered") == 0


def test_each_counter_is_cut_by_itself(tell: Tell) -> None:
    """9: good spans 90 s (60 known), scrap the last 10 s (none known).

    #  t   0          60      80     90
    #      R----------|U------.------R
    """
    rows = [
        at(0, "RUNNING", total_good_units=0, total_scrap_units=0),
        at(80, total_scrap_units=0),
        at(90, "RUNNING", total_good_units=9, total_scrap_units=5),
    ]
    book = tell(rows)
    assert book.total("good_uncovered") == 3
    assert book.total("scrap_uncovered") == 5
    assert book.total("produced_uncovered") == 8


def test_good_of_production_and_scrap_is_cut_as_their_difference(tell: Tell) -> None:
    """9: PQ 9 cut by its span, SQ 5 by its own: 3 - 5 of GQ is uncovered."""
    rows = [
        at(0, "RUNNING", production_count=0, total_scrap_units=0),
        at(80, total_scrap_units=0),
        at(90, "RUNNING", production_count=9, total_scrap_units=5),
    ]
    book = tell(rows)
    assert (book.total("produced_uncovered"), book.total("good_uncovered")) == (3, -2)


def test_a_confirmed_jump_spans_from_the_old_baseline(tell: Tell) -> None:
    """22: 400 units over 100 s, 60 + 10 s known.

    #  t   0 (100)     60        90 (490)   100 (500)
    #      R-----------|U--------R----------R
    """
    rows = [
        at(0, "RUNNING", total_good_units=100),
        at(90, "RUNNING", total_good_units=490),
        at(100, "RUNNING", total_good_units=500),
    ]
    book = tell(rows, PER_SECOND)
    assert (book.total("good_units"), book.total("good_uncovered")) == (400, 120)
    assert minutes(book, "good_units") == {0: 0, 1: 400}


# --- 10: what totals heal ------------------------------------------------------------------------

HEALS = {
    "a rise": ({"total_good_units": 0}, {"total_good_units": 10}, 30),
    "a rise of 0": ({"total_good_units": 5}, {"total_good_units": 5}, 30),
    "an increment": ({"good_units": 0}, {"good_units": 5}, 0),
    "a reset": ({"total_good_units": 900}, {"total_good_units": 3}, 0),
    "a total in doubt": ({"total_good_units": 900}, {"total_good_units": 800}, 0),
    "production and scrap": (
        {"production_count": 0, "total_scrap_units": 0},
        {"production_count": 9, "total_scrap_units": 1}, 30,
    ),
    "production without scrap": (
        {"production_count": 0, "total_scrap_units": 0}, {"production_count": 9}, 0
    ),
    "good with scrap withheld": (
        {"total_good_units": 0, "total_scrap_units": 0}, {"total_good_units": 9}, 30
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", HEALS)
def test_what_heals_a_silence(tell: Tell, name: str) -> None:
    """10: UNKNOWN time in the span of accepted totals of all that GQ is made of.

    #  t   0           60        90
    #      R-----------|U--------R
    """
    before, after, healed = HEALS[name]
    book = tell([at(0, "RUNNING", **before), at(90, "RUNNING", **after)])
    assert book.total("unknown_healed_us") == healed * SECOND_US
    starts = [
        r["healed_from"] for r in book.table("machine_minute") if r["healed_from"] is not None
    ]
    assert starts == ([us(0)] if healed else [])


def test_a_confirmed_drop_heals_nothing_and_a_jump_does(tell: Tell) -> None:
    """10: no reset, no confirmed drop."""
    drop = tell(
        [
            at(0, "RUNNING", total_good_units=100),
            at(10, "RUNNING", total_good_units=60),
            at(100, "RUNNING", total_good_units=70),
        ]
    )
    assert drop.total("unknown_healed_us") == 0
    jump = [
        at(0, "RUNNING", total_good_units=100),
        at(90, "RUNNING", total_good_units=490),
        at(100, "RUNNING", total_good_units=500),
    ]
    assert tell(jump, PER_SECOND).total("unknown_healed_us") == 30 * SECOND_US


def test_each_microsecond_is_healed_once(tell: Tell) -> None:
    """10: two silences, three totals."""
    rows = [at(s, "RUNNING", total_good_units=s) for s in (0, 90, 180)]
    book = tell(rows)
    assert book.total("unknown_us") == book.total("unknown_healed_us") == 60 * SECOND_US
