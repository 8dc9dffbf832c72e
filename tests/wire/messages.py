"""Messages for the wire's tests: one machine, one arrival time, fields by keyword."""

from __future__ import annotations

import json
from typing import Any
from zoneinfo import ZoneInfo

import polars as pl

from andon.units import SECOND_US
from andon.wire import Decoded, Message, Rejected, WireRules, decode

ROME = ZoneInfo("Europe/Rome")
RULES = WireRules(ROME, naive_timestamp="plant")
NOW_US = 1_795_434_801_000_000
"""2026-11-23T11:53:21Z, when every test message arrives."""
STAMP = "2026-11-23T12:53:20.5+01:00"
STAMP_US = NOW_US - SECOND_US // 2
TOPIC = "factory/machines/M1/telemetry"
STATUS = "factory/machines/M1/status"


def message(payload: bytes | str, topic: str = TOPIC, *, retained: bool = False) -> Message:
    """A message as received at NOW_US."""
    data = payload if isinstance(payload, bytes) else payload.encode()
    return Message(topic, data, NOW_US, retained)


def text(**fields: Any) -> str:
    """The payload of M1 at STAMP with these fields; None is null."""
    return json.dumps({"machine_id": "M1", "timestamp": STAMP, **fields})


def with_raw(**raws: str) -> str:
    """The payload of M1 at STAMP with fields given as raw JSON text."""
    return text()[:-1] + "".join(f', "{k}": {v}' for k, v in raws.items()) + "}"


def both(messages: list[Message], rules: WireRules = RULES) -> Decoded:
    """Decode on both paths, which must agree."""
    fast, exact = decode(messages, rules), decode(messages, rules, exact=True)
    assert fast.readings.equals(exact.readings, null_equal=True)
    assert fast.readings.schema == exact.readings.schema
    assert fast.rejected == exact.rejected
    assert fast.set_aside == exact.set_aside
    assert fast.empty_times == exact.empty_times
    assert fast.ignored == exact.ignored
    origins = [fast.origin(i) for i in range(fast.readings.height)]
    assert origins == [exact.origin(i) for i in range(exact.readings.height)]
    return fast


def one(payload: bytes | str, rules: WireRules = RULES, topic: str = TOPIC) -> dict[str, Any]:
    """The only reading of a payload, as a row."""
    found = both([message(payload, topic)], rules)
    assert found.rejected == []
    return found.readings.row(0, named=True)


def refused(payload: bytes | str, rules: WireRules = RULES, topic: str = TOPIC) -> Rejected:
    """The only refusal of a payload."""
    found = both([message(payload, topic)], rules)
    assert found.readings.height == 0
    (rejected,) = found.rejected
    return rejected


def column(frame: pl.DataFrame, name: str) -> list[Any]:
    """A column as a list."""
    return frame[name].to_list()
