"""Minutes: SEMANTICS 0f, 4, 11 and 28 (labels and counts of a minute)."""

from __future__ import annotations

from fractions import Fraction

from andon.plan import Plan, Rate
from andon.testing import T0
from andon.units import MINUTE_US, SECOND_US
from tests.kernel.conftest import Tell
from tests.kernel.story import at, minutes, planned

A, B = Rate("a@1", Fraction(SECOND_US), "a"), Rate("b@1", Fraction(2 * SECOND_US), "b")
MACHINE = Rate("@1", Fraction(3 * SECOND_US))


def by_rate(rows: list[dict[str, int]], column: str) -> dict[tuple[int, object], int]:
    """A column by (minute after T0, rate), without zeros."""
    return {
        ((row["minute"] - T0) // MINUTE_US, row["rate_id"]): row[column]
        for row in rows
        if row[column]
    }


def test_time_is_cut_at_the_edge(tell: Tell) -> None:
    """[start, end): 20 s in minute 0, 10 s in minute 1.

    #  t   40        60   70
    #      R---------|----R
    """
    assert minutes(tell([at(40, "RUNNING"), at(70, "RUNNING")]), "running_us") == {
        0: 20 * SECOND_US, 1: 10 * SECOND_US,
    }  # fmt: skip


def test_a_count_at_the_edge_closes_the_old_minute(tell: Tell) -> None:
    """(start, end] for counts, [start, end) for the reading that tells them."""
    rows = [at(0, "RUNNING", good_units=0), at(60, good_units=7, alarm=True), at(61, good_units=1)]
    book = tell(rows)
    assert minutes(book, "good_units") == {0: 7, 1: 1}
    assert minutes(book, "readings") == {0: 1, 1: 2}
    assert minutes(book, "alarm_count") == {0: 0, 1: 1}


def test_a_first_reading_at_the_edge_belongs_to_the_minute_it_starts(tell: Tell) -> None:
    """At a machine's first instant everything does, also of a second reading at that time."""
    rows = [
        at(60, "RUNNING", good_units=7, seq=1),
        at(60, good_units=2, scrap_units=1, seq=2),
        at(70),
    ]
    book = tell(rows, planned(counts="good_scrap"))
    assert minutes(book, "good_units") == {1: 9}
    assert minutes(book, "scrap_units") == {1: 1}


def test_a_minute_wholly_unknown_has_no_row(tell: Tell) -> None:
    """A missing row between first and newest means 60 s UNKNOWN.

    #  t   0        60 ...          300    310
    #      R--------|U -------------- R-----.
    """
    book = tell([at(0, "RUNNING"), at(300, "RUNNING"), at(310)])
    assert minutes(book, "unknown_us") == {0: 0, 5: 0}
    book = tell([at(0, "RUNNING"), at(10), at(250, "RUNNING"), at(260)])
    assert minutes(book, "unknown_us") == {0: 0, 1: 50 * SECOND_US, 4: 10 * SECOND_US}


def test_a_minute_wholly_unknown_has_a_row_if_something_is_booked_in_it(tell: Tell) -> None:
    """Units at 180 close minute 2, which nobody saw."""
    rows = [at(0, "RUNNING", total_good_units=0), at(180, "RUNNING", total_good_units=6), at(181)]
    book = tell(rows)
    assert minutes(book, "good_units") == {0: 0, 2: 6, 3: 0}
    assert minutes(book, "unknown_us")[2] == 60 * SECOND_US


def test_a_minute_of_readings_without_a_state_is_a_row(tell: Tell) -> None:
    """Readings are something; the time is UNKNOWN."""
    book = tell([at(s) for s in range(0, 130, 10)])
    assert minutes(book, "unknown_us") == {0: 60 * SECOND_US, 1: 60 * SECOND_US, 2: 0}


def test_labels_are_the_last_that_were_told(tell: Tell) -> None:
    """28: last non-null in the minute, by order of event time."""
    rows = [
        at(0, operator_name="Ann", target_units=5),
        at(30, operator_name="Bob", job_id="j1"),
        at(50),
        at(70, produced_units=3),
    ]
    first, second = tell(rows).table("machine_minute")
    assert (first["operator_name"], first["target_units"], first["job_id"]) == ("Bob", 5, "j1")
    assert (second["operator_name"], second["job_produced_units"]) == (None, 3)
    assert (first["last_reading"], second["last_reading"]) == (T0 + 50_000_000, T0 + 70_000_000)


def test_labels_are_the_last_whatever_the_product(tell: Tell) -> None:
    """Products that share a rate share its row: a product that comes back is the newest again."""
    rows = [
        at(0, operator_name="Ann", product_id="a"),
        at(10, operator_name="Bob", product_id="b"),
        at(20, operator_name="Cay", product_id="a"),
    ]
    (row,) = tell(rows).table("machine_minute")
    assert (row["operator_name"], row["readings"]) == ("Cay", 3)
    first, second = tell(rows, planned(rates=(A, B))).table("machine_minute")
    assert (first["operator_name"], second["operator_name"]) == ("Cay", "Bob")


def test_minutes_are_kept_per_rate(tell: Tell) -> None:
    """11: time goes by the product held, units by the product of their reading.

    #  t    0 (a)      30 (b)     50
    #       R----------R----------.
    #       a          b +4       b +5
    """
    plan = planned(rates=(MACHINE, A, B))
    rows = [
        at(0, "RUNNING", product_id="a", good_units=0),
        at(30, product_id="b", good_units=4),
        at(50, good_units=5),
    ]
    table = tell(rows, plan).table("machine_minute")
    assert by_rate(table, "running_us") == {(0, "a@1"): 30_000_000, (0, "b@1"): 20_000_000}
    assert by_rate(table, "good_units") == {(0, "b@1"): 9}


def test_a_product_without_a_rate_has_the_machines(tell: Tell) -> None:
    """11: by product, else by machine, else none."""
    rows = [at(0, "RUNNING", product_id="zzz", good_units=0), at(30, good_units=4)]
    assert by_rate(
        tell(rows, planned(rates=(MACHINE, A))).table("machine_minute"), "good_units"
    ) == {(0, "@1"): 4}
    assert by_rate(tell(rows, planned(rates=(A,))).table("machine_minute"), "good_units") == {
        (0, ""): 4
    }
    assert by_rate(tell(rows, Plan()).table("machine_minute"), "good_units") == {(0, ""): 4}


def test_a_rate_is_judged_by_its_version_at_the_time(tell: Tell) -> None:
    """18: what came before valid_from keeps the older version; a minute never straddles one."""
    newer = Rate("@2", Fraction(SECOND_US), valid_from=T0 + MINUTE_US)
    rows = [at(30, "RUNNING", good_units=0), at(60, good_units=3), at(90, good_units=4)]
    table = tell(rows, planned(rates=(MACHINE, newer))).table("machine_minute")
    assert by_rate(table, "good_units") == {(0, "@1"): 3, (1, "@2"): 4}
    assert by_rate(table, "running_us") == {(0, "@1"): 30_000_000, (1, "@2"): 30_000_000}


def test_held_time_of_a_silent_machine_has_the_rate_of_its_minute(tell: Tell) -> None:
    """18: what silence adds goes by the same rule as what a reading adds.

    #  t   30 (a)    50        60 new rate       110
    #      R---------.---------|-----------------|U
    """
    newer = Rate("a@2", Fraction(SECOND_US), "a", valid_from=T0 + MINUTE_US)
    rows = [at(30, "RUNNING", product_id="a"), at(50)]
    table = tell(rows, planned(rates=(A, newer)), now=200).table("machine_minute")
    assert by_rate(table, "running_us") == {(0, "a@1"): 30_000_000, (1, "a@2"): 50_000_000}


def test_held_time_of_a_silent_machine_has_the_rate_of_its_product(tell: Tell) -> None:
    """The product held is that of the last reading of the instant, not of the minute's rows."""
    rows = [
        at(10, "RUNNING", product_id="b", seq=1),
        at(10, product_id="a", seq=2),
    ]
    table = tell(rows, planned(rates=(A, B)), now=200).table("machine_minute")
    assert by_rate(table, "running_us") == {(0, "a@1"): 50_000_000, (1, "a@1"): 10_000_000}
