"""One element judged exactly: a row, or refused for a reason. The fast path answers to this.

Order of judgement: text, depth, JSON, object, repeated names, machine_id, timestamp, future. The
first that fails is the reason. An optional field never refuses; what cannot be read is set aside.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable
from typing import Any, NamedTuple

from msgspec import UNSET

from andon.wire import times
from andon.wire.fields import FIELDS, INT64_MAX, MAX_TEXT, FieldKind
from andon.wire.reject import Reason, printable
from andon.wire.rules import WireRules
from andon.wire.scan import NotJson, Number, pairs, raw_texts, too_deep, unsound

BLANK_TIME = -1
"""Stands for an empty time text in a row (no time is negative); becomes null, and is counted."""

MACHINE_ID = re.compile(r"[^/+#\x00-\x1f\x7f-\x9f]{1,64}").fullmatch
_WHOLE = re.compile(r"-?\d{1,1024}", re.ASCII).fullmatch
_OUT = float(2**63)
_TEXTS = (FieldKind.TEXT, FieldKind.BOOT)


class Unreadable(ValueError):
    """A field's value cannot be read as its kind."""


Row = tuple[
    int,
    tuple[Any, ...],
    dict[str, str] | None,
    dict[str, str] | None,
    tuple[int | None, ...] | None,
]
"""One element that is a reading: time, fields, extra, set_aside, measures.

time: event time in microseconds. fields: values in the order of fields.POSITION; UNSET where
absent; an optional time is microseconds, BLANK_TIME where empty, or its text as the fast path
leaves it. extra: members andon does not know, set_aside: fields that could not be read, both name
to raw text. measures: thousandths of the rules' extra measures. A plain tuple: one per message.
"""


class Refused(NamedTuple):
    """One element that is no reading: the reason and one printable sentence."""

    reason: Reason
    detail: str


def judge(element: bytes, expected: str, received_us: int, rules: WireRules) -> Row | Refused:
    """Judge one element of a message whose topic names the machine `expected`. Never raises."""
    found = open_object(element, expected, rules.max_depth)
    if isinstance(found, Refused):
        return found
    if rules.timestamp == "arrival":
        moment: int | Refused = received_us
    else:
        moment = event_time(found.pop("timestamp", None), received_us, rules)
    if isinstance(moment, Refused):
        return moment
    values: list[Any] = [expected, None]
    aside: list[str] = []
    for field in FIELDS:
        value = found.pop(field.name, UNSET)
        if value is not UNSET and value is not None:
            try:
                value = read(field.kind, value, rules)
            except Unreadable:
                value = UNSET
                aside.append(field.name)
        values.append(value)
    del found["machine_id"]
    measures = _measures(found, rules, aside) if rules.extra_measures else None
    extra, set_aside = kept(element, found, aside)
    return moment, tuple(values), extra, set_aside, measures


def kept(
    element: bytes, unknown: Iterable[str], aside: list[str]
) -> tuple[dict[str, str] | None, dict[str, str] | None]:
    """Raw texts of the unknown members and of those set aside."""
    if not unknown and not aside:
        return None, None
    raws = raw_texts(element.decode())
    extra = {name: raws[name] for name in unknown}
    return extra or None, {name: raws[name] for name in aside} or None


def open_object(element: bytes, expected: str, max_depth: int) -> dict[str, Any] | Refused:
    """The members of an element that is an object of the machine `expected`."""
    try:
        text = element.decode()
    except UnicodeDecodeError as error:
        return Refused(Reason.NOT_UTF8, f"byte {error.start} is not UTF-8")
    deep = Refused(Reason.TOO_DEEP, f"brackets nest deeper than {max_depth}")
    if too_deep(element, max_depth):
        return deep
    try:
        listed = pairs(text)
    except NotJson as error:
        return Refused(Reason.BAD_JSON, printable(str(error)))
    except RecursionError:
        return deep
    if listed is None:
        return Refused(Reason.NOT_AN_OBJECT, "a JSON value that is no object")
    found = dict(listed)
    if len(found) < len(listed):
        names = Counter(name for name, _ in listed)
        twice = next(name for name, times_met in names.items() if times_met > 1)
        return Refused(Reason.DUPLICATE_KEY, f'"{printable(twice, 64)}" occurs more than once')
    refused = _machine(found.get("machine_id"), expected)
    return found if refused is None else refused


def _machine(name: Any, expected: str) -> Refused | None:
    if name is None:
        return Refused(Reason.NO_MACHINE_ID, "machine_id is missing")
    if type(name) is not str or not MACHINE_ID(name) or unsound(name):
        rule = "1 to 64 characters without / + # and control characters"
        return Refused(Reason.BAD_MACHINE_ID, f"machine_id {_shown(name)} is not {rule}")
    if name != expected:
        told = f'"{printable(name, 64)}" in the message, "{printable(expected, 64)}" in the topic'
        return Refused(Reason.WRONG_MACHINE, told)
    return None


def event_time(value: Any, received_us: int, rules: WireRules) -> int | Refused:
    """The message's own time in microseconds, not too far ahead of its arrival."""
    if value is None or (type(value) is str and not value.strip()):
        return Refused(Reason.NO_TIMESTAMP, "timestamp is missing")
    moment = None
    if type(value) is Number:
        moment = times.milliseconds(value)
    elif type(value) is str:
        zone = rules.time_zone if rules.naive_timestamp == "plant" else None
        moment = times.instant(value, zone, day=False)
    if moment is None:
        what = "is no ISO 8601 time with offset or epoch milliseconds from 1970 to 9999"
        return Refused(Reason.BAD_TIMESTAMP, f"timestamp {_shown(value)} {what}")
    if moment > received_us + rules.max_future_us:
        ahead = f"time {moment} is beyond received {received_us} + max_future {rules.max_future_us}"
        return Refused(Reason.MAX_FUTURE, f"{ahead} (us)")
    return moment


def _shown(value: Any) -> str:
    if type(value) is Number:
        return printable(value, 64)
    return printable(json.dumps(value, ensure_ascii=False), 64)


def read(kind: FieldKind, value: Any, rules: WireRules) -> Any:
    """The value of an optional field that is not null. Raises Unreadable."""
    if kind is FieldKind.TIME:
        return _time(value, rules)
    if kind is FieldKind.FLAG:
        if type(value) is bool:
            return value
    elif type(value) is str:
        if kind in _TEXTS and len(value) <= MAX_TEXT and not unsound(value):
            return value
    elif type(value) is Number:
        if kind is FieldKind.MILLI:
            thousandths(value)
            return float(value)
        if kind is FieldKind.COUNT:
            return _count(value)
        if kind is FieldKind.BOOT and _WHOLE(value):
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


def _measures(found: dict[str, Any], rules: WireRules, aside: list[str]) -> tuple[int | None, ...]:
    values: list[int | None] = []
    for name in rules.extra_measures:
        value = found.get(name)
        values.append(None)
        if value is None:
            continue
        try:
            if type(value) is not Number:
                raise Unreadable
            values[-1] = thousandths(value)
        except Unreadable:
            aside.append(name)
    return tuple(values)


def json_object(raws: dict[str, str]) -> str:
    """JSON object text whose values are the raw texts as received."""
    return "{" + ", ".join(f"{json.dumps(name)}: {raw}" for name, raw in raws.items()) + "}"


def json_texts(raws: dict[str, str]) -> str:
    """JSON object text whose values are texts that hold the raw texts as received."""
    return json.dumps(raws, ensure_ascii=False)
