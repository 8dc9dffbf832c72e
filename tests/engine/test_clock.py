"""The clock that confirms silence (DESIGN: `now`)."""

from __future__ import annotations

from andon.engine.clock import Clock
from andon.units import SECOND_US

S = SECOND_US
T = 1_800_000_000 * S


def clock(now: int | None = None) -> Clock:
    """transit 2 s, max_gap 60 s."""
    return Clock(2 * S, 60 * S, now)


def test_drained_it_is_the_receive_clock_less_transit() -> None:
    c = clock()
    c.received(T, limited=False)
    c.seen(T - S)
    assert c.at(T + S) == T - S


def test_in_a_backlog_it_is_the_newest_event_time() -> None:
    """The newest event is an hour old: nothing that the receive clock says confirms silence."""
    c = clock()
    c.received(T, limited=True)
    c.seen(T - 3600 * S)
    assert c.at(T) == T - 3600 * S


def test_a_batch_at_its_limit_means_backlog_for_two_seconds() -> None:
    c = clock()
    c.received(T, limited=True)
    c.seen(T - S)
    assert c.at(T + S) == T - S
    assert c.at(T + 3 * S) == T + S


def test_when_nothing_has_come_for_max_gap_it_is_drained() -> None:
    c = clock()
    c.received(T, limited=True)
    c.seen(T - 3600 * S)
    assert c.at(T + 60 * S) == T - 3600 * S
    assert c.at(T + 61 * S) == T + 59 * S


def test_it_never_decreases_and_goes_on_after_a_restart() -> None:
    c = clock(now=T)
    c.received(T + S, limited=True)
    c.seen(T - 3600 * S)
    assert c.at(T + S) == T


def test_before_the_first_reading_it_is_the_receive_clock() -> None:
    assert clock().at(T) == T - 2 * S
