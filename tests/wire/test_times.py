"""Times on the wire: forms, digits that are cut, and the nights on which clocks change."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from andon.units import SECOND_US, from_us, to_us
from andon.wire.times import LATEST_US, instant, milliseconds
from tests.wire.messages import ROME

NOON_US = to_us(datetime(2026, 11, 23, 12, 0, 0, tzinfo=UTC))


@pytest.mark.parametrize(
    "text",
    [
        "2026-11-23T12:00:00Z",
        "2026-11-23t12:00:00z",
        "2026-11-23 12:00:00Z",
        "2026-11-23 12:00:00 Z",
        "2026-11-23T12:00Z",
        "2026-11-23T12:00:00.000Z",
        "2026-11-23T12:00:00.0000009Z",
        "2026-11-23T12:00:00,0Z",
        "2026-11-23T13:00:00+01:00",
        "2026-11-23T13:00:00+0100",
        "2026-11-23T13:00:00+01",
        "2026-11-23T07:30:00-04:30",
        "20261123T120000Z",
        "20261123T1200Z",
        "20261123T130000.000+0100",
        "2026-11-23T13:00:00",
        "2026-11-23 13:00",
        "2026-11-23T1300",
    ],
)
def test_forms_of_one_instant(text: str) -> None:
    assert instant(text, ROME) == NOON_US


@pytest.mark.parametrize(
    "text",
    [
        "",
        "now",
        "2026",
        "2026-11",
        "2026-W48-1",
        "2026-327",
        "2026-1123",
        "2026-11-23T12",
        "2026-11-23T24:00:00Z",
        "2026-11-23T23:59:60Z",
        "2026-13-01T00:00:00Z",
        "2026-02-29T00:00:00Z",
        "0000-01-01T00:00:00Z",
        "2026-11-23T12:00:00+24:00",
        "2026-11-23T12:00:00+01:60",
        "2026-11-23T12:00:00 Europe/Rome",
        "2026-11-23T12:00:00Z ",
        "٢٠٢٦-11-23T12:00:00Z",
        "2026-11-23T12:00:00.Z",
        "1969-12-31T23:59:59.999999Z",
        "9999-12-31T23:59:59-00:01",
        "1763899999123",
    ],
)
def test_what_is_no_time(text: str) -> None:
    assert instant(text, ROME) is None


def test_limits() -> None:
    assert instant("1970-01-01T00:00:00Z", None) == 0
    assert instant("9999-12-31T23:59:59.999999Z", None) == LATEST_US
    assert instant("9999-12-31T23:59:59.999999999Z", None) == LATEST_US


def test_further_digits_are_cut() -> None:
    """SEMANTICS 0b: floor, never rounded."""
    assert instant("2026-11-23T12:00:00.1234569999Z", None) == NOON_US + 123_456
    assert milliseconds("1763899999123.4569999") == 1_763_899_999_123_456


def test_without_offset_and_without_zone() -> None:
    assert instant("2026-11-23T12:00:00", None) is None
    assert instant("2026-11-23", ROME) == NOON_US - 13 * 3600 * SECOND_US
    assert instant("2026-11-23", ROME, day=False) is None


@pytest.mark.parametrize(
    ("zone", "local", "utc"),
    [
        # t  02:00 CET -> 03:00 CEST: 02:30 does not exist, the next instant that does is 03:00
        ("Europe/Rome", "2026-03-29T02:30:00", "2026-03-29T01:00:00"),
        ("Europe/Rome", "2026-03-29T02:00:00", "2026-03-29T01:00:00"),
        ("Europe/Rome", "2026-03-29T02:59:59.999999", "2026-03-29T01:00:00"),
        ("Europe/Rome", "2026-03-29T01:59:59.999999", "2026-03-29T00:59:59.999999"),
        ("Europe/Rome", "2026-03-29T03:00:00", "2026-03-29T01:00:00"),
        # t  03:00 CEST -> 02:00 CET: 02:30 occurs twice, the first is CEST
        ("Europe/Rome", "2026-10-25T02:30:00", "2026-10-25T00:30:00"),
        ("Europe/Rome", "2026-10-25T03:00:00", "2026-10-25T02:00:00"),
        ("Australia/Lord_Howe", "2026-10-04T02:15:00", "2026-10-03T15:30:00"),  # half an hour
        ("Pacific/Apia", "2011-12-30T12:00:00", "2011-12-30T10:00:00"),  # a day left out
        ("America/New_York", "2026-03-08T02:30:00", "2026-03-08T07:00:00"),
        ("Asia/Kolkata", "2026-01-01T05:30:00", "2026-01-01T00:00:00"),
    ],
)
def test_local_times_of_nights_that_change(zone: str, local: str, utc: str) -> None:
    """SEMANTICS 6: a gap is its end, a repeat its first occurrence."""
    wanted = to_us(datetime.fromisoformat(utc).replace(tzinfo=UTC))
    assert instant(local, ZoneInfo(zone)) == wanted


@pytest.mark.parametrize(
    ("number", "us"),
    [
        ("0", 0),
        ("-0", 0),
        ("-0.0", 0),
        ("1763899999123", 1_763_899_999_123_000),
        ("1763899999123.0", 1_763_899_999_123_000),
        ("1763899999123.4567", 1_763_899_999_123_456),
        ("1.7638999991234567e12", 1_763_899_999_123_456),
        ("17638999991234567E-4", 1_763_899_999_123_456),
        ("0.0009", 0),
        ("1e-400000", 0),
        ("0e400000", 0),
        ("253402300799999.9999", LATEST_US),
        ("253402300800000", None),
        ("-1", None),
        ("-0.0001", None),
        ("1e400000", None),
        ("1" + "0" * 9999, None),
        ("0." + "0" * 9999 + "1", 0),
    ],
)
def test_milliseconds_are_read_digit_by_digit(number: str, us: int | None) -> None:
    assert milliseconds(number) == us


@given(st.integers(0, LATEST_US), st.integers(-1439, 1439), st.sampled_from("T "))
def test_every_instant_comes_back(us: int, offset_min: int, sign: str) -> None:
    """Written with any offset, read exactly."""
    local = from_us(us).replace(tzinfo=None)
    try:
        shifted = local + timedelta(minutes=offset_min)
    except OverflowError:
        return
    hours, minutes = divmod(abs(offset_min), 60)
    offset = f"{'-' if offset_min < 0 else '+'}{hours:02}:{minutes:02}"
    text = shifted.isoformat(sep=sign, timespec="microseconds") + offset
    assert instant(text, None) == us
    assert milliseconds(f"{us // 1000}.{us % 1000:03}") == us


CHANGING = ["Europe/Rome", "America/Sao_Paulo", "Australia/Lord_Howe", "Africa/Casablanca"]


@given(st.integers(31_536_000, 2_050_000_000), st.sampled_from(CHANGING))
def test_local_time_is_the_first_instant_that_shows_it_or_more(second: int, name: str) -> None:
    """The clock on the wall shows the time, or has just jumped over it."""
    zone = ZoneInfo(name)
    local = from_us(second * SECOND_US).replace(tzinfo=None)
    us = instant(local.isoformat(), zone)
    assert us is not None
    wall = from_us(us).astimezone(zone).replace(tzinfo=None)
    assert wall >= local
    if wall > local:
        assert from_us(us - 1).astimezone(zone).replace(tzinfo=None) < local


@given(st.text(max_size=40))
def test_no_text_raises(text: str) -> None:
    assert instant(text, ROME) is None or len(text) >= 8
