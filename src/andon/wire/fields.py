"""The one table of fields on the wire: name, kind, unit, meaning, column. docs/wire.md shows it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from typing import Annotated, Any

from msgspec import UNSET, Meta, Struct, UnsetType, defstruct

from andon.errors import ConfigError
from andon.model import MEASURE_SUFFIX, READINGS

BUILT_IN_MEASURES = ("temperature", "speed", "oee", "quality_score")
MAX_TEXT = 1024
"""Longest text of a field, in characters."""
INT64_MAX = 2**63 - 1
SAFE_MILLI = 9.2e15
"""Numbers up to this have thousandths well inside int64; the exact path judges larger ones."""


class FieldKind(StrEnum):
    """How a field is read."""

    TEXT = "text"
    BOOT = "text or integer"
    FLAG = "true or false"
    COUNT = "whole number >= 0"
    MILLI = "number"
    TIME = "time"


@dataclass(frozen=True, slots=True)
class Field:
    """One optional field: wire name, kind, unit, meaning and column of READINGS."""

    name: str
    kind: FieldKind
    unit: str
    doc: str
    column: str


def _text(name: str, doc: str, column: str | None = None) -> Field:
    return Field(name, FieldKind.TEXT, "", doc, column or name)


def _count(name: str, doc: str, unit: str = "units") -> Field:
    return Field(name, FieldKind.COUNT, unit, doc, name)


def _milli(name: str, unit: str, doc: str, column: str | None = None) -> Field:
    return Field(name, FieldKind.MILLI, unit, doc, (column or name) + MEASURE_SUFFIX)


def _time(name: str, doc: str) -> Field:
    return Field(name, FieldKind.TIME, "", doc, name)


def _flag(name: str, doc: str) -> Field:
    return Field(name, FieldKind.FLAG, "", doc, name)


FIELDS: tuple[Field, ...] = (
    _count("seq", "The machine's message number since boot.", "messages"),
    Field("boot_id", FieldKind.BOOT, "", "Names the machine's boot.", "boot_id"),
    _text("state", "RUNNING, IDLE, MAINTENANCE, ERROR or what the plant maps.", "state_raw"),
    _text("stop_reason", "Why the machine stands."),
    _flag("alarm", "The device's alarm flag."),
    _text("product_id", "Product being made."),
    _text("job_id", "Job being worked on; null or blank ends the job, absent keeps it."),
    _count("good_units", "Good units since the last message."),
    _count("scrap_units", "Scrap units since the last message."),
    _count("total_good_units", "Running total of good units."),
    _count("total_scrap_units", "Running total of scrap units."),
    _count("production_count", "Running total of produced units."),
    _text("scrap_reason", "Why the message's own scrap was scrapped."),
    _text("scrap_category", "Category of the reason: QUALITY, MATERIAL, ..."),
    _milli("temperature", "degC", "Temperature."),
    _milli("speed", "rpm", "Speed."),
    _milli("oee", "0 to 1", "OEE as the device reports it; andon computes its own."),
    _milli("quality_score", "0 to 1", "Quality score as the device reports it."),
    _text("operator_name", "Operator."),
    _text("shift", "Shift as the device reports it.", "reported_shift"),
    _text("location", "Location."),
    _text("firmware_version", "Firmware."),
    _milli("job_progress", "0 to 1", "Progress of the job."),
    _count("target_units", "Units the job asks for."),
    _count("produced_units", "Units of the job so far."),
    _time("order_start_time", "Start of the order."),
    _milli("elapsed_time_sec", "s", "Seconds since the order's start.", "elapsed_time"),
    _milli("scrap_rate", "0 to 1", "Scrap rate as the device reports it."),
    _count("error_count", "Running total of errors.", "errors"),
    _count("downtime_incidents", "Running total of incidents.", "incidents"),
    _time("last_maintenance", "Last maintenance."),
    _time("last_error_time", "Last error; an empty text is none."),
    _flag("simulated", "The machine is simulated; pages show a badge."),
)
"""Every optional field andon reads. `machine_id` and `timestamp` are the required ones."""

REQUIRED = ("machine_id", "timestamp")
KNOWN = frozenset((*REQUIRED, *(f.name for f in FIELDS)))
BY_NAME = {f.name: f for f in FIELDS}
POSITION = {name: i for i, name in enumerate((*REQUIRED, *(f.name for f in FIELDS)))}
"""Index of a wire name in a row: the tuple of the required fields and FIELDS, in order."""
TIME_FIELDS = tuple(f.name for f in FIELDS if f.kind is FieldKind.TIME)

_Text = Annotated[str, Meta(max_length=MAX_TEXT)]
_TYPES: dict[FieldKind, Any] = {
    FieldKind.TEXT: _Text,
    FieldKind.BOOT: _Text | Annotated[int, Meta(ge=-INT64_MAX, le=INT64_MAX)],
    FieldKind.FLAG: bool,
    FieldKind.COUNT: Annotated[int, Meta(ge=0, le=INT64_MAX)],
    FieldKind.MILLI: Annotated[float, Meta(ge=-SAFE_MILLI, le=SAFE_MILLI)],
    FieldKind.TIME: _Text | int | float,
}


def shape(name: str, *, closed: bool) -> type[Struct]:
    """A Struct of the required fields and FIELDS; UNSET where absent; closed: no other fields."""
    members: list[tuple[str, Any, Any]] = [
        ("machine_id", str, UNSET),
        ("timestamp", str | int, UNSET),
    ]
    members += [(f.name, _TYPES[f.kind] | None | UnsetType, UNSET) for f in FIELDS]
    return defstruct(name, members, gc=False, forbid_unknown_fields=closed)


@lru_cache(maxsize=16)
def measure_names(measures: tuple[str, ...]) -> tuple[str, ...]:
    """The measures that need a column of their own: those no known field brings already.

    Raises ConfigError where a name is a field that andon reads as something else.
    """
    extra = []
    for name in dict.fromkeys(measures):
        field = BY_NAME.get(name)
        if field is not None and field.kind is FieldKind.MILLI:
            continue
        if name in KNOWN or name + MEASURE_SUFFIX in READINGS.schema:
            raise ConfigError(
                f'measure "{name}": andon reads a field of that name itself; choose another'
            )
        extra.append(name)
    return tuple(extra)
