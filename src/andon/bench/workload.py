"""The work that is measured: recorded messages of five machines, multiplied to a fleet."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from functools import cached_property
from pathlib import Path

from andon.errors import DependencyMissing
from andon.plan import MachinePlan, Plan, Rate
from andon.wire import Message, WireRules, telemetry_topic

RECORDING = Path(__file__).parents[3] / "tests" / "data" / "seed-messages.jsonl"
"""925 messages of five machines over 185 s, in the repository only."""

MACHINES = 1_000
START = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
RATE = Rate("@1", Fraction(1_000_000))
PLAN = Plan(default=MachinePlan(rates=(RATE,)))
RULES = WireRules(UTC)


TOTALS = re.compile(
    rb'^(.*"total_good_units": )(\d+)(, "total_scrap_units": )(\d+)(.*)$', re.DOTALL
)


@dataclass(frozen=True, slots=True)
class Cut:
    """A recorded message cut where timestamp, machine and totals stand: the pieces between."""

    pieces: tuple[bytes, bytes, bytes, bytes, bytes]
    good: int
    scrap: int

    def joined(self, machine_id: str, at: str, more: tuple[int, int]) -> bytes:
        """The message as that machine sends it at that instant (ISO 8601).

        more: what is added to the totals of good and scrap.
        """
        a, b, c, d, e = self.pieces
        good, scrap = self.good + more[0], self.scrap + more[1]
        named = a, at.encode(), b, machine_id.encode(), c
        return b"%s%s%s%s%s%d%s%d%s" % (*named, good, d, scrap, e)


def cut(line: bytes) -> tuple[str, Cut]:
    """The machine that a recorded line is of, and its pieces."""
    message = json.loads(line)
    head, _, rest = line.partition(message["timestamp"].encode())
    middle, _, end = rest.partition(message["machine_id"].encode())
    found = TOTALS.match(end)
    assert found is not None  # every recorded message has both totals
    third, good, fourth, scrap, fifth = found.groups()
    pieces = (head, middle, third, fourth, fifth)
    return message["machine_id"], Cut(pieces, int(good), int(scrap))


@dataclass(frozen=True)
class Fleet:
    """`machines` machines that each play the recording of one of the recorded five."""

    machines: int = MACHINES
    recording: Path = RECORDING

    @cached_property
    def ids(self) -> tuple[str, ...]:
        """Names of the machines."""
        return tuple(f"BENCH_{number:05d}" for number in range(1, self.machines + 1))

    @cached_property
    def topics(self) -> tuple[str, ...]:
        """Topic of each machine."""
        return tuple(telemetry_topic(RULES.topic, machine_id) for machine_id in self.ids)

    @cached_property
    def cuts(self) -> Sequence[Sequence[Cut]]:
        """Per recorded machine its messages in order. Raises DependencyMissing."""
        by_machine: dict[str, list[Cut]] = {}
        if not self.recording.exists():
            raise DependencyMissing(
                f"{self.recording} is not there: run the benchmarks from a clone of the repository."
            )
        for line in self.recording.read_bytes().splitlines():
            machine_id, pieces = cut(line)
            by_machine.setdefault(machine_id, []).append(pieces)
        return list(by_machine.values())

    def message(self, machine: int, number: int, at: datetime) -> tuple[str, bytes]:
        """Topic and payload of a machine's `number`-th message.

        At its end the recording starts over, and its totals go on from where they were.
        """
        played = self.cuts[machine % len(self.cuts)]
        times, place = divmod(number, len(played))
        first, last = played[0], played[-1]
        more = times * (last.good - first.good), times * (last.scrap - first.scrap)
        payload = played[place].joined(self.ids[machine], at.isoformat(), more)
        return self.topics[machine], payload

    def second(self, number: int) -> Iterator[tuple[str, bytes]]:
        """One message of each machine, spread over the `number`-th second after START."""
        step = timedelta(microseconds=1_000_000 // self.machines)
        at = START + timedelta(seconds=number)
        for machine in range(self.machines):
            yield self.message(machine, number, at)
            at += step

    def messages(self, count: int) -> Iterator[tuple[str, bytes]]:
        """`count` messages, second by second, each machine once a second."""
        for number in range(-(-count // self.machines)):
            for machine, message in enumerate(self.second(number)):
                if number * self.machines + machine >= count:
                    return
                yield message

    def received(self, count: int) -> list[Message]:
        """The same as the wire takes them."""
        arrived = round(START.timestamp() * 1e6)
        return [
            Message(topic, payload, arrived + 1_000_000 * number // self.machines)
            for number, (topic, payload) in enumerate(self.messages(count))
        ]

    def plant_file(self) -> str:
        """An andon.toml that lists every machine with an ideal rate."""
        lines = ['[plant]\nsite = "Benchmark"\ntime_zone = "UTC"\n']
        lines += [f'[[machine]]\nid = "{name}"\ncycle_s = 1\n' for name in self.ids]
        return "\n".join(lines)
