"""Plant time: stamps with the plant's offset, the shift and the operator of an instant. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from typing import NamedTuple
from zoneinfo import ZoneInfo

from andon.units import HOUR_US, MINUTE_US, SECOND_US, from_us

_NAIVE_EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001 # local wall time is formed by adding the offset
_QUARTER_US = 15 * MINUTE_US

OPERATORS = (
    "Alice Johnson",
    "Bob Smith",
    "Carol Davis",
    "David Wilson",
    "Eva Brown",
    "Frank Miller",
    "Grace Lee",
    "Henry Clark",
    "Irene Costa",
    "Jonas Weber",
    "Karin Novak",
    "Luca Rossi",
)


class Shift(NamedTuple):
    """A shift's name, and its number counted from 1970 so that each occurrence has its own."""

    name: str
    number: int


def shift_at(local_us: int) -> Shift:
    """The shift of a local wall time in microseconds: Morning from 6, Afternoon from 14, Night."""
    number = (local_us - 6 * HOUR_US) // (8 * HOUR_US)
    return Shift(("Morning", "Afternoon", "Night")[number % 3], number)


def operator_at(machine_number: int, shift: Shift) -> str:
    """Who works at a machine in a shift; another one in the next shift."""
    return OPERATORS[(machine_number * 5 + shift.number * 7) % len(OPERATORS)]


@dataclass(frozen=True)
class PlantTime:
    """Stamps and shifts in the plant's time zone. Instants are microseconds since 1970 (UTC)."""

    zone: ZoneInfo

    def stamp(self, us: int) -> str:
        """ISO 8601 with microseconds and the plant's offset; exact."""
        offset_us, suffix = _offset(self.zone, us // _QUARTER_US)
        local = _NAIVE_EPOCH + timedelta(microseconds=us + offset_us)
        return local.isoformat(timespec="microseconds") + suffix

    def job_stamp(self, us: int) -> str:
        """YYMMDD-HHMMSS of the plant's wall clock, for names."""
        offset_us, _ = _offset(self.zone, us // _QUARTER_US)
        return (_NAIVE_EPOCH + timedelta(microseconds=us + offset_us)).strftime("%y%m%d-%H%M%S")

    def shift(self, us: int) -> Shift:
        """The shift of an instant."""
        return shift_at(us + _offset(self.zone, us // _QUARTER_US)[0])


@lru_cache(maxsize=1024)
def _offset(zone: ZoneInfo, quarter: int) -> tuple[int, str]:
    """Offset from UTC in us and as +HH:MM, for a quarter of an hour; none changes within."""
    offset = from_us(quarter * _QUARTER_US).astimezone(zone).utcoffset() or timedelta()
    minutes = round(offset.total_seconds() / 60)
    sign = "-" if minutes < 0 else "+"
    return minutes * 60 * SECOND_US, f"{sign}{abs(minutes) // 60:02d}:{abs(minutes) % 60:02d}"
