"""Worked case: the recorded messages, through the wire and the kernel, against counted figures."""

from __future__ import annotations

import random
from typing import Any
from zoneinfo import ZoneInfo

import polars as pl
import pytest

from andon.testing import Book
from andon.units import SECOND_US
from andon.wire import Message, WireRules, decode
from tests.engine import seed
from tests.kernel.oee import figures

STATE_COLUMNS = {
    "RUNNING": ("running_us",),
    "IDLE": ("idle_job_us", "idle_no_job_us"),
    "MAINTENANCE": ("maintenance_us", "repair_us"),
    "ERROR": ("error_us",),
    "UNKNOWN": ("unknown_us",),
}


@pytest.fixture(scope="module")
def recorded() -> pl.DataFrame:
    """The decoded messages, none refused."""
    messages = [
        Message(topic, payload, received_us=2_000_000_000 * SECOND_US)
        for topic, payload in seed.messages()
    ]
    decoded = decode(messages, WireRules(time_zone=ZoneInfo("UTC")))
    assert decoded.rejected == []
    return decoded.readings


def state_us(book: Book, machine_id: str) -> dict[str, int]:
    """Time in each state; those without any are left out."""
    found = {
        state: sum(book.total(column, machine_id) for column in columns)
        for state, columns in STATE_COLUMNS.items()
    }
    return {state: time for state, time in found.items() if time}


def check(book: Book, readings: pl.DataFrame) -> None:
    """Every figure but the times of states."""
    for machine_id, wanted in seed.expected().items():
        total = {
            name: book.total(name, machine_id)
            for name in ("readings", "incidents", "good_units", "scrap_units", "alarm_count")
        }
        assert total == {"readings": wanted["messages"]} | {
            name: wanted[name] for name in total if name != "readings"
        }
        check_scrap(book, machine_id, wanted)
        for measure, key in (
            ("temperature", "temperature_milli"), ("speed", "speed_milli"),
            ("oee", "reported_oee_milli"),
        ):  # fmt: skip
            found = measured(book, machine_id, measure)
            assert {name: found[name] for name in wanted[key]} == wanted[key]
        mine = readings.filter(machine_id=machine_id)
        assert (mine["time"].min(), mine["time"].max()) == (wanted["first_us"], wanted["last_us"])
        assert mine["job_id"].n_unique() == wanted["distinct_job_ids"]


def check_scrap(book: Book, machine_id: str, wanted: dict[str, Any]) -> None:
    events = [row for row in book.table("scrap_event") if row["machine_id"] == machine_id]
    assert len(events) == wanted["scrap_events"]
    by_reason: dict[str, int] = {}
    for row in events:
        key = f"{row['category']}/{row['reason']}"
        by_reason[key] = by_reason.get(key, 0) + row["units"]
    assert by_reason == wanted["scrap_units_by_category_and_reason"]


def measured(book: Book, machine_id: str, measure: str) -> dict[str, int]:
    rows = [
        row
        for row in book.table("measure_minute")
        if (row["machine_id"], row["measure"]) == (machine_id, measure)
    ]
    return {
        "n": sum(row["n"] for row in rows),
        "sum": sum(row["sum_milli"] for row in rows),
        "min": min(row["min_milli"] for row in rows),
        "max": max(row["max_milli"] for row in rows),
    }


def test_with_now_at_the_newest_reading(recorded: pl.DataFrame) -> None:
    """The last message of a machine holds for nothing."""
    book = Book()
    book.take(recorded, recorded["time"].max())  # type: ignore[arg-type]
    check(book, recorded)
    for machine_id, wanted in seed.expected().items():
        assert state_us(book, machine_id) == wanted["state_us"]
    assert figures(book).unknown_us == 0


def test_a_later_now_adds_max_gap_of_the_last_state_and_nothing_else(
    recorded: pl.DataFrame,
) -> None:
    """60 s of the state held, then UNKNOWN in no row; all other figures are the same."""
    book = Book()
    book.take(recorded, 2_000_000_000 * SECOND_US)
    check(book, recorded)
    last = dict(
        recorded.sort("time").group_by("machine_id").agg(pl.col("state_raw").last()).iter_rows()
    )
    for machine_id, wanted in seed.expected().items():
        held = last[machine_id]
        expected = wanted["state_us"] | {held: wanted["state_us"].get(held, 0) + 60 * SECOND_US}
        assert state_us(book, machine_id) == expected
        (open_one,) = (
            row
            for row in book.table("state_interval")
            if row["machine_id"] == machine_id and row["end"] is None
        )
        assert (open_one["state"], open_one["start"]) == (
            "UNKNOWN", wanted["last_us"] + 60 * SECOND_US,
        )  # fmt: skip


def test_shuffled_in_blocks_of_a_minute_and_three_times_over(recorded: pl.DataFrame) -> None:
    """300 messages of five machines in any order, each batch three times."""
    book, rng = Book(), random.Random(4)
    for start in range(0, recorded.height, 300):
        order = list(range(start, min(start + 300, recorded.height)))
        rng.shuffle(order)
        for part in (order[:170], order[170:], order):
            book.take(recorded[part])
    check(book, recorded)
    for machine_id, wanted in seed.expected().items():
        assert state_us(book, machine_id) == wanted["state_us"]
    assert sum(step.duplicates.height for step in book.steps) == recorded.height
