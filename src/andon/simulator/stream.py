"""The whole plant as a stream: machines, their devices and the faults, by event time. Pure.

The same seed, start and interval give the same bytes, however the time is cut into calls.
"""

from __future__ import annotations

import heapq
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from random import Random
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from andon.model import State
from andon.simulator.device import Device, DeviceState
from andon.simulator.faults import Faults, Transmission
from andon.simulator.fleet import Timetable, machine_id, traits
from andon.simulator.machine import Job, Machine, MachineState, MeantRecord
from andon.simulator.scenarios import Dose
from andon.simulator.shifts import PlantTime
from andon.wire import encode

Saved = dict[str, Any]


@dataclass(frozen=True, slots=True)
class PlantOptions:
    """What determines a stream. start_us: us since 1970; run: how often this plant ran before."""

    machines: int
    seed: int
    start_us: int
    interval_us: int
    zone: ZoneInfo
    faults: Mapping[str, Dose]
    run: int = 0


class Meant(NamedTuple):
    """A message instant: what the machine did, and the message made of it (None: none was)."""

    record: MeantRecord
    boot_id: str
    seq: int | None


class Tick(NamedTuple):
    """What a call to `advance` brought: instants by time, transmissions by time of sending."""

    meant: list[Meant]
    sent: list[Transmission]


class Stream:
    """The plant of some options; `saved` is what `save` gave at the end of an earlier run."""

    def __init__(self, options: PlantOptions, saved: Mapping[str, Saved] | None = None) -> None:
        self._clock = PlantTime(options.zone)
        self._faults = Faults(options.faults, options.seed, self._clock)
        self._times = Timetable(options.machines, options.start_us, options.interval_us)
        self._held: list[tuple[int, int, Transmission]] = []
        self._serial = 0
        self._machines: dict[int, tuple[Machine, Device]] = {}
        for number in range(1, options.machines + 1):
            self._machines[number] = self._build(
                options, number, (saved or {}).get(machine_id(number))
            )
            self._machines[number][1].boot(options.start_us)

    def _build(
        self, options: PlantOptions, number: int, saved: Saved | None
    ) -> tuple[Machine, Device]:
        born = traits(options.seed, number)
        dice = Random(f"{options.seed}/{number}/{options.run}")  # noqa: S311 # a simulation
        if saved is None:
            return Machine(born, self._clock, dice), Device(born, self._clock)
        machine = Machine(born, self._clock, dice, machine_state(saved["machine"]))
        return machine, Device(born, self._clock, DeviceState(**saved["device"]))

    @property
    def next_us(self) -> int:
        """When something happens next: an instant, or the sending of a message held back."""
        instant = self._times.next_us
        return min(instant, self._held[0][0]) if self._held else instant

    @property
    def instant_us(self) -> int:
        """The next message instant."""
        return self._times.next_us

    def advance(self, until_us: int, limit: int = 1_000_000) -> Tick:
        """Everything up to and at until_us; stops after `limit` message instants."""
        meant: list[Meant] = []
        last_us = until_us
        for time_us, number in self._times.until(until_us, limit):
            machine, device = self._machines[number]
            record = machine.step(time_us)
            if self._faults.speaks(device, record):
                payload = encode(device.fields(record))
                state = device.state
                meant.append(Meant(record, state.boot_id, state.seq))
                message = Transmission(
                    record.machine_id, payload, time_us, state.boot_id, state.seq, time_us
                )
                for one in self._faults.send(message):
                    self._hold(one)
            else:
                meant.append(Meant(record, device.state.boot_id, None))
        if len(meant) >= limit:
            last_us = meant[-1].record.time if meant else until_us
        return Tick(meant, self._release(last_us))

    def rest(self) -> list[Transmission]:
        """What is still held back, by time of sending; nothing is held afterwards."""
        return self._release(None)

    def skip_to(self, now_us: int) -> None:
        """The plant stood still until now_us: no instants, no pieces, each device boots anew."""
        self._times.skip_to(now_us)
        for machine, device in self._machines.values():
            machine.state.last_us = None
            device.boot(now_us)

    def save(self) -> dict[str, Saved]:
        """What each machine and device remembers, as JSON values, by machine_id."""
        return {
            machine.traits.machine_id: {
                "machine": asdict(machine.state),
                "device": asdict(device.state),
            }
            for machine, device in self._machines.values()
        }

    def _hold(self, message: Transmission) -> None:
        self._serial += 1
        heapq.heappush(self._held, (message.send_us, self._serial, message))

    def _release(self, until_us: int | None) -> list[Transmission]:
        out = []
        while self._held and (until_us is None or self._held[0][0] <= until_us):
            out.append(heapq.heappop(self._held)[2])
        return out


def machine_state(saved: Saved) -> MachineState:
    """A machine's memory from its saved form; no time has passed for it since."""
    known = {field.name for field in fields(MachineState)}
    values = {name: value for name, value in saved.items() if name in known}
    job = values.get("job")
    values |= {
        "state": State(values["state"]),
        "job": Job(**job) if job else None,
        "last_us": None,
    }
    return MachineState(**values)
