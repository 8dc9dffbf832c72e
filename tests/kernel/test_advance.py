"""Batches: copies, late readings, those that must wait, and what is kept of the past (0h, 20)."""

from __future__ import annotations

import pytest

from andon.kernel import tail
from andon.testing import Book, make_reading, make_readings
from tests.kernel.story import at, states, told, us


def test_a_copy_in_the_same_batch_is_one_reading() -> None:
    """Equal bytes: one reading and one copy."""
    book = Book()
    step = book.take(make_readings([at(0, good_units=1), at(0, good_units=1)]))
    assert (book.total("good_units"), step.duplicates.height) == (1, 1)
    assert step.seen.is_empty()


def test_a_copy_in_a_later_batch_changes_nothing() -> None:
    """The tail knows what it has seen; the sink is told which are there already."""
    book = Book()
    book.take(make_readings([at(0, "RUNNING", good_units=1), at(10, good_units=1)]))
    before = {name: dict(table) for name, table in book.rows.items()}
    step = book.take(make_readings([at(0, "RUNNING", good_units=1)]))
    assert book.rows == before
    assert (step.duplicates.height, step.seen.len(), step.late.height) == (1, 1, 0)


def test_equal_times_are_not_equal_readings() -> None:
    """Two readings of one instant, in two batches."""
    rows = [at(0, good_units=0), at(10, good_units=1, seq=1), at(10, good_units=1, seq=2)]
    book = Book()
    for row in rows:
        step = book.take(make_readings([row]))
    assert book.total("good_units") == 2
    assert step.late.height == 1, "a reading at the head's instant goes the late way"
    assert book.rows == told(rows).rows


def test_a_late_reading_takes_its_place() -> None:
    """The rows are those of the readings in order.

    #  t  0    10   20   30   40
    #     R---------I--------R----
    #                   ^ late E at 25
    """
    rows = [at(0, "RUNNING"), at(20, "IDLE"), at(40, "RUNNING"), at(25, "ERROR")]
    book = Book()
    for row in rows:
        step = book.take(make_readings([row]))
    assert states(book) == [
        (0, 20, "RUNNING"), (20, 25, "IDLE"), (25, 40, "ERROR"), (40, None, "RUNNING"),
    ]  # fmt: skip
    assert step.late["time"].to_list() == [us(25)]
    assert book.rows == told(rows).rows


def test_a_late_reading_before_the_first_moves_the_beginning() -> None:
    """The machine begins with its oldest reading; its increments count."""
    rows = [at(70, "RUNNING", good_units=3), at(80, good_units=4), at(50, "IDLE", good_units=5)]
    book = Book()
    for row in rows:
        book.take(make_readings([row]))
    assert states(book) == [(50, 70, "IDLE"), (70, None, "RUNNING")]
    assert book.total("good_units") == 12
    assert book.rows == told(rows).rows


def test_a_late_reading_may_choose_another_way_of_counting() -> None:
    """19: the first reading that can serve, by event time."""
    rows = [at(10, total_good_units=0), at(20, total_good_units=5), at(0, production_count=7)]
    book = Book()
    for row in rows:
        book.take(make_readings([row]))
    assert book.carry.head["counts"].to_list() == ["production"]
    assert book.total("good_units") == 0


def test_a_late_reading_undoes_an_incident_and_an_anomaly() -> None:
    """Rows that no longer follow are deleted.

    #  t      0      10 (late)  20
    #  total  100    500        90 + 420
    """
    rows = [
        at(0, "RUNNING", total_good_units=100, seq=1),
        at(20, "ERROR", total_good_units=99, seq=2),
        at(20, "IDLE", total_good_units=100, seq=3),
    ]
    book = Book()
    book.take(make_readings(rows[:2]))
    assert len(book.table("incident")) == len(book.table("anomaly")) == 1
    book.take(make_readings(rows[2:]))
    assert book.table("incident") == []
    assert [row["outcome"] for row in book.table("anomaly")] == ["refuted"]
    assert book.rows == told(rows).rows


def test_a_reading_at_the_watermark_is_not_late() -> None:
    """0h: exactly allowed_lateness behind the head it is taken; a microsecond more and it waits."""
    book = Book()
    book.take(make_readings([at(0, "RUNNING"), at(60, "RUNNING"), at(130, "RUNNING")]))
    step = book.take(make_readings([at(10, "IDLE")]))
    assert (step.awaiting.height, step.late.height) == (0, 1)
    before = {name: dict(table) for name, table in book.rows.items()}
    step = book.take(make_readings([at(9.999999, "ERROR")]))
    assert (step.awaiting.height, step.late.height) == (1, 0)
    assert book.rows == before


def test_late_is_judged_by_each_machine_itself() -> None:
    """A machine whose clock is behind is not late for another's."""
    book = Book()
    book.take(make_readings([make_reading("fast", 1000, state="RUNNING")]))
    step = book.take(make_readings([make_reading("slow", 0, state="RUNNING")]))
    assert step.awaiting.is_empty()
    assert step.late.is_empty()


def test_one_batch_is_taken_whole() -> None:
    """What comes together is never late: the watermark is that of the head before the batch."""
    book = told([at(0, "RUNNING", good_units=1), at(1000, "IDLE")])
    assert book.steps[0].awaiting.is_empty()


def test_machines_do_not_touch_each_other() -> None:
    """The rows of two machines in one batch are those of each alone."""
    a = [make_reading("a", s, state="RUNNING", total_good_units=s) for s in (0, 90, 100)]
    b = [make_reading("b", s, state="ERROR", total_good_units=9 * s) for s in (5, 50, 300)]
    both, alone = told([*a, *b], now=300), [told(a, now=300), told(b, now=300)]
    for name, table in both.rows.items():
        assert table == {key: row for one in alone for key, row in one.rows[name].items()}


@pytest.mark.slow
def test_what_lies_behind_the_watermark_is_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    """The tail stays small, and late readings still find their place."""
    monkeypatch.setattr(tail, "_CHUNKS", 3)
    book, rows = Book(), []
    for second in range(0, 600, 5):
        state = ("RUNNING", "IDLE", "ERROR", None)[second // 5 % 4]
        row = at(second, state, total_good_units=second, seq=second)
        if second % 100 == 35:
            held = row
        else:
            book.take(make_readings([row]))
        if second > 100 and second % 100 == 45:
            book.take(make_readings([held]))
        if second % 100 != 35 or second > 100:
            rows.append(row)
    assert book.rows == told(rows).rows
    assert book.tail.rows < 80


def test_an_empty_batch_is_nothing() -> None:
    """Nothing known, nothing came."""
    book = Book()
    step = book.take(make_readings([]), us(0))
    assert step.carry.head.is_empty()
    assert not any(book.rows.values())


def test_the_carry_is_enough_to_go_on() -> None:
    """A step's changed slots name the machines whose head is another one."""
    book = Book()
    book.take(make_readings([make_reading("a", 0), make_reading("b", 0)]))
    step = book.take(make_readings([make_reading("b", 10)]))
    names = dict(step.carry.head.select("slot", "machine_id").iter_rows())
    assert [names[slot] for slot in step.changed.to_list()] == ["b"]
