"""The one room for conversions: microseconds, thousandths, instants. All integers (SEMANTICS 0)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

SECOND_US = 1_000_000
MINUTE_US = 60 * SECOND_US
HOUR_US = 60 * MINUTE_US
DAY_US = 24 * HOUR_US

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_ONE_US = timedelta(microseconds=1)


def milli(value: float) -> int:
    """Thousandths of a JSON number: the double times 1000, rounded half to even (SEMANTICS 0a)."""
    return round(float(value) * 1000.0)


def seconds_us(seconds: float) -> int:
    """Microseconds of a duration in seconds, rounded half to even."""
    return round(seconds * SECOND_US)


def to_us(instant: datetime) -> int:
    """Microseconds since 1970-01-01T00:00Z of an aware datetime; exact."""
    if instant.tzinfo is None:
        raise ValueError(f"naive datetime {instant!r}: give it a time zone")
    return (instant - _EPOCH) // _ONE_US


def from_us(us: int) -> datetime:
    """The UTC datetime of microseconds since 1970-01-01T00:00Z; exact."""
    return _EPOCH + timedelta(microseconds=us)


def minute_of(us: int) -> int:
    """Start of the minute that holds instant `us` (for what is observed at an instant)."""
    return us - us % MINUTE_US


def minute_until(us: int) -> int:
    """Start of the minute whose (start, end] holds `us` (for what accumulated: counts, scrap)."""
    return minute_of(us - 1)
