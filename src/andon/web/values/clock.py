"""Instants and durations as people and JSON read them. Times are int64 microseconds UTC."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from andon.units import MINUTE_US, from_us, to_us


def iso(us: int | None) -> str | None:
    """ISO 8601 in UTC with Z; None stays None."""
    if us is None:
        return None
    return from_us(us).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def instant_us(value: datetime | None) -> int | None:
    """Microseconds of an aware datetime from the database; None stays None."""
    return None if value is None else to_us(value)


def local_midnight(now_us: int, zone: ZoneInfo) -> int:
    """The last local midnight at or before `now_us`; where it does not exist, the next instant."""
    local = from_us(now_us).astimezone(zone)
    midnight = local.replace(hour=0, minute=0, second=0, microsecond=0, fold=0)
    return to_us(midnight.astimezone(UTC))


def minute_up(us: int) -> int:
    """The next whole minute at or after `us` (SEMANTICS 0g: edges are rounded up)."""
    return -(-us // MINUTE_US) * MINUTE_US


def parse_instant(text: str) -> int:
    """Epoch milliseconds or ISO 8601 with offset, as microseconds.

    A plus sign that a URL turned into a space is put back. ValueError says what would be right.
    """
    text = text.strip()
    if text.lstrip("-").isdigit():
        if len(text) > 16:
            raise ValueError("too many digits for epoch milliseconds")
        return int(text) * 1000
    mended = text.replace(" ", "+") if "T" in text else text
    try:
        parsed = datetime.fromisoformat(mended)
    except ValueError as error:
        raise ValueError("neither ISO 8601 nor epoch milliseconds") from error
    if parsed.tzinfo is None:
        raise ValueError("has no offset from UTC")
    return to_us(parsed)


def duration(us: int) -> str:
    """A duration in its two largest units: `3 d 4 h`, `2 h 05 m`, `4 m 09 s`, `12 s`."""
    seconds = max(0, us) // 1_000_000
    days, rest = divmod(seconds, 86_400)
    hours, rest = divmod(rest, 3_600)
    minutes, seconds = divmod(rest, 60)
    if days:
        return f"{days} d {hours} h"
    if hours:
        return f"{hours} h {minutes:02d} m"
    if minutes:
        return f"{minutes} m {seconds:02d} s"
    return f"{seconds} s"
