"""What holds for every history, whatever it is: no oracle needed."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from andon.plan import MachinePlan, Plan, Rate
from andon.testing import T0, Book, make_reading, make_readings
from andon.units import MINUTE_US, SECOND_US, minute_of, minute_until
from tests.kernel.histories import Row, histories, plans
from tests.kernel.oee import figures, state_us

QUICK = settings(
    max_examples=25,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)


@st.composite
def books(draw: st.DrawFn) -> Book:
    """A history told in one batch, the clock at the newest reading or well after it."""
    rows: list[Row] = draw(histories().filter(bool))
    book = Book(draw(plans()))
    newest = max(row["time"] for row in rows)
    book.take(make_readings(rows), newest + draw(st.sampled_from((0, 1000))) * SECOND_US)
    return book


def machines(book: Book) -> list[Row]:
    return [Row(head) for head in book.carry.head.iter_rows(named=True)]


def of(book: Book, table: str, machine_id: str) -> list[Row]:
    """A machine's rows, by key."""
    return [Row(row) for row in book.table(table) if row["machine_id"] == machine_id]


@pytest.mark.slow
@QUICK
@given(books())
def test_what_holds_for_every_history(book: Book) -> None:
    """Each of these for each machine and minute."""
    for head in machines(book):
        state_times_sum_to_the_minute(book, head)
        intervals_leave_no_hole(book, head)
    scrap_events_sum_to_the_scrap_of_each_minute(book)
    for row in book.table("machine_minute"):
        assert row["produced_units"] == row["good_units"] + row["scrap_units"]
        assert row["produced_uncovered"] == row["good_uncovered"] + row["scrap_uncovered"]
        assert all(row[name] >= 0 for name in row if name.endswith("_us"))
    found = figures(book)
    assert 0 <= found.coverage <= 1
    if found.worst is not None and found.best is not None:
        assert found.worst <= found.best


def state_times_sum_to_the_minute(book: Book, head: Row) -> None:
    """60 s each; the first from the first reading, the newest to the newest (4)."""
    by_minute: dict[int, int] = {}
    for row in of(book, "machine_minute", head["machine_id"]):
        by_minute[row["minute"]] = by_minute.get(row["minute"], 0) + state_us(row)
    held_until = max(
        [head["time"]]
        + [
            row["end"]
            for row in of(book, "state_interval", head["machine_id"])
            if row["end"] is not None
        ]
    )
    for minute, found in by_minute.items():
        start, end = max(minute, head["first"]), min(minute + MINUTE_US, held_until)
        assert found == end - start, f"minute {minute}"
    for minute in range(minute_of(head["first"]), minute_of(held_until - 1), MINUTE_US):
        if minute not in by_minute:
            assert is_unknown(book, head["machine_id"], minute)


def is_unknown(book: Book, machine_id: str, minute: int) -> bool:
    """Whether a whole minute lies in UNKNOWN intervals."""
    return all(
        row["state"] == "UNKNOWN"
        for row in of(book, "state_interval", machine_id)
        if row["start"] < minute + MINUTE_US and (row["end"] is None or row["end"] > minute)
    )


def intervals_leave_no_hole(book: Book, head: Row) -> None:
    """Each begins where the one before ended; only the last is open; none is empty."""
    rows = sorted(of(book, "state_interval", head["machine_id"]), key=lambda row: int(row["start"]))
    assert rows[0]["start"] == head["first"]
    assert [row["prev_end"] for row in rows] == [None, *(row["end"] for row in rows[:-1])]
    assert [row["start"] for row in rows[1:]] == [row["end"] for row in rows[:-1]]
    assert rows[-1]["end"] is None
    assert all(row["end"] > row["start"] for row in rows[:-1])
    names = [(row["state"], row["state_raw"], row["stop_reason"]) for row in rows]
    assert all(a != b for a, b in pairwise(names))


def scrap_events_sum_to_the_scrap_of_each_minute(book: Book) -> None:
    """Hence for every range of whole minutes (23)."""
    units: dict[tuple[str, int], int] = {}
    first = {head["machine_id"]: head["first"] for head in machines(book)}
    for event in book.table("scrap_event"):
        begins = event["time"] == first[event["machine_id"]]
        minute = minute_of(event["time"]) if begins else minute_until(event["time"])
        key = (event["machine_id"], minute)
        units[key] = units.get(key, 0) + event["units"]
    booked: dict[tuple[str, int], int] = {}
    for row in book.table("machine_minute"):
        key = (row["machine_id"], row["minute"])
        booked[key] = booked.get(key, 0) + row["scrap_units"]
    assert {k: v for k, v in units.items() if v} == {k: v for k, v in booked.items() if v}


RISES = st.lists(
    st.tuples(st.sampled_from((1, 10, 60, 61, 300)), st.integers(0, 9), st.integers(0, 3)),
    min_size=1, max_size=40,
)  # fmt: skip
STATES = ("RUNNING", "IDLE", "MAINTENANCE", "ERROR", None)


@pytest.mark.slow
@QUICK
@given(RISES, st.lists(st.sampled_from(STATES), min_size=40, max_size=40))
def test_units_booked_are_the_change_of_the_totals(
    rises: list[tuple[int, int, int]], says: list[str | None]
) -> None:
    """Where totals only rise: whatever increments said in between, and no more is uncovered."""
    rows, second, good, scrap = [], 0, 100, 10
    for n, ((gap, more_good, more_scrap), state) in enumerate(zip(rises, says, strict=False)):
        second, good, scrap = second + gap, good + more_good, scrap + more_scrap
        ends = n in (0, len(rises) - 1)
        told: dict[str, object] = {"total_good_units": good, "total_scrap_units": scrap}
        if n % 3 and not ends:
            told = {"good_units": more_good, "scrap_units": more_scrap}
        rows.append(make_reading("m", second, state=state, **told))
    plan = Plan(default=MachinePlan(rates=(Rate("@1", Fraction(SECOND_US)),)))
    book = Book(plan)
    book.take(make_readings(rows), T0 + second * SECOND_US)
    first_good, first_scrap = 100 + rises[0][1], 10 + rises[0][2]
    assert book.total("good_units") == good - first_good
    assert book.total("scrap_units") == scrap - first_scrap
    for kind in ("good", "scrap", "produced"):
        assert 0 <= book.total(f"{kind}_uncovered") <= book.total(f"{kind}_units")
    assert book.total("good_in_unknown") <= book.total("good_uncovered")
    assert book.total("unknown_healed_us") <= figures(book).unknown_us
    assert book.table("anomaly") == []
