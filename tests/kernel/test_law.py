"""The law: rows and carry are a function of the set of readings, whatever their way here."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from andon.plan import Plan
from andon.testing import Book, make_readings
from andon.units import SECOND_US
from tests.kernel.disk import Disk
from tests.kernel.histories import Batch, deliveries, histories, plans

EXAMPLES = 60
RULES = {
    "deadline": None,
    "derandomize": True,
    "database": None,
    "suppress_health_check": [HealthCheck.too_slow, HealthCheck.data_too_large],
}
AFTER_S = (0, 30, 60, 61, 1000)
"""How long after the newest reading the clock stands at the end."""


def contents(book: Book) -> dict[str, Any]:
    """All rows and the carry, with machines by name: what the law speaks of."""
    names = dict(book.carry.head.select("slot", "machine_id").iter_rows())
    found: dict[str, Any] = {name: book.table(name) for name in sorted(book.rows)}
    for name in ("head", "minutes", "measures"):
        rows = getattr(book.carry, name).to_dicts()
        found[name] = sorted(
            ({**row, "slot": names[row["slot"]]} for row in rows), key=lambda row: repr(row)
        )
    return found


def in_one_batch(rows: list[dict[str, Any]], plan: Plan, now: int) -> Book:
    book = Book(plan)
    book.take(make_readings(rows), now)
    return book


def as_delivered(batches: list[Batch], plan: Plan, now: int) -> Book:
    """The same readings by another way."""
    book, disk = Book(plan), Disk()
    newest = 0
    for batch in batches:
        newest = max([newest, *(row["time"] for row in batch.rows)])
        step = book.take(make_readings(batch.rows), min(newest, now) if batch.clock else None)
        assert step.awaiting.is_empty(), "later than allowed: no case for this law"
        disk.write(batch.rows, step)
        if batch.crash:
            disk.recover(book)
    book.take(make_readings([]), now)
    return book


def check_law(rows: list[dict[str, Any]], batches: list[Batch], plan: Plan, now: int) -> None:
    wanted = contents(in_one_batch(rows, plan, now))
    found = contents(as_delivered(batches, plan, now))
    for name in wanted:
        assert found[name] == wanted[name], name


@st.composite
def cases(draw: st.DrawFn) -> tuple[list[dict[str, Any]], list[Batch], Plan, int]:
    rows = draw(histories().filter(bool))
    newest = max(row["time"] for row in rows)
    now = newest + draw(st.sampled_from(AFTER_S)) * SECOND_US
    return rows, draw(deliveries(rows)), draw(plans()), now


@pytest.mark.slow
@settings(max_examples=EXAMPLES, **RULES)
@given(cases())
def test_any_order_any_batches_any_copies_any_crash(
    case: tuple[list[dict[str, Any]], list[Batch], Plan, int],
) -> None:
    """One batch in order, or late, torn, doubled and killed in between: the same rows."""
    check_law(*case)
