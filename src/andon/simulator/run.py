"""The loop that keeps time: takes the stream as its instants come, publishes, keeps the ledger.

The only room of the simulator that knows the clock and the network. A message is in the ledger's
journal before it leaves, and marked as arrived only once the broker has acknowledged it.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from threading import Event
from typing import NamedTuple
from zoneinfo import ZoneInfo

from andon.mqtt import Publisher
from andon.simulator.faults import Transmission
from andon.simulator.ledger import Ledger
from andon.simulator.scenarios import Dose
from andon.simulator.stream import PlantOptions, Stream
from andon.units import SECOND_US, seconds_us
from andon.wire import telemetry_topic

log = logging.getLogger(__name__)

_TICK_S = 0.05
"""Instants closer than this are taken together; an event is at most so much late."""
_PIECE = 2_000
_MOST_PENDING = 20_000
_SETTLE_S = 0.5
_STANDSTILL_US = 600 * SECOND_US
"""After more than this without being able to work (a computer asleep, a broker away for long) the
plant is taken to have stood still instead of catching up."""
_GOODBYE_S = 5.0


@dataclass(frozen=True, slots=True)
class RunOptions:
    """What a run needs to know.

    topic: template with {machine_id}; duration_s, messages: stop after so much time or so many
    message instants of the whole plant (None: never).
    """

    machines: int
    interval_s: float
    seed: int
    zone: ZoneInfo
    faults: Mapping[str, Dose]
    topic: str
    mqtt_url: str
    ledger_dir: Path
    duration_s: float | None = None
    messages: int | None = None


class Progress(NamedTuple):
    """How far a run is: message instants, transmissions published and acknowledged, seconds
    behind the clock, and what is wrong with the broker ("" nothing).
    """

    instants: int
    published: int
    acknowledged: int
    behind_s: float
    problem: str


class Outcome(NamedTuple):
    """What a run came to: message instants, transmissions acknowledged, and not."""

    instants: int
    acknowledged: int
    unacknowledged: int


def run(
    options: RunOptions, stop: Event, report: Callable[[Progress], None] = lambda progress: None
) -> Outcome:
    """Simulate until `stop` is set or the options end it; `report` is called about once a second.

    A broker that is away is waited for. Raises StateDirError for the ledger.
    """
    with Ledger(options.ledger_dir) as ledger:
        runs, saved = ledger.remembered()
        ledger.remember(runs + 1, {}, finished=False)
        publisher = Publisher(
            options.mqtt_url, f"andon-simulator-{time.time_ns():x}", _MOST_PENDING
        )
        loop = _Loop(options, ledger, publisher.start(), Stream(_plant(options, runs), saved))
        try:
            loop.work(stop, report)
        finally:
            missing = loop.finish()
            ledger.remember(runs + 1, loop.stream.save(), finished=True)
        return Outcome(loop.instants, publisher.acknowledged, missing)


def _plant(options: RunOptions, runs: int) -> PlantOptions:
    return PlantOptions(
        machines=options.machines,
        seed=options.seed,
        start_us=_now_us(),
        interval_us=max(seconds_us(options.interval_s), options.machines),
        zone=options.zone,
        faults=options.faults,
        run=runs,
    )


def _now_us() -> int:
    return time.time_ns() // 1000


class _Loop:
    """One run: what is open at the broker, and the pace."""

    def __init__(
        self, options: RunOptions, ledger: Ledger, publisher: Publisher, stream: Stream
    ) -> None:
        self.stream = stream
        self.instants = 0
        self._options, self._ledger, self._publisher = options, ledger, publisher
        self._topics: dict[str, str] = {}
        self._open: dict[int, int] = {}
        self._settled = 0
        self._problem = ""
        self._start_us = stream.instant_us
        self._end_us: int | None = None
        if options.duration_s is not None:
            self._end_us = _now_us() + seconds_us(options.duration_s)

    def work(self, stop: Event, report: Callable[[Progress], None]) -> None:
        """Keep the pace until told to stop or done."""
        reported = settled = time.monotonic()
        while not stop.is_set() and not self._done():
            now_us = _now_us()
            if now_us - self.stream.instant_us > _STANDSTILL_US:
                log.warning("the plant stood still: it could not work for over 10 minutes")
                self.stream.skip_to(now_us)
            if self._room():
                self._take(now_us)
            else:
                self._publisher.wait_below(_MOST_PENDING // 2, 0.2)
            clock = time.monotonic()
            if clock - settled >= _SETTLE_S:
                settled = clock
                self._settle()
            if clock - reported >= 1.0:
                reported = clock
                self._say_problem()
                report(self.progress())
            self._sleep(stop)

    def finish(self) -> int:
        """Send what is held back, wait a little for the broker; returns how many it has not."""
        self._send(self.stream.rest(), publish=self._room())
        missing = self._publisher.close(_GOODBYE_S)
        self._settle()
        if missing:
            log.warning("%d messages were not acknowledged by the broker", missing)
        return missing

    def progress(self) -> Progress:
        """How far we are."""
        behind_us = max(_now_us() - self.stream.instant_us, 0)
        return Progress(
            self.instants,
            self._publisher.published,
            self._publisher.acknowledged,
            behind_us / SECOND_US,
            self._publisher.problem,
        )

    def _done(self) -> bool:
        wanted = self._options.messages
        if wanted is not None and self.instants >= wanted:
            return True
        return self._end_us is not None and self.stream.instant_us > self._end_us

    def _room(self) -> bool:
        """True while the publisher takes a whole piece without waiting."""
        return self._publisher.pending < _MOST_PENDING - 3 * _PIECE

    def _take(self, now_us: int) -> None:
        """Live up to now, at most one piece at a time, and publish it."""
        limit = _PIECE
        if self._options.messages is not None:
            limit = min(limit, self._options.messages - self.instants)
        until_us = now_us if self._end_us is None else min(now_us, self._end_us)
        tick = self.stream.advance(until_us, limit)
        self.instants += len(tick.meant)
        self._ledger.meant(tick.meant)
        self._send(tick.sent)

    def _send(self, messages: list[Transmission], publish: bool = True) -> None:
        """Enter transmissions in the ledger, then publish them."""
        outgoing: list[tuple[str, bytes]] = []
        numbers: list[int] = []
        for message in messages:
            topic = self._topic(message.machine_id)
            number = self._ledger.sent(message, topic)
            if not message.lost:
                outgoing.append((topic, message.payload))
                numbers.append(number)
        self._ledger.sync()
        if outgoing and publish:
            first = self._publisher.publish_many(outgoing) - len(outgoing) + 1
            self._open.update(zip(range(first, first + len(outgoing)), numbers, strict=True))

    def _topic(self, machine_id: str) -> str:
        topic = self._topics.get(machine_id)
        if topic is None:
            topic = self._topics[machine_id] = telemetry_topic(self._options.topic, machine_id)
        return topic

    def _settle(self) -> None:
        """Mark what the broker has acknowledged since."""
        if self._publisher.acknowledged == self._settled:
            return
        self._settled = self._publisher.acknowledged
        waiting = set(self._publisher.unacknowledged())
        arrived = [number for number in self._open if number not in waiting]
        self._ledger.acknowledged([self._open.pop(number) for number in arrived])
        self._ledger.sync()

    def _say_problem(self) -> None:
        if self._publisher.problem != self._problem:
            self._problem = self._publisher.problem
            log.warning("%s", self._problem or "the broker is back")

    def _sleep(self, stop: Event) -> None:
        """Until the next instant, a tick at least; at most until it is time to settle."""
        ahead_s = (self.stream.next_us - _now_us()) / SECOND_US
        if ahead_s <= -_TICK_S:
            return  # behind: no rest
        longest = _SETTLE_S if self._open else 1.0
        with suppress(InterruptedError):
            stop.wait(min(max(ahead_s, _TICK_S), longest))
