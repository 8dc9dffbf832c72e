"""The common element in few steps: the row that `exact.judge` gives, or None, then ask that.

msgspec checks types, ranges and lengths. What it cannot tell is told by counting: an object names
nothing twice where its colons, less those inside times, are as many as the fields found (unless a
backslash hides one, a colon stands for itself; colons in other texts only raise the count).
"""

from __future__ import annotations

from typing import Any

import msgspec
from msgspec import UNSET
from msgspec.structs import astuple

from andon.wire import times
from andon.wire.exact import BLANK_TIME, Row
from andon.wire.fields import KNOWN, POSITION, SAFE_MILLI, TIME_FIELDS, shape
from andon.wire.rules import WireRules

_closed: Any = msgspec.json.Decoder(shape("ClosedFields", closed=True)).decode
_open: Any = msgspec.json.Decoder(shape("OpenFields", closed=False)).decode
_raws: Any = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
_any: Any = msgspec.json.Decoder().decode
_WIDTH = len(POSITION)
_TIMES = tuple(POSITION[name] for name in TIME_FIELDS)
_UNCLEAR = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)


class TimeTexts(dict[str, int | None]):
    """Optional times of a batch by their text: microseconds, BLANK_TIME, None if unreadable."""

    def __init__(self, rules: WireRules) -> None:
        super().__init__()
        self._zone = rules.time_zone

    def __missing__(self, text: str) -> int | None:
        moment = times.instant(text, self._zone) if text.strip() else BLANK_TIME
        self[text] = moment
        return moment


class FastReader:
    """Reads the elements of one batch under one set of rules; `texts` are the times it met."""

    def __init__(self, rules: WireRules) -> None:
        self.texts = TimeTexts(rules)
        self._zone = rules.time_zone if rules.naive_timestamp == "plant" else None
        self._max_future_us = rules.max_future_us
        self._max_depth = rules.max_depth
        self._measures = rules.extra_measures
        self._off = rules.timestamp == "arrival"

    def row(self, element: bytes, expected: str, received_us: int) -> Row | None:
        """The element's row, or None where only `exact.judge` can tell. Never raises on data."""
        if self._off or (b"\\" in element and (b"\\u0000" in element or b"\\u003" in element)):
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
        stamp = fields.timestamp
        if stamp.__class__ is str:
            moment = times.instant(stamp, self._zone, day=False)
        elif stamp.__class__ is int:
            moment = times.milliseconds(str(stamp)) if 0 <= stamp < 2**63 else None
        else:
            return None
        if (
            moment is None
            or moment > received_us + self._max_future_us
            or fields.machine_id != expected
        ):
            return None
        row = astuple(fields)
        if not self._distinct(row, element, extra):
            return None
        if extra is None and not self._measures:
            return moment, row, None, None, None
        return self._with_extra(moment, row, extra or {})

    def _distinct(
        self, row: tuple[Any, ...], element: bytes, extra: dict[str, bytes] | None
    ) -> bool:
        """Whether nothing is named twice and the optional times can be read, as texts."""
        texts = self.texts
        names = element.count(b":")
        stamp = row[1]
        if stamp.__class__ is str:
            names -= stamp.count(":")
        for position in _TIMES:
            value = row[position]
            if value.__class__ is str:
                if texts[value] is None:
                    return False
                names -= value.count(":")
            elif value is not UNSET and value is not None:
                return False
        found = _WIDTH - row.count(UNSET)
        if extra:
            found += len(extra)
            for raw in extra.values():
                names -= raw.count(b":")
        if names == found:
            return True
        others = [v for i, v in enumerate(row) if v.__class__ is str and i not in _TIMES]
        if stamp.__class__ is str:
            del others[1]
        return names - sum(v.count(":") for v in others) == found

    def _extra(self, element: bytes) -> dict[str, bytes] | None:
        """Raw texts of the members andon does not know; raises where one is no sound JSON."""
        if element.count(b"{") + element.count(b"[") > self._max_depth:
            return None
        extra = {n: bytes(raw) for n, raw in _raws(element).items() if n not in KNOWN}
        for raw in extra.values():
            _any(raw)
        return extra

    def _with_extra(self, moment: int, row: tuple[Any, ...], extra: dict[str, bytes]) -> Row | None:
        values: list[int | None] = []
        for name in self._measures:
            raw = extra.get(name)
            number = None if raw is None else _any(raw)
            if number is not None:
                if type(number) not in (int, float) or not abs(number) <= SAFE_MILLI:
                    return None
                number = round(float(number) * 1000.0)
            values.append(number)
        texts = {name: raw.decode() for name, raw in extra.items()}
        return moment, row, texts or None, None, tuple(values) or None
