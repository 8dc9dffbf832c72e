"""The common element in few steps. It gives the row that `exact.judge` gives, or None: ask that.

msgspec checks types, ranges and lengths. What it cannot tell is told apart by counting: an object
names nothing twice where its colons, less those inside times, are as many as the fields found (in
texts without a backslash a colon stands for itself; colons in other texts only raise the count).
"""

from __future__ import annotations

from typing import Any

import msgspec
from msgspec import UNSET
from msgspec.structs import astuple

from andon.wire import times
from andon.wire.exact import BLANK_TIME, Row
from andon.wire.fields import KNOWN, POSITION, SAFE_MILLI, shape
from andon.wire.rules import WireRules

_closed: Any = msgspec.json.Decoder(shape("ClosedFields", closed=True)).decode
_open: Any = msgspec.json.Decoder(shape("OpenFields", closed=False)).decode
_raws: Any = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
_any: Any = msgspec.json.Decoder().decode
_WIDTH = len(POSITION)
_UNCLEAR = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)


class _Times(dict[Any, int | None]):
    """Optional times read before in this batch: microseconds, BLANK_TIME, or None if unreadable."""

    def __init__(self, rules: WireRules) -> None:
        super().__init__()
        self._zone = rules.time_zone

    def __missing__(self, value: str | int) -> int | None:
        if type(value) is int:
            moment = times.milliseconds(str(value)) if abs(value) < 2**63 else None
        else:
            text = str(value)
            moment = times.instant(text, self._zone) if text.strip() else BLANK_TIME
        self[value] = moment
        return moment


class FastReader:
    """Reads the elements of one batch under one set of rules."""

    def __init__(self, rules: WireRules) -> None:
        self._zone = rules.time_zone if rules.naive_timestamp == "plant" else None
        self._max_future_us = rules.max_future_us
        self._max_depth = rules.max_depth
        self._measures = rules.extra_measures
        self._times = _Times(rules)
        self._off = rules.timestamp == "arrival"

    def row(self, element: bytes, expected: str, received_us: int) -> Row | None:
        """The element's row, or None where only `exact.judge` can tell. Never raises on data."""
        if self._off:
            return None
        if b"\\" in element and (b"\\u0000" in element or b"\\u003" in element):
            return None
        extra: dict[str, bytes] | None = None
        try:
            fields = _closed(element)
        except msgspec.ValidationError:
            try:
                fields = _open(element)
                extra = self._extra(element)
            except _UNCLEAR:
                return None
            if extra is None:
                return None
        except _UNCLEAR:
            return None
        return self._checked(fields, extra, element, expected, received_us)

    def _checked(
        self,
        fields: Any,
        extra: dict[str, bytes] | None,
        element: bytes,
        expected: str,
        received_us: int,
    ) -> Row | None:
        stamp = fields.timestamp
        if fields.machine_id != expected or stamp is UNSET:
            return None
        found = _WIDTH - astuple(fields).count(UNSET)
        colons = element.count(b":")
        if stamp.__class__ is str:
            colons -= stamp.count(":")
            moment = times.instant(stamp, self._zone) if times.has_clock(stamp) else None
        else:
            moment = self._times[stamp]
        if moment is None or moment > received_us + self._max_future_us:
            return None
        fields.timestamp = moment
        for name in ("order_start_time", "last_maintenance", "last_error_time"):
            value = getattr(fields, name)
            if value is UNSET or value is None:
                continue
            if value.__class__ is str:
                colons -= value.count(":")
            elif value.__class__ is float:
                return None
            moment = self._times[value]
            if moment is None:
                return None
            setattr(fields, name, moment)
        row = astuple(fields)
        if extra is not None:
            found += len(extra)
            colons -= sum(raw.count(b":") for raw in extra.values())
        if colons != found:
            colons -= sum(v.count(":") for v in row if v.__class__ is str)
            if colons != found:
                return None
        measures = None
        if self._measures:
            measures = self._measured(extra or {})
            if measures is None:
                return None
        return Row(row, None if extra is None else _texts(extra), None, measures)

    def _extra(self, element: bytes) -> dict[str, bytes] | None:
        """Raw text of the members andon does not know, each checked to be sound JSON."""
        if element.count(b"{") + element.count(b"[") > self._max_depth:
            return None
        extra = {}
        for name, raw in _raws(element).items():
            if name not in KNOWN:
                extra[name] = bytes(raw)
                _any(raw)
        return extra

    def _measured(self, extra: dict[str, bytes]) -> tuple[int | None, ...] | None:
        values: list[int | None] = []
        for name in self._measures:
            raw = extra.get(name)
            number = None if raw is None else _any(raw)
            if number is not None:
                if type(number) not in (int, float) or not abs(number) <= SAFE_MILLI:
                    return None
                number = round(float(number) * 1000.0)
            values.append(number)
        return tuple(values)


def _texts(extra: dict[str, bytes]) -> dict[str, str]:
    return {name: raw.decode() for name, raw in extra.items()}
