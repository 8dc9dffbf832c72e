"""Death messages: SEMANTICS 3, docs/decisions/0002."""

from __future__ import annotations

from andon.testing import Book, make_readings
from tests.kernel.conftest import Tell
from tests.kernel.story import at, death, planned, states, told, us, whole_seconds

SILENT = planned(on_change=True)


def test_a_death_ends_the_state_at_its_arrival(tell: Tell) -> None:
    """It needs no clock.

    #  t   0    10   15
    #      R----.----x|U
    """
    book = tell([at(0, "RUNNING", boot_id="a"), at(10, boot_id="a"), death(15, "a")], SILENT)
    assert states(book) == [(0, 15, "RUNNING"), (15, None, "UNKNOWN")]
    assert whole_seconds(book) == {"running_us": 15}


def test_a_death_ends_it_at_the_last_reading_where_that_is_later(tell: Tell) -> None:
    """max(arrival, last reading), a microsecond after the reading: the clock runs 3 s ahead."""
    book = tell([at(0, "RUNNING", boot_id="a"), at(8, boot_id="a"), death(5, "a")], SILENT)
    assert states(book) == [(0, 8.000001, "RUNNING"), (8.000001, None, "UNKNOWN")]


def test_a_state_told_as_the_machine_dies_lasts_a_microsecond(tell: Tell) -> None:
    """No interval is empty, and the incident is not lost."""
    book = tell([at(0, "RUNNING", boot_id="a"), at(8, "ERROR", boot_id="a"), death(8, "a")], SILENT)
    assert states(book)[1:] == [(8, 8.000001, "ERROR"), (8.000001, None, "UNKNOWN")]
    assert book.total("incidents") == 1


def test_a_reading_past_max_future_shows_a_new_life(tell: Tell) -> None:
    """It cannot have been sent before the death, so the death ended the state before it.

    #  t   0    5         35  36
    #      R----x|U-----------.-----R
    """
    rows = [at(0, "RUNNING", boot_id="a"), death(5, "a"), at(36, boot_id="a"), at(40, "RUNNING")]
    assert states(tell(rows, SILENT)) == [
        (0, 5, "RUNNING"), (5, 40, "UNKNOWN"), (40, None, "RUNNING"),
    ]  # fmt: skip


def test_a_reading_exactly_at_max_future_is_of_the_old_life(tell: Tell) -> None:
    """Arrival + max_future is still possible for a clock that runs ahead."""
    rows = [at(0, "RUNNING", boot_id="a"), death(5, "a"), at(35, boot_id="a")]
    assert states(tell(rows, SILENT)) == [(0, 35.000001, "RUNNING"), (35.000001, None, "UNKNOWN")]


def test_the_death_of_a_boot_does_not_touch_the_next_one(tell: Tell) -> None:
    """The broker tells of the old boot after the new one has spoken.

    #  t   0     10    12
    #      a-----b-----x (of a)
    """
    rows = [at(0, "RUNNING", boot_id="a"), at(10, "IDLE", boot_id="b"), death(12, "a"), at(20)]
    assert states(tell(rows, SILENT)) == [(0, 10, "RUNNING"), (10, None, "IDLE")]


def test_a_new_boot_ends_the_wait_for_the_old_one(tell: Tell) -> None:
    """The state of the dead boot ends at its death, whatever the next boot says later."""
    rows = [at(0, "RUNNING", boot_id="a"), death(5, "a"), at(10, "IDLE", boot_id="b"), at(20)]
    assert states(tell(rows, SILENT)) == [
        (0, 5, "RUNNING"), (5, 10, "UNKNOWN"), (10, None, "IDLE"),
    ]  # fmt: skip


def test_a_death_without_a_boot_is_of_whichever_lives(tell: Tell) -> None:
    """A machine that names no boot still dies."""
    assert states(tell([at(0, "RUNNING"), death(5)], SILENT)) == [
        (0, 5, "RUNNING"), (5, None, "UNKNOWN"),
    ]  # fmt: skip


def test_silence_before_the_death_ends_the_state_first(tell: Tell) -> None:
    """The earlier of max_gap and death counts.

    #  t   0           60     90
    #      R-----------|U-----x
    """
    rows = [at(0, "RUNNING", boot_id="a"), death(90, "a")]
    assert states(tell(rows, now=95)) == [(0, 60, "RUNNING"), (60, None, "UNKNOWN")]


def test_a_late_death_is_taken_back_to_its_place() -> None:
    """It arrived at the broker at 5, at the engine after the readings of the next boot."""
    rows = [at(0, "RUNNING", boot_id="a"), at(10, "IDLE", boot_id="b"), at(20)]
    book = Book(SILENT)
    book.take(make_readings(rows))
    book.take(make_readings([death(5, "a")]), us(20))
    assert book.rows == told([*rows, death(5, "a")], SILENT).rows
    assert states(book) == [(0, 5, "RUNNING"), (5, 10, "UNKNOWN"), (10, None, "IDLE")]


def test_a_death_before_the_first_reading_ends_nothing(tell: Tell) -> None:
    """There was no life to end."""
    rows = [at(10, "RUNNING", boot_id="a"), death(5, "a"), at(20)]
    assert states(tell(rows, SILENT)) == [(10, None, "RUNNING")]


def test_a_death_alone_begins_no_machine() -> None:
    """A machine begins with a reading."""
    book = told([death(5, "a")], now=100)
    assert book.carry.head.is_empty()
    assert not any(book.rows.values())
