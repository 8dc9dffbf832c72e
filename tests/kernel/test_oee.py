"""The figures behind the integers: SEMANTICS 8 to 12, 15, 17 and their worked cases."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest

from andon.plan import MachinePlan, Plan, Rate
from andon.testing import Book, make_reading, make_readings
from andon.units import MINUTE_US, SECOND_US
from tests.kernel.conftest import Tell
from tests.kernel.oee import figures
from tests.kernel.story import at, minutes, planned, told, us, whole_seconds

ONE_SECOND = planned(rates=(Rate("@1", Fraction(SECOND_US)),))
NINE_TENTHS = Fraction(9, 10)


def outage() -> list[dict[str, Any]]:
    """9 pieces every 10 s for an hour, nothing told from 00:25 to 00:35."""
    told_at = [s for s in range(0, 3601, 10) if not 1500 < s < 2100]
    return [at(s, "RUNNING", total_good_units=9 * s // 10) for s in told_at]


def check_outage(book: Book) -> None:
    found = figures(book)
    assert (found.apt_us, found.pbt_us) == (3060 * SECOND_US, 3060 * SECOND_US)
    assert found.unknown_us == 540 * SECOND_US
    assert found.coverage == Fraction(85, 100)
    assert (found.produced, found.units_for_oee) == (3240, 2754)
    assert (found.availability, found.quality) == (1, 1)
    assert found.effectiveness == found.oee == found.best == found.worst == NINE_TENTHS


def test_outage() -> None:
    """Worked case: the silence is healed by the total that comes after it.

    #  00:00            00:25  00:26             00:35             01:00
    #    R----------------R------|U----------------R-----------------R
    """
    book = told(outage(), ONE_SECOND)
    check_outage(book)
    assert minutes(book, "good_units")[34] == 540
    assert minutes(book, "unknown_healed_us")[34] == 540 * SECOND_US


def test_outage_told_in_hours_of_batches() -> None:
    """The same, with the silence confirmed by a clock meanwhile."""
    book, rows = Book(ONE_SECOND), outage()
    for start in range(0, len(rows), 50):
        batch = rows[start : start + 50]
        book.take(make_readings(batch), min(batch[-1]["time"] + 5 * MINUTE_US, us(3600)))
    check_outage(book)


def test_outage_without_a_total_is_not_healed() -> None:
    """10: the 9 pieces told at 00:35 are seen in U (9 * 60 / 600 = 0 are covered); best is all of U
    good production at the ideal rate.
    """
    rows = [
        {**row, "total_good_units": None, "good_units": 9 if row["time"] > us(0) else 0}
        for row in outage()
    ]
    found = figures(told(rows, ONE_SECOND))
    assert (found.produced, found.units_for_oee) == (2709, 2700)
    assert found.worst == Fraction(2709, 3600)
    assert found.best == Fraction(2700 + 540, 3600)


def rolled_up() -> Book:
    """Cycle 1 s, 50 good of 100, and cycle 10 s, 10 good of 10; each 100 s RUNNING."""
    rows = []
    for machine_id, made, good in (("fast", 100, 50), ("slow", 10, 10)):
        for second in range(0, 101, 10):
            share = second // 10
            rows.append(
                make_reading(
                    machine_id,
                    second,
                    state="RUNNING",
                    total_good_units=good * share // 10,
                    total_scrap_units=(made - good) * share // 10,
                )
            )
    fast, slow = (
        MachinePlan(rates=(Rate(name, Fraction(cycle * SECOND_US)),))
        for name, cycle in (("fast@1", 1), ("slow@1", 10))
    )
    return told(rows, Plan(machines={"fast": fast, "slow": slow}))


def test_roll_up_is_weighted_by_ideal_time() -> None:
    """12, worked case: OEE 0.75, Q 0.75, piece yield 0.5455."""
    found = figures(rolled_up())
    assert found.oee == found.quality == Fraction(3, 4)
    assert found.effectiveness == 1
    assert found.piece_yield == Fraction(60, 110)


def test_a_contributor_without_a_rate_makes_oee_null() -> None:
    """12: E and OEE null, Q is the piece yield."""
    rows = [make_reading("with", s, state="RUNNING", total_good_units=s) for s in (0, 10)] + [
        make_reading("without", s, state="RUNNING", total_good_units=s) for s in (0, 10)
    ]
    plan = Plan(machines={"with": ONE_SECOND.default})
    found = figures(told(rows, plan))
    assert (found.effectiveness, found.oee, found.quality) == (None, None, 1)


def test_a_times_e_times_q_is_oee_exactly(tell: Tell) -> None:
    """12: cross-multiplied, with cuts, stops and scrap; the cycle is 7/3 s."""
    rows = [
        at(0, "RUNNING", total_good_units=0, total_scrap_units=0),
        at(37, "IDLE", total_good_units=11, total_scrap_units=3),
        at(48.123457, "ERROR"),
        at(61, "RUNNING", total_good_units=12, total_scrap_units=3),
        at(190, "RUNNING", total_good_units=40, total_scrap_units=8),
        at(220.5, total_good_units=53, total_scrap_units=9),
    ]
    book = tell(rows, planned(rates=(Rate("@1", Fraction(7 * SECOND_US, 3)),)))
    found = figures(book)
    assert None not in (found.availability, found.effectiveness, found.quality)
    product = Fraction(1)
    for factor in (found.availability, found.effectiveness, found.quality):
        product *= factor or 0
    assert product == found.oee


def test_availability_counts_every_busy_time(tell: Tell) -> None:
    """8: APT 10 of PBT 50 s; planned MAINTENANCE and UNKNOWN are outside.

    #  t   0    10   20   30   40   50     60   130 140
    #      M----R----I----Ij---E----M(rep)-R ...|U--R
    """
    rows = [
        at(0, "MAINTENANCE"), at(10, "RUNNING"), at(20, "IDLE"), at(30, job_id="j"),
        at(40, "ERROR"), at(50, "MAINTENANCE"), at(60, "WARP"), at(70, "RUNNING"),
    ]  # fmt: skip
    book = tell(rows)
    assert whole_seconds(book) == dict.fromkeys(
        ("running_us", "idle_job_us", "idle_no_job_us", "error_us", "repair_us", "maintenance_us",
         "unknown_us"), 10,
    )  # fmt: skip
    found = figures(book)
    assert found.availability == Fraction(10, 50)
    assert found.coverage == 1 - Fraction(10, 60)


def test_without_planned_busy_time_all_is_null(tell: Tell) -> None:
    """15: PBT = 0. Coverage is 1 where PBT + U = 0."""
    found = figures(tell([at(0, "MAINTENANCE", good_units=0), at(10, good_units=3)], ONE_SECOND))
    assert (found.availability, found.effectiveness, found.oee, found.worst) == (None,) * 4
    assert found.coverage == 1


def test_without_running_oee_still_stands(tell: Tell) -> None:
    """15: APT = 0: E is null, OEE = ideal * GQ / PBT."""
    found = figures(tell([at(0, "IDLE", good_units=0), at(10, good_units=3)], ONE_SECOND))
    assert (found.availability, found.effectiveness) == (0, None)
    assert found.oee == Fraction(3, 10)


def test_without_pieces_quality_is_null(tell: Tell) -> None:
    """15: PQ = 0: Q null, OEE 0."""
    found = figures(tell([at(0, "RUNNING", good_units=0), at(10)], ONE_SECOND))
    assert (found.quality, found.oee, found.health) == (None, 0, None)


def test_without_a_rate_no_number_is_invented(tell: Tell) -> None:
    """11: E, OEE, worst and best are null; A and Q are shown."""
    found = figures(tell([at(0, "RUNNING", good_units=0), at(10, good_units=3)]))
    assert (found.effectiveness, found.oee, found.worst, found.best) == (None,) * 4
    assert (found.availability, found.quality) == (1, 1)


def test_effectiveness_over_one_is_shown(tell: Tell) -> None:
    """16: pieces while IDLE count: 20 * 1 s in 10 s RUNNING."""
    rows = [at(0, "RUNNING", good_units=0), at(10, "IDLE", good_units=10), at(20, good_units=10)]
    assert figures(tell(rows, ONE_SECOND)).effectiveness == 2


def test_an_ideal_rate_stays_a_fraction(tell: Tell) -> None:
    """11: 28,000 an hour: 28,000 pieces are an hour to the microsecond."""
    plan = planned(rates=(Rate("@1", Fraction(3600 * SECOND_US, 28_000)),))
    rows = [at(0, "RUNNING", total_good_units=0), at(36, total_good_units=280)]
    assert figures(tell(rows, plan)).effectiveness == 1


def test_open_unknown_counts_up_to_the_viewers_now(tell: Tell) -> None:
    """4, 10: PBT 60 s, UNKNOWN from 60 to 120 in no row: coverage 1/2; later it is less."""
    book = tell([at(0, "RUNNING")], ONE_SECOND, now=61)
    assert figures(book).coverage == 1
    assert figures(book, now=us(120)).coverage == Fraction(1, 2)
    assert figures(book, now=us(240)).coverage == Fraction(1, 4)


def test_failures_give_mtbf_and_mttr(tell: Tell) -> None:
    """15: RUNNING 100 + 10 s, one failure of 60 s; with none both are null."""
    rows = [
        at(0, "RUNNING"), at(50), at(100, "ERROR"), at(110, "MAINTENANCE"),
        at(160, "RUNNING"), at(170),
    ]  # fmt: skip
    found = figures(tell(rows))
    assert (found.mtbf_us, found.mttr_us) == (110 * SECOND_US, 60 * SECOND_US)
    none = figures(tell([at(0, "RUNNING"), at(10)]))
    assert (none.mtbf_us, none.mttr_us) == (None, None)


@pytest.mark.parametrize(("pieces", "oee"), [(20, Fraction(1, 2)), (80, Fraction(1))])
def test_health_is_the_product_of_three(tell: Tell, pieces: int, oee: Fraction) -> None:
    """17: min(OEE, 1) * (1 - scrap rate) * (1 - ERROR time / PBT).

    #  t   0         30   40
    #      R---------E----R
    """
    rows = [
        at(0, "RUNNING", total_good_units=0, total_scrap_units=0),
        at(30, "ERROR", total_good_units=pieces, total_scrap_units=pieces // 4),
        at(40, "RUNNING"),
    ]
    found = figures(tell(rows, ONE_SECOND))
    assert found.health == oee * Fraction(4, 5) * Fraction(3, 4)
