"""One element judged exactly: it is a row, or it is refused for a reason. The fast path answers to this.

Order of judgement: text, depth, JSON, object, repeated names, machine_id, timestamp, future. The
first that fails is the reason. An optional field never refuses; what cannot be read is set aside.
"""

from __future__ import annotations

import json
import re
from typing import Any, NamedTuple

import msgspec

from andon.wire import times
from andon.wire.fields import FIELDS, INT64_MAX, KNOWN, MAX_TEXT, FieldKind
from andon.wire.reject import Reason, printable
from andon.wire.rules import WireRules
from andon.wire.scan import Member, NotJson, Number, members, too_deep, unsound

BLANK_TIME = -1
"""Stands for an empty time text in a row (no time is negative); becomes null, and is counted."""

MACHINE_ID = re.compile(r"[^/+#\x00-\x1f\x7f-\x9f]{1,64}").fullmatch
_WHOLE = re.compile(r"-?\d{1,1024}", re.ASCII).fullmatch
_OUT = float(2**63)


class Unreadable(ValueError):
    """A field's value cannot be read as its kind."""


class Row(NamedTuple):
    """One element that is a reading.

    fields: machine_id, then times in microseconds and other values in the order of
        fields.POSITION; UNSET where absent, BLANK_TIME for an empty time.
    extra: members andon does not know; set_aside: fields that could not be read; name to raw text.
    measures: thousandths of the rules' extra measures.
    """

    fields: tuple[Any, ...]
    extra: dict[str, str] | None
    set_aside: dict[str, str] | None
    measures: tuple[int | None, ...] | None


class Refused(NamedTuple):
    """One element that is no reading: the reason and one printable sentence."""

    reason: Reason
    detail: str


def judge(element: bytes, expected: str, received_us: int, rules: WireRules) -> Row | Refused:
    """Judge one element of a message whose topic names the machine `expected`. Never raises."""
    found = open_object(element, expected, rules.max_depth)
    if isinstance(found, Refused):
        return found
    arrival = rules.timestamp == "arrival"
    moment = received_us if arrival else event_time(found, rules)
    if isinstance(moment, Refused):
        return moment
    if not arrival and moment > received_us + rules.max_future_us:
        ahead = f"time {moment} is beyond received {received_us} + max_future {rules.max_future_us}"
        return Refused(Reason.MAX_FUTURE, f"{ahead} (us)")
    known = KNOWN - {"timestamp"} if arrival else KNOWN
    extra = {name: m.raw for name, m in found.items() if name not in known}
    aside: dict[str, str] = {}
    values: list[Any] = [expected, moment]
    for field in FIELDS:
        member = found.get(field.name)
        try:
            values.append(msgspec.UNSET if member is None else read(field.kind, member, rules))
        except Unreadable:
            values.append(msgspec.UNSET)
            aside[field.name] = found[field.name].raw
    measures = _measures(found, rules, aside)
    return Row(tuple(values), extra or None, aside or None, measures)


def open_object(element: bytes, expected: str, max_depth: int) -> dict[str, Member] | Refused:
    """The members of an element that is an object of the machine `expected`."""
    try:
        text = element.decode()
    except UnicodeDecodeError as error:
        return Refused(Reason.NOT_UTF8, f"byte {error.start} is not UTF-8")
    deep = Refused(Reason.TOO_DEEP, f"brackets nest deeper than {max_depth}")
    if too_deep(element, max_depth):
        return deep
    try:
        listed = members(text)
    except NotJson as error:
        return Refused(Reason.BAD_JSON, printable(str(error)))
    except RecursionError:
        return deep
    if listed is None:
        return Refused(Reason.NOT_AN_OBJECT, "a JSON value that is no object")
    found = {m.name: m for m in listed}
    if len(found) < len(listed):
        seen: set[str] = set()
        twice = next(m.name for m in listed if m.name in seen or seen.add(m.name))  # type: ignore[func-returns-value]
        return Refused(Reason.DUPLICATE_KEY, f'"{printable(twice, 64)}" occurs more than once')
    refused = _machine(found.get("machine_id"), expected)
    return found if refused is None else refused


