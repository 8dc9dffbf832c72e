"""What goes wrong between a machine and the broker: one pure class per fault.

A device fault strikes the controller before a message is made; a path fault strikes the message
on its way. Each has its own dice, so switching one on leaves the others' chances alone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from random import Random
from typing import NamedTuple, Protocol

from andon.simulator import scenarios
from andon.simulator.device import Device
from andon.simulator.machine import MeantRecord
from andon.simulator.poison import Source, poison
from andon.simulator.scenarios import Dose
from andon.simulator.shifts import PlantTime
from andon.units import DAY_US, seconds_us


class Transmission(NamedTuple):
    """One message on its way.

    machine_id: of the topic; time: event time, us; send_us: when it leaves, us; copy: 0 for the
    first, 1 for a second sending of the same bytes; fault: what struck it, "" for nothing.
    """

    machine_id: str
    payload: bytes
    time: int
    boot_id: str
    seq: int
    send_us: int
    fault: str = ""
    lost: bool = False
    copy: int = 0


class DeviceFault(Protocol):
    """Strikes the controller."""

    def speaks(self, device: Device, record: MeantRecord) -> bool:
        """Called before each message, may change the device. False: it makes no message now."""


class PathFault(Protocol):
    """Strikes a message on its way."""

    def apply(self, message: Transmission) -> Sequence[Transmission]:
        """What becomes of a message that is not lost: itself, changed, or with others beside it."""


class Reboot:
    """The controller is off for 2 s to `longest`, then starts a new boot with counters at zero."""

    def __init__(self, dose: Dose, dice: Random) -> None:
        self._rate, self._dice = dose.rate, dice
        self._longest_s = dose.seconds or 20.0
        self._until: dict[str, int] = {}

    def speaks(self, device: Device, record: MeantRecord) -> bool:
        """False while the controller is off; the first time after that it has a new boot."""
        until = self._until.get(record.machine_id)
        if until is None:
            if self._dice.random() >= self._rate:
                return True
            off_s = self._dice.uniform(min(2.0, self._longest_s), self._longest_s)
            self._until[record.machine_id] = record.time + seconds_us(off_s)
            return False
        if record.time < until:
            return False
        del self._until[record.machine_id]
        device.boot(record.time)
        device.lose_counters(record)
        return True


class Silence:
    """All of a machine's messages are lost for 90 s to `longest`; the machine goes on."""

    def __init__(self, dose: Dose, dice: Random) -> None:
        self._rate, self._dice = dose.rate, dice
        self._longest_s = dose.seconds or 300.0
        self._until: dict[str, int] = {}

    def apply(self, message: Transmission) -> Sequence[Transmission]:
        """Lost while silent; counters catch up afterwards because totals run on."""
        if message.send_us < self._until.get(message.machine_id, 0):
            return (message._replace(lost=True, fault="silence"),)
        if self._dice.random() >= self._rate:
            return (message,)
        quiet_s = self._dice.uniform(min(90.0, self._longest_s), self._longest_s)
        self._until[message.machine_id] = message.send_us + seconds_us(quiet_s)
        return (message._replace(lost=True, fault="silence"),)


class Loss:
    """A message is never sent; `seq` shows the hole and the totals heal it."""

    def __init__(self, dose: Dose, dice: Random) -> None:
        self._rate, self._dice = dose.rate, dice

    def apply(self, message: Transmission) -> Sequence[Transmission]:
        """Lost, or as it was."""
        if self._dice.random() >= self._rate:
            return (message,)
        return (message._replace(lost=True, fault="loss"),)


class Disorder:
    """A message is held back for up to `longest` seconds: later ones overtake it."""

    def __init__(self, dose: Dose, dice: Random) -> None:
        self._rate, self._dice = dose.rate, dice
        self._longest_s = dose.seconds or 60.0

    def apply(self, message: Transmission) -> Sequence[Transmission]:
        """Later, or as it was."""
        if self._dice.random() >= self._rate:
            return (message,)
        held_us = seconds_us(self._dice.uniform(0.0, self._longest_s))
        return (message._replace(send_us=message.send_us + held_us, fault="disorder"),)


class Duplicates:
    """The same bytes are sent once more: half of them at once, half up to `longest` later."""

    def __init__(self, dose: Dose, dice: Random) -> None:
        self._rate, self._dice = dose.rate, dice
        self._longest_s = dose.seconds or 30.0

    def apply(self, message: Transmission) -> Sequence[Transmission]:
        """The message, and perhaps its copy."""
        if self._dice.random() >= self._rate:
            return (message,)
        later_s = self._dice.uniform(0.0, self._longest_s) if self._dice.random() < 0.5 else 0.0
        send_us = message.send_us + seconds_us(later_s)
        return (message, message._replace(send_us=send_us, fault="duplicates", copy=1))


class Poison:
    """Beside a message comes one that nobody can read; the message itself is untouched."""

    def __init__(self, dose: Dose, dice: Random, clock: PlantTime) -> None:
        self._rate, self._dice, self._clock = dose.rate, dice, clock

    def apply(self, message: Transmission) -> Sequence[Transmission]:
        """The message, and perhaps poison right after it."""
        if message.copy or self._dice.random() >= self._rate:
            return (message,)
        source = Source(
            machine_id=message.machine_id,
            neighbour_id=f"{message.machine_id}_NEXT",
            payload=message.payload,
            stamp=self._clock.stamp(message.time),
            tomorrow=self._clock.stamp(message.time + DAY_US),
            seq=message.seq,
        )
        made = poison(source, self._dice)
        bad = message._replace(
            machine_id=made.machine_id, payload=made.payload, fault=f"poison:{made.kind}"
        )
        return (message, bad)


class Faults:
    """The faults of a run, in the order in which a message meets them."""

    def __init__(self, doses: Mapping[str, Dose], seed: int, clock: PlantTime) -> None:
        def dice(name: str) -> Random:
            return Random(f"{seed}/{name}")  # noqa: S311 # a simulation

        unknown = set(doses) - set(scenarios.FAULTS)
        if unknown:
            raise ValueError(f"no such fault: {', '.join(sorted(unknown))}")
        reboot = doses.get("reboot")
        self._device: list[DeviceFault] = [Reboot(reboot, dice("reboot"))] if reboot else []
        path: dict[str, PathFault] = {
            name: kind(doses[name], dice(name))
            for name, kind in (
                ("silence", Silence),
                ("loss", Loss),
                ("disorder", Disorder),
                ("duplicates", Duplicates),
            )
            if name in doses
        }
        if "poison" in doses:
            path["poison"] = Poison(doses["poison"], dice("poison"), clock)
        self._path = tuple(path.values())

    def speaks(self, device: Device, record: MeantRecord) -> bool:
        """Let the device faults strike. False: no message is made at this instant."""
        return all(fault.speaks(device, record) for fault in self._device)

    def send(self, message: Transmission) -> list[Transmission]:
        """What becomes of a message: the transmissions that the ledger records."""
        messages = [message]
        for fault in self._path:
            if len(messages) == 1 and not messages[0].lost:
                messages = list(fault.apply(messages[0]))
            else:
                messages = [
                    m for one in messages for m in ((one,) if one.lost else fault.apply(one))
                ]
        return messages
