"""Incidents and failures: SEMANTICS 15; the figures from them in test_oee.py."""

from __future__ import annotations

from andon.units import SECOND_US
from tests.kernel.conftest import Tell
from tests.kernel.story import at, minutes, spans, whole_seconds


def test_each_entry_into_error_is_an_incident(tell: Tell) -> None:
    """It ends with the ERROR.

    #  t   0    10   20   30   40
    #      R----E----I----E----R
    """
    rows = [at(0, "RUNNING"), at(10, "ERROR"), at(20, "IDLE"), at(30, "ERROR"), at(40, "RUNNING")]
    book = tell(rows)
    assert spans(book, "incident") == [(10, 20), (30, 40)]
    assert book.total("incidents") == 2


def test_a_first_reading_in_error_is_an_entry(tell: Tell) -> None:
    """An incident, not a failure."""
    book = tell([at(0, "ERROR"), at(10, "RUNNING")])
    assert spans(book, "incident") == [(0, 10)]
    assert spans(book, "failure") == []


def test_another_name_of_error_goes_on(tell: Tell) -> None:
    """The interval parts, the incident does not."""
    book = tell([at(0, "ERROR"), at(10, "Error", stop_reason="JAM"), at(20, "RUNNING")])
    assert spans(book, "incident") == [(0, 20)]
    assert book.table("incident")[0]["uncovered_us"] == 0
    assert len(book.table("state_interval")) == 3


def test_error_unknown_error_is_one_incident(tell: Tell) -> None:
    """With the UNKNOWN as uncovered time.

    #  t   0          60      100   110
    #      E----------|U------E-----I
    """
    book = tell([at(0, "ERROR"), at(100, "ERROR"), at(110, "IDLE")])
    assert spans(book, "incident") == [(0, 110)]
    assert book.table("incident")[0]["uncovered_us"] == 40 * SECOND_US
    assert book.total("incidents") == 1


def test_two_silences_add_up(tell: Tell) -> None:
    """40 s and 10 s."""
    book = tell([at(0, "ERROR"), at(100, "ERROR"), at(170, "ERROR"), at(180, "RUNNING")])
    assert spans(book, "incident") == [(0, 180)]
    assert book.table("incident")[0]["uncovered_us"] == 50 * SECOND_US


def test_an_unmapped_state_between_errors_is_unknown_too(tell: Tell) -> None:
    """UNKNOWN is UNKNOWN, whatever brought it."""
    book = tell([at(0, "ERROR"), at(10, "WARP"), at(30, "ERROR"), at(40, "IDLE")])
    assert spans(book, "incident") == [(0, 40)]
    assert book.table("incident")[0]["uncovered_us"] == 20 * SECOND_US


def test_error_unknown_another_state_ended_where_unknown_began(tell: Tell) -> None:
    """The machine was seen well again.

    #  t   0          60      100
    #      E----------|U------R
    """
    book = tell([at(0, "ERROR"), at(100, "RUNNING")])
    assert spans(book, "incident") == [(0, 60)]
    assert book.table("incident")[0]["uncovered_us"] == 0


def test_error_after_an_unknown_that_followed_another_state_is_an_entry(tell: Tell) -> None:
    """RUNNING, UNKNOWN, ERROR begins an incident and a failure."""
    book = tell([at(0, "RUNNING"), at(100, "ERROR"), at(110, "RUNNING")])
    assert spans(book, "incident") == [(100, 110)]
    assert spans(book, "failure") == [(100, 110)]


def test_error_unknown_idle_unknown_error_are_two(tell: Tell) -> None:
    """Only ERROR, UNKNOWN, ERROR goes on."""
    rows = [at(0, "ERROR"), at(100, "IDLE"), at(200, "ERROR"), at(210, "IDLE")]
    assert spans(tell(rows), "incident") == [(0, 60), (200, 210)]


