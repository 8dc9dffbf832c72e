"""Counters: SEMANTICS 19 to 22; what of it is covered is in test_coverage.py."""

from __future__ import annotations

from fractions import Fraction

import pytest

from andon.plan import Plan
from andon.units import SECOND_US
from tests.kernel.conftest import Tell
from tests.kernel.story import Row, anomalies, at, minutes, planned

MODULUS = planned(counter_modulus=2**16)
PER_SECOND = planned(max_rate=Fraction(1, SECOND_US))


def totals(*values: int, boots: str = "") -> list[Row]:
    """Totals of good units every 10 s while RUNNING; `boots` names the boot of each."""
    return [
        at(10 * n, "RUNNING", total_good_units=value, boot_id=boots[n] if boots else None)
        for n, value in enumerate(values)
    ]


# --- 19: which counters count --------------------------------------------------------------------

MODES = {
    "good and scrap": (
        {"total_good_units": 8, "total_scrap_units": 2, "production_count": 99}, (10, 8, 2)
    ),
    "production and scrap": ({"production_count": 10, "total_scrap_units": 2}, (10, 8, 2)),
    "production": ({"production_count": 10}, (10, 10, 0)),
    "good": ({"total_good_units": 10}, (10, 10, 0)),
    "nothing that counts": ({"produced_units": 10, "target_units": 9}, (0, 0, 0)),
}  # fmt: skip


@pytest.mark.parametrize("name", MODES)
def test_the_first_reading_that_can_serve_chooses(tell: Tell, name: str) -> None:
    """19: good_scrap, production_scrap, production, good, in this order; others are only shown."""
    counters, wanted = MODES[name]
    rows = [at(0), at(10, None, **dict.fromkeys(counters, 0)), at(20, None, **counters)]
    book = tell(rows)
    found = tuple(book.total(f"{kind}_units") for kind in ("produced", "good", "scrap"))
    assert found == wanted


def test_increments_can_serve_too(tell: Tell) -> None:
    """19: a machine without totals counts by its increments."""
    book = tell([at(0, good_units=3, scrap_units=1), at(10, good_units=4)])
    assert (book.total("produced_units"), book.total("good_units")) == (8, 7)


def test_once_chosen_it_stays(tell: Tell) -> None:
    """19: other counters are kept as reported, neither counted nor compared."""
    rows = [
        at(0, production_count=5),
        at(10, production_count=7, total_good_units=1, scrap_units=9),
    ]
    book = tell([*rows, at(20, production_count=8, total_good_units=900)])
    assert (book.total("produced_units"), book.total("scrap_units")) == (3, 0)
    assert book.carry.head["counts"].to_list() == ["production"]
    assert anomalies(book) == []


@pytest.mark.parametrize("mode", ["production", "good"])
def test_without_scrap_in_the_choice_none_is_counted(tell: Tell, mode: str) -> None:
    """19: under production and good no scrap is counted: Q is assumed."""
    counters = {"production_count": 10, "total_good_units": 10, "total_scrap_units": 4}
    rows = [at(0, None, **dict.fromkeys(counters, 0)), at(10, None, scrap_units=3, **counters)]
    book = tell(rows, planned(counts=mode))
    assert [book.total(f"{k}_units") for k in ("produced", "good", "scrap")] == [10, 10, 0]
    assert book.table("scrap_event") == []


def test_the_plan_chooses_over_the_first_reading(tell: Tell) -> None:
    """19: one choice per machine."""
    counters = {"total_good_units": 8, "total_scrap_units": 2, "production_count": 11}
    rows = [at(0, None, **dict.fromkeys(counters, 0)), at(10, None, **counters)]
    book = tell(rows, planned(counts="production_scrap"))
    assert [book.total(f"{k}_units") for k in ("produced", "good", "scrap")] == [11, 9, 2]


def test_each_counter_has_its_own_baseline(tell: Tell) -> None:
    """19: good is told every 10 s, scrap at 0 and 30 only."""
    rows = [
        at(0, total_good_units=100, total_scrap_units=10),
        at(10, total_good_units=101),
        at(20, total_good_units=103),
        at(30, total_good_units=106, total_scrap_units=14),
    ]
    book = tell(rows)
    assert (book.total("good_units"), book.total("scrap_units")) == (6, 4)


