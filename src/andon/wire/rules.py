"""What goes into the room: messages as received, and the rules they are read by."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import tzinfo
from typing import NamedTuple

from andon.errors import ConfigError
from andon.units import SECOND_US
from andon.wire.fields import BUILT_IN_MEASURES, measure_names
from andon.wire.topics import STATUS_TEMPLATE, TELEMETRY_TEMPLATE, check_template

MAX_ELEMENTS = 10_000
"""An array with more elements than this is refused as a whole (too_large)."""


class Message(NamedTuple):
    """One MQTT message as received; `received_us` in microseconds since 1970-01-01T00:00Z."""

    topic: str
    payload: bytes
    received_us: int
    retained: bool = False


@dataclass(frozen=True, slots=True)
class WireRules:
    """How messages are read. Sizes in bytes, `max_future_us` in microseconds.

    naive_timestamp: a timestamp without offset is plant time ("plant") or refused ("reject").
    timestamp: event time is the message's ("message") or the time of arrival ("arrival"); with
        arrival the field `timestamp` is not read and stays in `extra`.
    max_depth: nested brackets in one element, the element's own included.
    measures: every measure of the plan; those beyond the built-in ones get a column
        `<measure>_milli` from the unknown field of that name.
    Raises ConfigError where a value cannot be meant.
    """

    time_zone: tzinfo
    topic: str = TELEMETRY_TEMPLATE
    status_topic: str = STATUS_TEMPLATE
    max_bytes: int = 262_144
    max_depth: int = 32
    naive_timestamp: str = "reject"
    timestamp: str = "message"
    max_future_us: int = 30 * SECOND_US
    measures: tuple[str, ...] = BUILT_IN_MEASURES

    def __post_init__(self) -> None:
        check_template("mqtt.topic", self.topic)
        check_template("mqtt.status_topic", self.status_topic)
        measure_names(self.measures)
        if self.naive_timestamp not in ("plant", "reject"):
            raise ConfigError(
                f'wire.naive_timestamp is "{self.naive_timestamp}": use "plant" or "reject"'
            )
        if self.timestamp not in ("message", "arrival"):
            raise ConfigError(f'wire.timestamp is "{self.timestamp}": use "message" or "arrival"')
        for name in ("max_bytes", "max_depth"):
            if getattr(self, name) < 1:
                raise ConfigError(f"wire.{name} is {getattr(self, name)}: use 1 or more")

    @property
    def extra_measures(self) -> tuple[str, ...]:
        """Measures that are read from unknown fields into a column of their own."""
        return measure_names(self.measures)