def test_the_end_is_open_while_the_error_or_its_unknown_is(tell: Tell) -> None:
    """In ERROR, in the UNKNOWN that a clock confirmed, and in one that readings keep."""
    assert spans(tell([at(0, "ERROR"), at(10)]), "incident") == [(0, None)]
    assert spans(tell([at(0, "ERROR")], now=500), "incident") == [(0, None)]
    assert spans(tell([at(0, "ERROR"), at(100), at(110)]), "incident") == [(0, None)]


def test_a_failure_lasts_until_the_next_running(tell: Tell) -> None:
    """Worked case: RUNNING 100 s, ERROR 10 s, MAINTENANCE 50 s, RUNNING: 60 s, nothing planned.

    #  t   0       100   110        160   170
    #      R-------E-----M----------R-----.
    """
    rows = [
        at(0, "RUNNING"), at(50), at(100, "ERROR"), at(110, "MAINTENANCE"),
        at(160, "RUNNING"), at(170),
    ]  # fmt: skip
    book = tell(rows)
    assert spans(book, "failure") == [(100, 160)]
    assert whole_seconds(book) == {"running_us": 110, "error_us": 10, "repair_us": 50}
    assert minutes(book, "failures_begun") == {0: 0, 1: 1, 2: 0}
    assert minutes(book, "failures_ended") == {0: 0, 1: 0, 2: 1}
    assert book.total("repair_time_us") == 60 * SECOND_US


def test_a_second_error_before_running_is_the_same_failure(tell: Tell) -> None:
    """Two incidents, one failure.

    #  t   0    10   20   30   40
    #      R----E----I----E----R
    """
    rows = [at(0, "RUNNING"), at(10, "ERROR"), at(20, "IDLE"), at(30, "ERROR"), at(40, "RUNNING")]
    book = tell(rows)
    assert spans(book, "failure") == [(10, 40)]
    assert (book.total("failures_begun"), book.total("failures_ended")) == (1, 1)


def test_error_before_any_running_is_no_failure(tell: Tell) -> None:
    """Nor does the next RUNNING end one."""
    book = tell([at(0, "IDLE"), at(10, "ERROR"), at(20, "RUNNING")])
    assert spans(book, "failure") == []
    assert book.total("failures_ended") == 0


def test_idle_between_running_and_error_does_not_hide_the_failure(tell: Tell) -> None:
    """First ERROR after RUNNING, not directly after it."""
    rows = [at(0, "RUNNING"), at(10, "IDLE"), at(20, "ERROR"), at(30, "RUNNING")]
    assert spans(tell(rows), "failure") == [(20, 30)]


def test_unknown_inside_a_failure_is_marked(tell: Tell) -> None:
    """15: included and marked.

    #  t   0    10        70      100   110
    #      R----E---------|U------M-----R
    """
    rows = [at(0, "RUNNING"), at(10, "ERROR"), at(100, "MAINTENANCE"), at(110, "RUNNING")]
    book = tell(rows)
    assert spans(book, "failure") == [(10, 110)]
    assert book.table("failure")[0]["unknown_us"] == 30 * SECOND_US
    assert book.total("repair_time_us") == 100 * SECOND_US
    assert book.total("repair_time_unknown_us") == 30 * SECOND_US


def test_an_open_failure_has_no_end(tell: Tell) -> None:
    """Its repair time is booked where it ends."""
    book = tell([at(0, "RUNNING"), at(10, "ERROR"), at(20, "IDLE")])
    assert spans(book, "failure") == [(10, None)]
    assert (book.total("failures_ended"), book.total("repair_time_us")) == (0, 0)


def test_an_error_of_no_length_is_neither(tell: Tell) -> None:
    """0f: ERROR and RUNNING at one time, RUNNING last."""
    rows = [at(0, "RUNNING", seq=1), at(10, "ERROR", seq=2), at(10, "RUNNING", seq=3)]
    book = tell(rows)
    assert spans(book, "incident") == spans(book, "failure") == []


def test_an_entry_at_the_edge_belongs_to_the_new_minute(tell: Tell) -> None:
    """0f: what is observed at an instant is [start, end)."""
    book = tell([at(0, "RUNNING"), at(60, "ERROR"), at(70)])
    assert minutes(book, "incidents") == {0: 0, 1: 1}