# --- 20: increments and totals -------------------------------------------------------------------


def test_the_first_reading_counts_its_increments_not_its_totals(tell: Tell) -> None:
    """20: totals are baselines."""
    assert tell([at(0, good_units=3, total_good_units=100)]).total("good_units") == 3


def test_a_first_total_later_is_a_baseline_too(tell: Tell) -> None:
    """20: what was counted before it stands; nothing is subtracted from the next rise."""
    rows = [
        at(0, good_units=3),
        at(10, good_units=2, total_good_units=50),
        at(20, total_good_units=51),
    ]
    assert tell(rows).total("good_units") == 6


def test_increments_are_subtracted_from_the_next_rise(tell: Tell) -> None:
    """20: 2 by increment, then the rest of the rise of 5."""
    rows = [at(0, total_good_units=100), at(10, good_units=2), at(70, total_good_units=105)]
    book = tell(rows)
    assert minutes(book, "good_units") == {0: 2, 1: 3}


def test_in_a_reading_with_both_the_total_counts(tell: Tell) -> None:
    """20: the increment beside a total books nothing."""
    rows = [at(0, total_good_units=100), at(10, total_good_units=105, good_units=2)]
    assert tell([*rows, at(20, total_good_units=106)]).total("good_units") == 6


def test_a_total_overrules_its_increments(tell: Tell) -> None:
    """20: a negative rest is booked at the total's reading, in another minute, with an anomaly."""
    rows = [at(0, total_good_units=100), at(10, good_units=5), at(70, total_good_units=103)]
    book = tell(rows)
    assert minutes(book, "good_units") == {0: 5, 1: -2}
    assert anomalies(book) == [("total_below_increments", 103, -2, None)]
    assert minutes(book, "anomalies") == {0: 0, 1: 1}


def test_across_a_reset_only_increments_of_the_new_boot_are_subtracted(tell: Tell) -> None:
    """20: 3 of boot a, 2 of boot b; the total of b is 7: 5 more."""
    rows = [
        at(0, total_good_units=1000, boot_id="a"),
        at(10, good_units=3, boot_id="a"),
        at(20, good_units=2, boot_id="b"),
        at(30, total_good_units=7, boot_id="b"),
    ]
    book = tell(rows)
    assert book.total("good_units") == 10
    assert anomalies(book) == [("counter_reset", 7, 5, None)]


def test_two_identical_messages_are_one_reading(tell: Tell) -> None:
    """20: increments without seq need distinct timestamps."""
    assert tell([at(0, good_units=0), at(10, good_units=2), at(10, good_units=2)]).total(
        "good_units"
    ) == 2  # fmt: skip


# --- 21, 22: how a total is judged ---------------------------------------------------------------

