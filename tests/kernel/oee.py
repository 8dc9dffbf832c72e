"""OEE from minute rows, once more and exactly: SEMANTICS 8 to 12, 15, 17 in plain fractions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from andon.testing import Book
from andon.units import MINUTE_US, minute_of

BUSY = ("running_us", "idle_job_us", "idle_no_job_us", "error_us", "repair_us")


Ratio = Fraction | int | None
"""An exact ratio; None where SEMANTICS says null."""


@dataclass(frozen=True, slots=True)
class Figures:
    """The figures of a range; None where SEMANTICS says null."""

    apt_us: int
    pbt_us: int
    unknown_us: int
    produced: int
    units_for_oee: int
    availability: Ratio
    effectiveness: Ratio
    quality: Ratio
    piece_yield: Ratio
    oee: Ratio
    coverage: Fraction
    worst: Ratio
    best: Ratio
    mtbf_us: Ratio
    mttr_us: Ratio
    health: Ratio


def ratio(above: int | Fraction, below: int | Fraction) -> Fraction | None:
    """above / below, None where there is nothing to divide by."""
    return Fraction(above) / below if below else None


def figures(book: Book, now: int | None = None) -> Figures:
    """Over all machines and minutes of the book; `now` is the viewer's, for open UNKNOWN time."""
    rows = book.table("machine_minute")
    cycles = {
        rate.rate_id: rate.cycle_us
        for machine in (book.plan.default, *book.plan.machines.values())
        for rate in machine.rates
    }

    def total(name: str) -> int:
        return sum(row[name] for row in rows)

    unrated = any(row["produced_units"] and row["rate_id"] not in cycles for row in rows)
    unknown = total("unknown_us") + missing_us(book) + (open_us(book, now) if now else 0)
    apt, pbt = total("running_us"), sum(map(total, BUSY))
    made = total("produced_units") - total("produced_uncovered")
    good = total("good_units") - total("good_uncovered")

    def ideal(units: str, without: str | None = None) -> Fraction:
        return sum(
            (
                cycles.get(row["rate_id"], Fraction(0))
                * (row[units] - (row[without] if without else 0))
                for row in rows
            ),
            Fraction(0),
        )

    ideal_made = ideal("produced_units", "produced_uncovered")
    ideal_good = ideal("good_units", "good_uncovered")
    ideal_unseen = ideal("good_in_unknown")
    oee = None if unrated or not cycles else ratio(ideal_good, pbt)
    worst = None if oee is None else ratio(ideal_good + ideal_unseen, pbt + unknown)
    best = worst
    if worst is not None and total("unknown_healed_us") < unknown:
        best = max(worst, Fraction(ideal_good + unknown) / (pbt + unknown))
    piece_yield = ratio(good, made)
    return Figures(
        apt_us=apt,
        pbt_us=pbt,
        unknown_us=unknown,
        produced=total("produced_units"),
        units_for_oee=made,
        availability=ratio(apt, pbt),
        effectiveness=None if unrated or not cycles else ratio(ideal_made, apt),
        quality=piece_yield if unrated or not cycles else ratio(ideal_good, ideal_made),
        piece_yield=piece_yield,
        oee=oee,
        coverage=1 - (ratio(unknown, pbt + unknown) or Fraction(0)),
        worst=worst,
        best=best,
        mtbf_us=ratio(apt, total("failures_begun")),
        mttr_us=ratio(total("repair_time_us"), total("failures_ended")),
        health=health(oee, made, made - good, ratio(total("error_us"), pbt)),
    )


def health(
    oee: Fraction | None, made: int, scrapped: int, error_share: Fraction | None
) -> Fraction | None:
    """min(OEE, 1) * (1 - scrap rate) * (1 - error share); null where a factor is (17)."""
    scrap_rate = ratio(scrapped, made)
    if oee is None or scrap_rate is None or error_share is None:
        return None
    return min(oee, Fraction(1)) * (1 - scrap_rate) * (1 - error_share)


def missing_us(book: Book) -> int:
    """60 s for every minute without a row between a machine's first and newest reading (4)."""
    have = {(row["machine_id"], row["minute"]) for row in book.table("machine_minute")}
    missing = 0
    for machine in book.carry.head.iter_rows(named=True):
        first, last = minute_of(machine["first"]), minute_of(machine["time"])
        missing += sum(
            (machine["machine_id"], minute) not in have for minute in range(first, last, MINUTE_US)
        )
    return missing * MINUTE_US


def open_us(book: Book, now: int) -> int:
    """UNKNOWN time after the newest reading, up to `now`."""
    newest = dict(book.carry.head.select("machine_id", "time").iter_rows())
    return sum(
        now - max(row["start"], newest[row["machine_id"]])
        for row in book.table("state_interval")
        if row["end"] is None and row["state"] == "UNKNOWN"
    )


def state_us(row: Mapping[str, Any]) -> int:
    """All state time of a minute row."""
    return sum(int(row[name]) for name in (*BUSY, "maintenance_us", "unknown_us"))
