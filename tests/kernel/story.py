"""What a machine tells, by second, and what the kernel makes of it: one machine called "m"."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from andon.plan import MachinePlan, Plan
from andon.testing import T0, Book, make_reading, make_readings
from andon.units import MINUTE_US, SECOND_US

MACHINE = "m"
Row = dict[str, Any]


def at(second: float, state: str | None = None, **fields: Any) -> Row:
    """A reading of the machine `second` seconds after T0."""
    if state is not None:
        fields["state_raw"] = state
    return make_reading(MACHINE, second, **fields)


def death(second: float, boot_id: str | None = None) -> Row:
    """A death message that arrives `second` seconds after T0."""
    return make_reading(MACHINE, second, is_death=True, boot_id=boot_id)


def us(second: float) -> int:
    """The instant `second` seconds after T0."""
    return T0 + round(second * SECOND_US)


def planned(**says: Any) -> Plan:
    """A plan that says this of every machine (fields of MachinePlan)."""
    return Plan(default=MachinePlan(**says))


def told(rows: Iterable[Mapping[str, Any]], plan: Plan | None = None, now: float = 0) -> Book:
    """The book after all readings came in one batch; `now` in seconds, 0 is the newest reading."""
    rows = list(rows)
    book = Book(plan or Plan())
    book.take(make_readings(rows), us(now) if now else max(row["time"] for row in rows))
    return book


def told_one_by_one(
    rows: Iterable[Mapping[str, Any]], plan: Plan | None = None, now: float = 0
) -> Book:
    """The book after each reading came in a batch of its own, in the order given."""
    rows = list(rows)
    book = Book(plan or Plan())
    for row in rows:
        book.take(make_readings([row]))
    book.take(make_readings([]), us(now) if now else max(row["time"] for row in rows))
    return book


def seconds(instant: int | None) -> float | None:
    """Seconds after T0; null stays null."""
    return None if instant is None else (instant - T0) / SECOND_US


def states(book: Book) -> list[tuple[float | None, float | None, str]]:
    """The intervals: start and end in seconds, state."""
    return [
        (seconds(row["start"]), seconds(row["end"]), row["state"])
        for row in book.table("state_interval")
    ]


def spans(book: Book, table: str) -> list[tuple[float | None, float | None]]:
    """Start and end of each incident or failure, in seconds."""
    return [(seconds(row["start"]), seconds(row["end"])) for row in book.table(table)]


def minutes(book: Book, column: str) -> dict[int, int]:
    """A column by number of the minute after T0; the rates of a minute are added."""
    found: dict[int, int] = {}
    for row in book.table("machine_minute"):
        number = (row["minute"] - T0) // MINUTE_US
        found[number] = found.get(number, 0) + row[column]
    return found


def whole_seconds(book: Book, *columns: str) -> dict[str, float]:
    """Sums of time columns, in seconds; those that are 0 are left out."""
    names = columns or (
        "running_us", "idle_job_us", "idle_no_job_us", "error_us", "repair_us",
        "maintenance_us", "unknown_us",
    )  # fmt: skip
    sums = {name: book.total(name) / SECOND_US for name in names}
    return {name: value for name, value in sums.items() if value}


def anomalies(book: Book) -> list[tuple[str, int, int, str | None]]:
    """Kind, value, units and outcome of each anomaly, in order of time."""
    rows = sorted(book.table("anomaly"), key=lambda row: (row["time"], row["kind"]))
    return [(row["kind"], row["value"], row["units"], row["outcome"]) for row in rows]


def scrap(book: Book) -> list[tuple[str, int]]:
    """Reason and units of each scrap event, in order of time."""
    rows = sorted(book.table("scrap_event"), key=lambda row: (row["time"], row["reason"]))
    return [(row["reason"], row["units"]) for row in rows]
