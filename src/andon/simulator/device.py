"""The controller of a machine: its boot, message numbers and counters; makes a message's fields.

Pure. The machine is what happens, the device is what says so: faults of the controller (a reboot
that loses its counters, a clock that is wrong) change the device and never the machine.
"""

from __future__ import annotations

from dataclasses import dataclass

from andon.simulator.fleet import Traits
from andon.simulator.machine import MeantRecord
from andon.simulator.shifts import PlantTime
from andon.units import SECOND_US

Fields = dict[str, object]


@dataclass(slots=True)
class DeviceState:
    """What a controller remembers: its boot, last message number, and where its totals began."""

    boot_id: str = ""
    seq: int = 0
    good_before: int = 0
    scrap_before: int = 0


class Device:
    """The controller of one machine."""

    def __init__(self, traits: Traits, clock: PlantTime, state: DeviceState | None = None) -> None:
        self.traits = traits
        self.state = state or DeviceState()
        self._clock = clock
        self._stamped: dict[int, str] = {}

    def boot(self, time_us: int) -> None:
        """Start again at time_us with the counters kept, as from retained memory."""
        self.state.boot_id = f"{self.traits.number:03d}-{time_us:x}"
        self.state.seq = 0

    def lose_counters(self, record: MeantRecord) -> None:
        """Count from zero: `record` is the first of which the pieces are counted again."""
        self.state.good_before = record.total_good_units - record.good_units
        self.state.scrap_before = record.total_scrap_units - record.scrap_units

    def fields(self, record: MeantRecord) -> Fields:
        """The next message: every field of the wire. Raises the message number by one."""
        me, clock = self.state, self._clock
        me.seq += 1
        good = record.total_good_units - me.good_before
        scrap = record.total_scrap_units - me.scrap_before
        target, produced, started = (
            record.target_units,
            record.produced_units,
            record.order_start_time,
        )
        elapsed = (record.time - started) // SECOND_US if started is not None else None
        progress = (
            min(round(produced / target, 4), 1.0) if target and produced is not None else None
        )
        return {
            "machine_id": record.machine_id,
            "timestamp": clock.stamp(record.time),
            "boot_id": me.boot_id,
            "seq": me.seq,
            "simulated": True,
            "state": record.state,
            "alarm": record.alarm,
            "temperature": record.temperature_milli / 1000,
            "speed": record.speed_milli / 1000,
            "oee": record.oee_milli / 1000,
            "quality_score": record.quality_score_milli / 1000,
            "good_units": record.good_units,
            "scrap_units": record.scrap_units,
            "scrap_reason": record.scrap_reason,
            "scrap_category": record.scrap_category,
            "scrap_rate": round(scrap / (good + scrap), 4) if good + scrap else 0.0,
            "total_good_units": good,
            "total_scrap_units": scrap,
            "production_count": good + scrap,
            "job_id": record.job_id,
            "job_progress": progress,
            "target_units": target,
            "produced_units": produced,
            "order_start_time": self._stamp(started),
            "elapsed_time_sec": elapsed,
            "operator_name": record.operator_name,
            "shift": record.shift,
            "location": self.traits.location,
            "firmware_version": self.traits.firmware_version,
            "error_count": record.error_count,
            "downtime_incidents": record.downtime_incidents,
            "last_error_time": self._stamp(record.last_error_time),
            "last_maintenance": self._stamp(record.last_maintenance),
        }

    def _stamp(self, us: int | None) -> str | None:
        """The stamp of an instant that many messages repeat."""
        if us is None:
            return None
        if us not in self._stamped:
            if len(self._stamped) >= 8:
                self._stamped.clear()
            self._stamped[us] = self._clock.stamp(us)
        return self._stamped[us]
