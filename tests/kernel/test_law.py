"""The law: rows and carry are a function of the set of readings, whatever their way here."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from andon.kernel import tail
from andon.plan import MachinePlan, Plan
from andon.testing import Book, make_readings
from andon.units import SECOND_US
from tests.kernel.disk import Disk
from tests.kernel.histories import Batch, Row, deliveries, histories, plans
from tests.kernel.story import at, death

EXAMPLES = 25
SOAK = 10 * EXAMPLES
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


def in_one_batch(rows: list[Row], plan: Plan, now: int) -> Book:
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


def check_law(rows: list[Row], batches: list[Batch], plan: Plan, now: int) -> None:
    """Also while what lies behind the watermark is dropped after every other batch."""
    wanted = contents(in_one_batch(rows, plan, now))
    with pytest.MonkeyPatch.context() as patch:
        if len(batches) % 2:
            patch.setattr(tail, "_CHUNKS", 2)
        found = contents(as_delivered(batches, plan, now))
    for name in wanted:
        assert found[name] == wanted[name], name


Case = tuple[list[Row], list[Batch], Plan, int]
"""Readings, how they come, the plan, and the clock at the end."""


@st.composite
def cases(draw: st.DrawFn) -> Case:
    rows = draw(histories().filter(bool))
    newest = max(int(row["time"]) for row in rows)
    now = newest + draw(st.sampled_from(AFTER_S)) * SECOND_US
    return rows, draw(deliveries(rows)), draw(plans()), now


def law(examples: int) -> settings:
    """Settings without chance: the same examples every time."""
    return settings(
        max_examples=examples,
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
    )


@pytest.mark.slow
@law(EXAMPLES)
@given(cases())
def test_any_order_any_batches_any_copies_any_crash(case: Case) -> None:
    """One batch in order, or late, torn, doubled and killed in between: the same rows."""
    check_law(*case)


@pytest.mark.soak
@pytest.mark.timeout(3600)
@law(SOAK)
@given(cases())
def test_the_same_for_longer(case: Case) -> None:
    """`pytest -m soak tests/kernel`: ten times as many."""
    check_law(*case)


# --- what the law has found ----------------------------------------------------------------------


def same_in_batches(*batches: list[dict[str, Any]], crash: bool = False) -> None:
    """The law over these batches, with the clock at the newest reading."""
    sent = [Batch(tuple(Row(row) for row in batch), clock=False, crash=crash) for batch in batches]
    rows = [row for batch in sent for row in batch.rows]
    now = max(row["time"] for row in rows)
    plan = Plan(default=MachinePlan(on_change=True))
    check_law(rows, sent, plan, now)


def test_a_gap_does_not_depend_on_where_a_batch_ends() -> None:
    """The number of boot a was kept within a batch, forgotten between two."""
    rows = [at(0, seq=1, boot_id="a"), at(10, boot_id="b"), at(20, seq=9, boot_id="a")]
    same_in_batches(*([row] for row in rows))


def test_two_deaths_of_a_boot_before_its_next_reading() -> None:
    """The head kept the newer one; the reading lies between them.

    #  t   0    5         50        100
    #      a----x|U-------a---------x
    """
    first, last = at(0, "RUNNING", boot_id="a"), at(50, boot_id="a")
    same_in_batches([first], [death(5, "a")], [death(100, "a")], [last])
    same_in_batches([first, death(5, "a"), death(100, "a")], [last], crash=True)


def test_the_old_boot_is_declared_dead_after_the_new_one() -> None:
    """The newest death was another boot's; the head's own was forgotten.

    #  t   0   4    5 (of b)  6 (of a)  60
    #      a---b----x---------x         b
    """
    rows = [at(0, "RUNNING", boot_id="a"), at(4, "IDLE", boot_id="b")]
    later = at(60, "RUNNING", boot_id="b")
    same_in_batches(rows, [death(5, "b")], [death(6, "a")], [later])
    same_in_batches([*rows, death(5, "b"), death(6, "a")], [later], crash=True)


def test_a_death_near_a_snapshot() -> None:
    """An older carry knew of one death only, and of one that came after it.

    #  t   0      58 (a)   59      65           400
    #      a------x--------a-------a------------a
    """
    rows = [at(0, "RUNNING", boot_id="a"), at(59, boot_id="a"), at(65, boot_id="a")]
    deaths = [death(58, "a"), death(57.5, "b"), death(300, "a")]
    late = at(399, "IDLE", boot_id="a")
    same_in_batches([*rows, *deaths], [at(400, boot_id="a")], [late], crash=True)


def test_a_death_told_twice_is_a_copy() -> None:
    """It lies after the head, where copies were not looked for."""
    book = Book()
    book.take(make_readings([at(0, "RUNNING", boot_id="a"), death(5, "a")]))
    step = book.take(make_readings([death(5, "a")]))
    assert (step.duplicates.height, step.seen.len()) == (1, 1)