SEQUENCES: dict[str, tuple[list[Row], Plan, int, list[tuple[str, int, int, str | None]]]] = {
    "100, 99, 100, 101": (
        totals(100, 99, 100, 101), Plan(), 1, [("suspicious_total", 99, 0, "refuted")]
    ),
    "100, 99, 100, 101 with a modulus": (
        totals(100, 99, 100, 101), MODULUS, 1, [("suspicious_total", 99, 0, "refuted")]
    ),
    "100, 50, 60, 70": (
        totals(100, 50, 60, 70), Plan(), 20, [("suspicious_total", 50, 10, "confirmed")]
    ),
    "8, 7, 8": (totals(8, 7, 8), Plan(), 0, [("suspicious_total", 7, 0, "refuted")]),
    "a new boot from 10,000 to 9,000": (
        totals(10_000, 9_000, boots="ab"), Plan(), 0, [("suspicious_total", 9_000, 0, None)]
    ),
    "a PLC's total goes on in a new boot": (totals(10_000, 10_050, boots="ab"), Plan(), 50, []),
    "65,530 then 4 with modulus 2^16": (
        totals(65_530, 4), MODULUS, 10, [("counter_rollover", 4, 10, None)]
    ),
    "the lowest of the highest sixteenth rolls over": (
        totals(61_440, 4_095), MODULUS, 8_191, [("counter_rollover", 4_095, 8_191, None)]
    ),
    "below the highest sixteenth nothing rolls over": (
        totals(61_439, 4_095), MODULUS, 0, [("suspicious_total", 4_095, 0, None)]
    ),
    "above the lowest sixteenth nothing rolls over": (
        totals(61_440, 4_096), MODULUS, 0, [("suspicious_total", 4_096, 0, None)]
    ),
    "a new boot does not roll over": (
        totals(65_530, 4, boots="ab"), MODULUS, 4, [("counter_reset", 4, 4, None)]
    ),
    "with a rate any plausible rollover counts": (
        totals(45, 5), planned(counter_modulus=50, max_rate=Fraction(1, SECOND_US)), 10,
        [("counter_rollover", 5, 10, None)],
    ),
    "with a rate an implausible rollover is a reset": (
        totals(44, 5), planned(counter_modulus=50, max_rate=Fraction(1, SECOND_US)), 5,
        [("counter_reset", 5, 5, None)],
    ),
    "a reset to 10": (totals(20, 10), Plan(), 10, [("counter_reset", 10, 10, None)]),
    "10 is more than half of 19": (totals(19, 10), Plan(), 0, [("suspicious_total", 10, 0, None)]),
    "11 of 1,000 is more than 1 %": (
        totals(1_000, 11), Plan(), 0, [("suspicious_total", 11, 0, None)]
    ),
    "50 of 5,000 is 1 %": (totals(5_000, 50), Plan(), 50, [("counter_reset", 50, 50, None)]),
    "51 of 5,000 is not": (totals(5_000, 51), Plan(), 0, [("suspicious_total", 51, 0, None)]),
    "a new boot resets to half": (
        totals(1_000, 500, boots="ab"), Plan(), 500, [("counter_reset", 500, 500, None)]
    ),
    "a missing boot keeps the boot": (
        [*totals(1_000, boots="a"), at(10, total_good_units=500)], Plan(), 0,
        [("suspicious_total", 500, 0, None)],
    ),
    "what a reset counts is rate-tested too": (
        totals(1_000, 11, boots="ab"), PER_SECOND, 0, [("suspicious_total", 11, 0, None)]
    ),
    "plausible is rounded up": (
        totals(0, 4), planned(max_rate=Fraction(1, 3 * SECOND_US)), 4, []
    ),
    "one more is not": (
        totals(0, 5), planned(max_rate=Fraction(1, 3 * SECOND_US)), 0,
        [("suspicious_total", 5, 0, None)],
    ),
    "a jump is refuted": (
        totals(100, 500, 105), PER_SECOND, 5, [("suspicious_total", 500, 0, "refuted")]
    ),
    "a jump is confirmed whole": (
        totals(100, 500, 505), PER_SECOND, 405, [("suspicious_total", 500, 405, "confirmed")]
    ),
    "a pending total is replaced": (
        totals(100, 50, 40), Plan(), 0,
        [("suspicious_total", 50, 0, "replaced"), ("suspicious_total", 40, 0, None)],
    ),
    "a rollover refutes": (
        totals(65_530, 65_000, 4), MODULUS, 10,
        [("suspicious_total", 65_000, 0, "refuted"), ("counter_rollover", 4, 10, None)],
    ),
    "a reset refutes": (
        totals(100, 50, 3), Plan(), 3,
        [("suspicious_total", 50, 0, "refuted"), ("counter_reset", 3, 3, None)],
    ),
    "a total of 0 after 0 is plausible": (totals(0, 0, boots="ab"), Plan(), 0, []),
}  # fmt: skip


@pytest.mark.parametrize("name", SEQUENCES)
def test_counter_sequences(tell: Tell, name: str) -> None:
    """21, 22 and the worked case: units booked, and the anomalies with units and outcome."""
    rows, plan, units, notes = SEQUENCES[name]
    book = tell(rows, plan)
    assert book.total("good_units") == units
    assert anomalies(book) == notes
    assert book.total("anomalies") == len(notes)


