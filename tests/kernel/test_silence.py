"""What `now` confirms: SEMANTICS 3 and 4 at the newest reading."""

from __future__ import annotations

from andon.testing import Book, make_readings
from andon.units import SECOND_US
from tests.kernel.conftest import Tell
from tests.kernel.story import at, minutes, planned, states, us, whole_seconds


def test_time_after_the_newest_reading_is_stored_nowhere(tell: Tell) -> None:
    """4: the open interval has a null end, the minute ends at the newest reading."""
    book = tell([at(0, "RUNNING"), at(10)], now=69)
    assert states(book) == [(0, None, "RUNNING")]
    assert whole_seconds(book) == {"running_us": 10}


def test_silence_is_confirmed_only_past_max_gap(tell: Tell) -> None:
    """4: at exactly last reading + max_gap nothing is known yet; past it max_gap of held state.

    #  t   0    10                70 now
    #      R----.-----------------|U
    """
    rows = [at(0, "RUNNING"), at(10)]
    assert states(tell(rows, now=70)) == [(0, None, "RUNNING")]
    book = tell(rows, now=70.000001)
    assert states(book) == [(0, 70, "RUNNING"), (70, None, "UNKNOWN")]
    assert whole_seconds(book) == {"running_us": 70}
    assert book.carry.head["silent"].to_list() == [True]


def test_an_open_unknown_is_in_no_minute_row(tell: Tell) -> None:
    """4: views count it up to their own now; the rows stay."""
    rows = [at(30, "RUNNING"), at(40)]
    assert minutes(tell(rows, now=101), "running_us") == {0: 30 * SECOND_US, 1: 40 * SECOND_US}
    assert minutes(tell(rows, now=10_000), "unknown_us") == {0: 0, 1: 0}


def test_silence_of_a_machine_without_a_state_adds_nothing(tell: Tell) -> None:
    """An UNKNOWN that stays UNKNOWN goes on: one open interval."""
    book = tell([at(0), at(10)], now=1000)
    assert states(book) == [(0, None, "UNKNOWN")]
    assert whole_seconds(book) == {"unknown_us": 10}


def test_silence_leaves_no_trace_once_the_machine_speaks() -> None:
    """What silence laid over the head is what the next reading finds by itself.

    #  t   0    10         70           200
    #      R----.----------|U-----------R
    """
    patient, hasty = Book(), Book()
    for book, clock in ((patient, False), (hasty, True)):
        for row in (at(0, "RUNNING"), at(10), at(200, "RUNNING")):
            book.take(make_readings([row]))
            if clock:
                book.take(make_readings([]), row["time"] + 100 * SECOND_US)
    patient.take(make_readings([]), us(300))
    assert hasty.rows == patient.rows
    assert states(hasty)[:3] == [
        (0, 70, "RUNNING"), (70, 200, "UNKNOWN"), (200, 260, "RUNNING"),
    ]  # fmt: skip


def test_a_reading_from_within_the_silence_takes_it_back() -> None:
    """A late reading shows that the machine was not silent.

    #  t   0         50 (late)  60         100 now   110
    #      R---------I----------           |U
    """
    book = Book()
    book.take(make_readings([at(0, "RUNNING")]), us(100))
    assert states(book) == [(0, 60, "RUNNING"), (60, None, "UNKNOWN")]
    book.take(make_readings([at(50, "IDLE")]), us(100))
    assert states(book) == [(0, 50, "RUNNING"), (50, None, "IDLE")]
    assert whole_seconds(book) == {"running_us": 50}


def test_without_a_clock_nothing_is_confirmed() -> None:
    """now = None confirms no silence."""
    book = Book()
    book.take(make_readings([at(0, "RUNNING")]), None)
    assert states(book) == [(0, None, "RUNNING")]


def test_on_change_is_never_silent(tell: Tell) -> None:
    """3: known time ends at the newest reading."""
    book = tell([at(0, "RUNNING"), at(10)], planned(on_change=True), now=100_000)
    assert states(book) == [(0, None, "RUNNING")]
    assert whole_seconds(book) == {"running_us": 10}


def test_a_repair_and_an_idle_job_are_held_into_the_silence(tell: Tell) -> None:
    """The max_gap of held state is booked as what it was."""
    repair = tell([at(0, "ERROR"), at(10, "MAINTENANCE")], now=100)
    assert whole_seconds(repair) == {"error_us": 10, "repair_us": 60}
    idle = tell([at(0, "IDLE", job_id="j")], now=100)
    assert whole_seconds(idle) == {"idle_job_us": 60}


def test_a_held_unmapped_state_ends_with_max_gap(tell: Tell) -> None:
    """Its name is held for max_gap, then nothing says anything."""
    book = tell([at(0, "WARP")], now=100)
    found = [(row["state_raw"], row["end"]) for row in book.table("state_interval")]
    assert found == [("WARP", us(60)), (None, None)]