def _machine(member: Member | None, expected: str) -> Refused | None:
    if member is None or member.value is None:
        return Refused(Reason.NO_MACHINE_ID, "machine_id is missing")
    name = member.value
    if type(name) is not str or not MACHINE_ID(name) or unsound(name):
        rule = "1 to 64 characters without / + # and control characters"
        return Refused(Reason.BAD_MACHINE_ID, f"{printable(member.raw, 80)} is not {rule}")
    if name != expected:
        told = f'"{printable(name, 64)}" in the message, "{printable(expected, 64)}" in the topic'
        return Refused(Reason.WRONG_MACHINE, told)
    return None


def event_time(found: dict[str, Member], rules: WireRules) -> int | Refused:
    """The message's own time in microseconds."""
    member = found.get("timestamp")
    value = None if member is None else member.value
    if member is None or value is None or (type(value) is str and not value.strip()):
        return Refused(Reason.NO_TIMESTAMP, "timestamp is missing")
    moment = None
    if type(value) is Number:
        moment = times.milliseconds(value)
    elif type(value) is str and times.has_clock(value):
        zone = rules.time_zone if rules.naive_timestamp == "plant" else None
        moment = times.instant(value, zone)
    if moment is None:
        what = "is no ISO 8601 time with offset or epoch milliseconds from 1970 to 9999"
        return Refused(Reason.BAD_TIMESTAMP, f"{printable(member.raw, 80)} {what}")
    return moment


def read(kind: FieldKind, member: Member, rules: WireRules) -> Any:
    """The value of an optional field, None for JSON null. Raises Unreadable."""
    value = member.value
    if value is None:
        return None
    if kind is FieldKind.TIME:
        return _time(value, rules)
    if kind is FieldKind.FLAG:
        if type(value) is bool:
            return value
    elif kind is FieldKind.TEXT or (kind is FieldKind.BOOT and type(value) is str):
        if type(value) is str and len(value) <= MAX_TEXT and not unsound(value):
            return value
    elif type(value) is Number:
        if kind is FieldKind.MILLI:
            thousandths(value)
            return float(value)
        if kind is FieldKind.COUNT:
            return _count(value)
        if _WHOLE(value):
            return str(int(value))
    raise Unreadable


def _time(value: Any, rules: WireRules) -> int:
    moment = None
    if type(value) is Number:
        moment = times.milliseconds(value)
    elif type(value) is str:
        if not value.strip():
            return BLANK_TIME
        moment = times.instant(value, rules.time_zone) if len(value) <= MAX_TEXT else None
    if moment is None:
        raise Unreadable
    return moment


def _count(number: Number) -> int:
    if _WHOLE(number):
        count = int(number)
    else:
        double = float(number)
        count = int(double) if double.is_integer() else -1
    if not 0 <= count <= INT64_MAX:
        raise Unreadable
    return count


def thousandths(number: str) -> int:
    """Thousandths of a JSON number's text (SEMANTICS 0a). Raises Unreadable outside int64."""
    scaled = float(number) * 1000.0
    if not -_OUT <= scaled < _OUT:
        raise Unreadable
    return round(scaled)


def _measures(
    found: dict[str, Member], rules: WireRules, aside: dict[str, str]
) -> tuple[int | None, ...] | None:
    if not rules.extra_measures:
        return None
    values: list[int | None] = []
    for name in rules.extra_measures:
        member = found.get(name)
        values.append(None)
        if member is None or member.value is None:
            continue
        try:
            if type(member.value) is not Number:
                raise Unreadable
            values[-1] = thousandths(member.value)
        except Unreadable:
            aside[name] = member.raw
    return tuple(values)


def json_object(raws: dict[str, str]) -> str:
    """JSON object text whose values are the raw texts as received."""
    return "{" + ", ".join(f"{json.dumps(name)}: {raw}" for name, raw in raws.items()) + "}"


def json_texts(raws: dict[str, str]) -> str:
    """JSON object text whose values are texts that hold the raw texts as received."""
    return json.dumps(raws, ensure_ascii=False)