def test_at_one_instant_no_rise_is_plausible_under_a_rate(tell: Tell) -> None:
    """21: no time, no units; the same total again is plausible. It is one anomaly, not two."""
    rows = [
        at(0, total_good_units=100, seq=1),
        at(0, total_good_units=101, seq=2),
        at(0, total_good_units=100, seq=3),
    ]
    book = tell(rows, PER_SECOND)
    assert anomalies(book) == [("suspicious_total", 101, 0, "refuted")]
    assert book.total("anomalies") == 1


def test_reclassification_moves_good_to_scrap(tell: Tell) -> None:
    """21: good down and scrap up by the same amount in one reading: one anomaly, no rate test."""
    rows = [
        at(0, total_good_units=100, total_scrap_units=5, boot_id="a"),
        at(10, total_good_units=60, total_scrap_units=45, boot_id="a"),
    ]
    book = tell(rows, planned(max_rate=Fraction(1, 1000 * SECOND_US)))
    assert [book.total(f"{k}_units") for k in ("produced", "good", "scrap")] == [0, -40, 40]
    assert anomalies(book) == [("reclassification", 60, -40, None)]


def test_reclassification_needs_the_same_boot_and_amount(tell: Tell) -> None:
    """21: else the good total is judged by itself."""
    first = at(0, total_good_units=100, total_scrap_units=5, boot_id="a")
    other = tell([first, at(10, total_good_units=98, total_scrap_units=7, boot_id="b")])
    assert [a[0] for a in anomalies(other)] == ["suspicious_total"]
    less = tell([first, at(10, total_good_units=98, total_scrap_units=6, boot_id="a")])
    assert [a[0] for a in anomalies(less)] == ["suspicious_total"]
    assert (less.total("good_units"), less.total("scrap_units")) == (0, 1)


def test_the_last_two_boots_keep_their_baselines(tell: Tell) -> None:
    """21: late totals of the boot before count from its own; those of an older boot not at all."""
    rows = [
        *totals(1_000, 5, 2, boots="abc"),
        at(30, total_good_units=8, boot_id="b"),
        at(40, total_good_units=1_005, boot_id="a"),
        at(50, total_good_units=4, boot_id="c"),
    ]
    book = tell(rows)
    assert book.total("good_units") == 5 + 2 + 3 + 0 + 2
    assert anomalies(book)[2:] == [("total_of_old_boot", 1_005, 0, None)]


def test_a_boot_that_went_on_shares_the_baseline(tell: Tell) -> None:
    """21: a total of the boot before it is judged against the shared one."""
    rows = totals(10_000, 10_050, 10_051, 10_053, boots="abab")
    book = tell(rows)
    assert book.total("good_units") == 53
    assert anomalies(book) == []


def test_an_increment_beside_a_pending_total_is_not_booked(tell: Tell) -> None:
    """22: the total alone counts, and it is pending. 100, (50, +3), 60: ten pieces."""
    rows = [
        at(0, total_good_units=100),
        at(10, total_good_units=50, good_units=3),
        at(20, total_good_units=60),
    ]
    assert tell(rows).total("good_units") == 10


def test_increments_after_a_pending_total_are_part_of_what_it_confirms(tell: Tell) -> None:
    """22: a drop books only the rise since the pending total: 4 by increment, 6 more."""
    rows = [
        at(0, total_good_units=100),
        at(10, total_good_units=50),
        at(20, good_units=4),
        at(30, total_good_units=60),
    ]
    book = tell(rows)
    assert book.total("good_units") == 10
    assert anomalies(book) == [("suspicious_total", 50, 6, "confirmed")]


def test_increments_before_and_after_a_refuted_total_are_subtracted(tell: Tell) -> None:
    """22: the old baseline stands with all that was counted since."""
    rows = [
        at(0, total_good_units=100),
        at(10, good_units=1),
        at(20, total_good_units=50),
        at(30, good_units=2),
        at(40, total_good_units=104),
    ]
    assert tell(rows).total("good_units") == 4
