"""Scrap events: SEMANTICS 23, and the job they belong to (24)."""

from __future__ import annotations

from andon.testing import Book
from tests.kernel.conftest import Tell
from tests.kernel.story import anomalies, at, minutes, planned, scrap, us


def sums_up(book: Book) -> bool:
    """Whether the scrap events sum to the scrap units."""
    return sum(int(row["units"]) for row in book.table("scrap_event")) == book.total("scrap_units")


def test_the_readings_own_scrap_carries_its_reason(tell: Tell) -> None:
    """One event per reading and reason, with what the reading says."""
    rows = [
        at(0, good_units=0, scrap_units=0),
        at(10, good_units=5, scrap_units=2, scrap_reason="CRACK", scrap_category="QUALITY",
           quality_score_milli=870, operator_name="Ann", job_id="j1"),
    ]  # fmt: skip
    book = tell(rows)
    assert scrap(book) == [("CRACK", 2)]
    event = book.table("scrap_event")[0]
    assert (event["category"], event["job_id"], event["operator_name"]) == ("QUALITY", "j1", "Ann")
    assert (event["good_units"], event["produced_units"]) == (5, 7)
    assert (event["span_start"], event["quality_score_milli"]) == (us(0), 870)
    assert book.total("scrap_quality_units") == 2


def test_the_first_readings_own_scrap_is_an_event(tell: Tell) -> None:
    """20, 23: its increments count, its totals do not."""
    book = tell([at(0, good_units=0, scrap_units=2, total_scrap_units=40, scrap_reason="A")])
    assert scrap(book) == [("A", 2)]


def test_scrap_without_a_reason_is_unreported(tell: Tell) -> None:
    """It has no category, and the Pareto always shows it."""
    book = tell([at(0, good_units=1), at(10, good_units=0, scrap_units=3)], planned(counts=None))
    assert scrap(book) == []
    book = tell([at(0, good_units=1, scrap_units=3, scrap_category="QUALITY")])
    assert scrap(book) == [("UNREPORTED", 3)]
    assert book.table("scrap_event")[0]["category"] is None
    assert (book.total("scrap_unreported_units"), book.total("scrap_quality_units")) == (3, 0)


def test_what_the_total_adds_is_unreported_with_its_span(tell: Tell) -> None:
    """1 of the reading's own, 3 of readings that never came.

    #  t      0       30
    #  total  10      14 (own 1, reason A)
    """
    rows = [
        at(0, total_good_units=0, total_scrap_units=10),
        at(30, total_good_units=0, total_scrap_units=14, scrap_units=1, scrap_reason="A"),
    ]
    book = tell(rows)
    assert scrap(book) == [("A", 1), ("UNREPORTED", 3)]
    assert {row["span_start"] for row in book.table("scrap_event")} == {us(0)}
    assert sums_up(book)


def test_a_total_below_its_own_increment_cuts_it(tell: Tell) -> None:
    """With an anomaly: 5 told, 2 in the total."""
    rows = [
        at(0, total_good_units=0, total_scrap_units=10),
        at(10, total_scrap_units=12, scrap_units=5, scrap_reason="A"),
    ]
    book = tell(rows)
    assert scrap(book) == [("A", 2)]
    assert anomalies(book) == [("scrap_increment_cut", 5, 2, None)]


def test_a_total_that_did_not_rise_cuts_all_of_it(tell: Tell) -> None:
    """No event is left."""
    rows = [
        at(0, total_good_units=0, total_scrap_units=10),
        at(10, total_scrap_units=10, scrap_units=5, scrap_reason="A"),
    ]
    book = tell(rows)
    assert scrap(book) == []
    assert anomalies(book) == [("scrap_increment_cut", 5, 0, None)]


def test_a_total_below_earlier_increments_is_a_negative_event(tell: Tell) -> None:
    """20, 23: 5 booked, the total knows of 2: -3 at its reading, in the next minute."""
    rows = [
        at(0, total_good_units=0, total_scrap_units=10),
        at(10, scrap_units=5, scrap_reason="A"),
        at(70, total_scrap_units=12),
    ]
    book = tell(rows)
    assert scrap(book) == [("A", 5), ("UNREPORTED", -3)]
    assert minutes(book, "scrap_units") == {0: 5, 1: -3}
    assert sums_up(book)


def test_a_reason_that_reads_unreported_is_one_row_with_the_rest(tell: Tell) -> None:
    """One event per reading and reason."""
    rows = [
        at(0, total_good_units=0, total_scrap_units=10),
        at(10, total_scrap_units=13, scrap_units=1, scrap_reason="UNREPORTED"),
    ]
    assert scrap(tell(rows)) == [("UNREPORTED", 3)]


def test_scrap_withheld(tell: Tell) -> None:
    """Worked case: the sum of the events is the change of the total, with an UNREPORTED row.

    #  t       0     10    20    30    40
    #  total   7     8     -     -     12
    #  own     0     1 A   lost  lost  1 B
    """
    rows = [
        at(0, good_units=0, scrap_units=0, total_good_units=0, total_scrap_units=7),
        at(10, good_units=1, scrap_units=1, total_good_units=1, total_scrap_units=8,
           scrap_reason="A"),
        at(40, good_units=1, scrap_units=1, total_good_units=4, total_scrap_units=12,
           scrap_reason="B"),
    ]  # fmt: skip
    book = tell(rows)
    assert scrap(book) == [("A", 1), ("B", 1), ("UNREPORTED", 3)]
    assert book.total("scrap_units") == 12 - 7
    assert sums_up(book)


def test_reclassified_pieces_are_unreported_scrap(tell: Tell) -> None:
    """21, 23: the total adds them."""
    rows = [
        at(0, total_good_units=10, total_scrap_units=0),
        at(10, total_good_units=8, total_scrap_units=2),
    ]
    book = tell(rows)
    assert scrap(book) == [("UNREPORTED", 2)]
    assert book.table("scrap_event")[0]["good_units"] == -2


def test_a_pending_scrap_total_has_no_event(tell: Tell) -> None:
    """22: neither booked nor baseline."""
    rows = [
        at(0, total_good_units=0, total_scrap_units=100),
        at(10, total_scrap_units=60, scrap_units=2, scrap_reason="A"),
    ]
    assert scrap(tell(rows)) == []


def test_scrap_belongs_to_the_job_its_reading_names_or_keeps(tell: Tell) -> None:
    """24: and to none after an explicit null."""
    rows = [
        at(0, good_units=0, scrap_units=1, job_id="j1"),
        at(10, scrap_units=1),
        at(20, scrap_units=1, job_id="j2"),
        at(30, scrap_units=1, job_ended=True),
    ]
    found = sorted(tell(rows).table("scrap_event"), key=lambda row: row["time"])
    assert [row["job_id"] for row in found] == ["j1", "j1", "j2", None]


def test_scrap_at_the_minutes_edge_closes_the_old_minute(tell: Tell) -> None:
    """0f: (start, end] for what accumulated since the reading before."""
    rows = [at(0, good_units=0, scrap_units=0), at(60, scrap_units=2, scrap_category="QUALITY",
            scrap_reason="A"), at(61)]  # fmt: skip
    book = tell(rows)
    assert minutes(book, "scrap_units") == {0: 2, 1: 0}
    assert minutes(book, "scrap_quality_units") == {0: 2, 1: 0}
    assert minutes(book, "readings") == {0: 1, 1: 2}
