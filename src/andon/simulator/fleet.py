"""Who the simulated machines are and when each of them speaks. Pure."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass

IDEAL_UNITS_PER_MINUTE = (60, 48, 75, 40, 30)
"""Ideal rates of MACHINE_001 to MACHINE_005; machine 6 is like machine 1, and so on."""

_NOMINAL_RPM = (1000.0, 950.0, 1200.0, 800.0, 1100.0)
_NOMINAL_TEMPERATURE_C = (58.0, 52.0, 64.0, 46.0, 61.0)
_GOLDEN = 0.6180339887498949
_FIRMWARE = ("v2.1.3", "v2.1.3", "v2.2.0")


def ideal(machine_number: int) -> int:
    """Ideal rate of a machine, units per minute; machines count from 1."""
    return IDEAL_UNITS_PER_MINUTE[(machine_number - 1) % len(IDEAL_UNITS_PER_MINUTE)]


def machine_id(machine_number: int) -> str:
    """MACHINE_001 and so on."""
    return f"MACHINE_{machine_number:03d}"


@dataclass(frozen=True, slots=True)
class Traits:
    """What a machine is from the day it was built.

    pace: share of the ideal rate at which it usually runs; nominal_rpm: speed at the ideal rate;
    nominal_c: temperature at work, degrees Celsius.
    """

    number: int
    machine_id: str
    location: str
    firmware_version: str
    units_per_minute: int
    pace: float
    nominal_rpm: float
    nominal_c: float


def traits(seed: int, number: int) -> Traits:
    """The traits of machine `number` in the plant of `seed`."""
    dice = random.Random(f"{seed}/{number}/traits")  # noqa: S311 # a simulation
    kind = (number - 1) % len(IDEAL_UNITS_PER_MINUTE)
    floor = "ABCDEFGH"[(number - 1) // 10 % 8]
    return Traits(
        number=number,
        machine_id=machine_id(number),
        location=f"Factory Floor {floor} - Line {(number - 1) % 10 + 1}",
        firmware_version=dice.choice(_FIRMWARE),
        units_per_minute=IDEAL_UNITS_PER_MINUTE[kind],
        pace=dice.uniform(0.82, 0.96),
        nominal_rpm=_NOMINAL_RPM[kind],
        nominal_c=_NOMINAL_TEMPERATURE_C[kind] + dice.uniform(-3.0, 3.0),
    )


def phase_us(number: int, interval_us: int) -> int:
    """Where in the interval a machine speaks: spread evenly, whatever the size of the fleet."""
    return int(number * _GOLDEN % 1.0 * interval_us)


class Timetable:
    """The message instants of a fleet, in order of time.

    Machine k speaks at start + phase(k) + n * interval for n = 0, 1, 2, ...
    """

    def __init__(self, machines: int, start_us: int, interval_us: int) -> None:
        self._interval_us = interval_us
        order = sorted((phase_us(number, interval_us), number) for number in range(1, machines + 1))
        self._order = order
        self._round_us = start_us
        self._place = 0

    @property
    def next_us(self) -> int:
        """The next message instant."""
        return self._round_us + self._order[self._place][0]

    def until(self, end_us: int, limit: int) -> Iterator[tuple[int, int]]:
        """(instant, machine number) of the instants up to and at end_us, at most `limit`."""
        while limit > 0 and (instant := self.next_us) <= end_us:
            limit -= 1
            number = self._order[self._place][1]
            self._place += 1
            if self._place == len(self._order):
                self._place = 0
                self._round_us += self._interval_us
            yield instant, number

    def skip_to(self, now_us: int) -> None:
        """Leave out what lies before now_us, keeping the rhythm."""
        behind = now_us - self._round_us
        self._round_us += max(0, -(-behind // self._interval_us)) * self._interval_us
        self._place = 0
