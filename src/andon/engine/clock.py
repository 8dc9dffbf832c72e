"""The kernel's `now`: it confirms silence, never decreases, and never runs ahead of a backlog."""

from __future__ import annotations

from dataclasses import dataclass

from andon.units import SECOND_US

DRAINED_AFTER_US = 2 * SECOND_US


@dataclass(slots=True)
class Clock:
    """While there is a backlog `now` is the newest event time received; drained, the receive clock.

    Drained: no batch hit a limit for 2 s and the newest event time is within max_gap of the
    receive clock, or nothing arrived for max_gap. Then `now` is the receive clock - transit.
    All in microseconds.
    """

    transit_us: int
    max_gap_us: int
    now: int | None = None
    newest: int | None = None
    last_arrival: int | None = None
    limited_at: int | None = None

    def received(self, receive_us: int, limited: bool) -> None:
        """A batch has arrived; `limited` if it hit a limit, so that more may wait."""
        self.last_arrival = receive_us
        if limited:
            self.limited_at = receive_us

    def seen(self, event_us: int | None) -> None:
        """The newest event time known after a batch."""
        if event_us is not None:
            self.newest = max(self.newest or event_us, event_us)

    def at(self, receive_us: int) -> int | None:
        """`now` for a batch or tick at this receive time."""
        candidate = receive_us - self.transit_us if self._drained(receive_us) else self.newest
        if candidate is not None:
            self.now = max(self.now or candidate, candidate)
        return self.now

    def _drained(self, receive_us: int) -> bool:
        if self.last_arrival is None or receive_us - self.last_arrival > self.max_gap_us:
            return True
        if self.limited_at is not None and receive_us - self.limited_at < DRAINED_AFTER_US:
            return False
        return self.newest is not None and abs(receive_us - self.newest) <= self.max_gap_us
