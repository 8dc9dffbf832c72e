"""Times on the wire: ISO 8601 texts and epoch milliseconds to microseconds, further digits cut."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from decimal import Decimal

from andon.units import DAY_US, SECOND_US, from_us, to_us

EARLIEST_US = 0
LATEST_US = 253_402_300_799_999_999
"""9999-12-31T23:59:59.999999Z; times outside [EARLIEST_US, LATEST_US] cannot be read."""

_EPOCH_UTC = datetime(1970, 1, 1, tzinfo=UTC)
_EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001  naive on purpose: local times are counted from it
_PLAIN = re.compile(
    r"\d{4}-\d\d-\d\dT(?:[01]\d|2[0-3]):\d\d:\d\d(?:\.\d{3}(?:\d{3})?)?"
    r"(?:Z|[+-](?:[01]\d|2[0-3]):[0-5]\d)",
    re.ASCII,
).fullmatch
_ANY = re.compile(
    r"(\d{4})(-?)(\d\d)\2(\d\d)"
    r"(?:[Tt ](\d\d)(:?)(\d\d)(?:\6(\d\d)(?:[.,](\d+))?)?"
    r"(?: ?(Z|z|[+-]\d\d(?::?\d\d)?))?)?",
    re.ASCII,
).fullmatch


def instant(text: str, zone: tzinfo | None, *, day: bool = True) -> int | None:
    """Microseconds of an ISO 8601 date and time, or None where it cannot be read.

    Without an offset it is local time of `zone`; with zone None it cannot be read then. A local
    time that does not exist is the next instant that does; one that occurs twice is its first
    occurrence (SEMANTICS 2, 6). A date alone is its midnight in `zone` where `day` allows it.
    """
    if _PLAIN(text):
        try:
            span = datetime.fromisoformat(text) - _EPOCH_UTC
        except ValueError:
            return None
        us = (span.days * 86_400 + span.seconds) * SECOND_US + span.microseconds
        return us if EARLIEST_US <= us <= LATEST_US else None
    match = _ANY(text)
    if match is None or (match[5] is None and not day):
        return None
    year, _, month, date, hour, _, minute, second, fraction, offset = match.groups()
    try:
        local = datetime(  # noqa: DTZ001  the offset follows
            int(year),
            int(month),
            int(date),
            int(hour or 0),
            int(minute or 0),
            int(second or 0),
            int(((fraction or "") + "000000")[:6]),
        )
        if offset is not None:
            return _in_range(to_us(local.replace(tzinfo=_offset(offset))))
        return None if zone is None else _in_range(local_us(local, zone))
    except (ValueError, OverflowError):
        return None


def milliseconds(number: str) -> int | None:
    """Microseconds of a JSON number's text in milliseconds since the epoch, cut; None out of range.

    Reads the decimal digits, so that no double stands between.
    """
    try:
        sign, digits, exponent = Decimal(number).as_tuple()
    except ArithmeticError:
        return None
    if not isinstance(exponent, int):
        return None
    point = len(digits) + exponent + 3
    if point > 24 and any(digits):
        return None
    kept = digits[: max(point, 0)]
    if sign and any(digits):
        return None
    text = "".join(map(str, kept)).ljust(min(max(point, 0), 24), "0")
    return _in_range(int(text or "0"))


def local_us(local: datetime, zone: tzinfo) -> int:
    """Microseconds of a naive local time of `zone`; see `instant` for gaps and repeats."""
    first = local.replace(tzinfo=zone, fold=0)
    before = first.utcoffset() or timedelta(0)
    after = first.replace(fold=1).utcoffset() or timedelta(0)
    if before >= after:
        return to_us(first)
    wall = _wall_us(local)
    low, high = wall - _us(after), wall - _us(before)
    while low < high:
        middle = (low + high) // 2
        if _wall_us(from_us(middle).astimezone(zone).replace(tzinfo=None)) >= wall:
            high = middle
        else:
            low = middle + 1
    return low


def _in_range(us: int) -> int | None:
    return us if EARLIEST_US <= us <= LATEST_US else None


def _offset(text: str) -> tzinfo:
    if text in "Zz":
        return UTC
    hours, minutes = int(text[1:3]), int(text[3:].lstrip(":") or 0)
    if hours > 23 or minutes > 59:
        raise ValueError(text)
    span = timedelta(hours=hours, minutes=minutes)
    return timezone(-span if text[0] == "-" else span)


def _wall_us(local: datetime) -> int:
    return _us(local - _EPOCH)


def _us(span: timedelta) -> int:
    return span.days * DAY_US + span.seconds * SECOND_US + span.microseconds
