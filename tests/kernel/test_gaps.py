"""Missing message numbers: a gap lies between two readings of one boot."""

from __future__ import annotations

from tests.kernel.conftest import Tell
from tests.kernel.story import at, us


def gaps(rows: list[dict[str, object]]) -> list[tuple[object, object, object]]:
    return [(row["boot_id"], row["first_seq"], row["last_seq"]) for row in rows]


def test_missing_numbers_are_a_gap(tell: Tell) -> None:
    """From the first to the last missing number, with the readings around them."""
    book = tell([at(0, seq=1), at(10, seq=2), at(20, seq=6)])
    assert gaps(book.table("gap")) == [(None, 3, 5)]
    assert (book.table("gap")[0]["after"], book.table("gap")[0]["time"]) == (us(10), us(20))


def test_numbers_in_a_row_are_no_gap(tell: Tell) -> None:
    """Nor is the first number, whatever it is: nothing was seen before it."""
    assert tell([at(0, seq=7), at(10, seq=8)]).table("gap") == []


def test_readings_without_a_number_do_not_hide_a_gap(tell: Tell) -> None:
    """The number before is the last one told in the boot."""
    assert gaps(tell([at(0, seq=1), at(10), at(20, seq=3)]).table("gap")) == [(None, 2, 2)]


def test_a_new_boot_begins_anew(tell: Tell) -> None:
    """What the old boot did not say is not missing in the new one."""
    rows = [at(0, seq=1, boot_id="a"), at(10, seq=5, boot_id="b"), at(20, seq=7)]
    assert gaps(tell(rows).table("gap")) == [("b", 6, 6)]


def test_a_boot_that_comes_back_begins_anew_too(tell: Tell) -> None:
    """A reading of another boot in between forgets the number, with or without one of its own."""
    rows = [at(0, seq=1, boot_id="a"), at(10, boot_id="b"), at(20, seq=9, boot_id="a")]
    assert tell(rows).table("gap") == []


def test_numbers_that_go_back_are_no_gap(tell: Tell) -> None:
    """A device whose clock was set back tells old numbers later: nothing is missing."""
    assert tell([at(0, seq=5), at(10, seq=3), at(20, seq=4)]).table("gap") == []


def test_at_one_instant_the_missing_number_comes_first(tell: Tell) -> None:
    """0d: order is time, then seq with a missing one first."""
    assert tell([at(0, seq=1), at(10, seq=3), at(10), at(10, seq=2)]).table("gap") == []
