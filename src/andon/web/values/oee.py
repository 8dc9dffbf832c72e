"""OEE from integer sums (SEMANTICS 8 to 12, 15, 17): ratios of sums, rounded once at the very end.

Names follow ISO 22400-2. Durations are microseconds, counts are units, ratios are exact until
`ratio` prints them with six decimals.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import lcm
from typing import Any

KNOWN = (
    "running_us",
    "idle_job_us",
    "idle_no_job_us",
    "error_us",
    "repair_us",
    "maintenance_us",
    "planned_stop_us",
    "off_shift_us",
)
"""State times that are not UNKNOWN; with unknown_us they sum to 60 s in a whole minute."""

SUMS = (
    *KNOWN,
    "unknown_us",
    "unknown_healed_us",
    "produced_units",
    "good_units",
    "scrap_units",
    "produced_uncovered",
    "good_uncovered",
    "good_in_unknown",
    "readings",
    "alarm_count",
    "incidents",
    "failures_begun",
    "failures_ended",
    "repair_time_us",
    "scrap_quality_units",
    "scrap_unreported_units",
    "anomalies",
)
"""The columns of machine_minute that the pages add up, in the order of the queries."""

LOW_COVERAGE = 0.8
NO_RATE = "ideal_rate_not_set"
MIXED_RATE = "ideal_rate_missing_for_some"
QUALITY_ASSUMED = "quality_assumed"
NO_TIME = "no_planned_busy_time"
LOW = "coverage_low"


@dataclass(frozen=True, slots=True)
class Part:
    """Sums of one ideal rate over a range. `cycle` is us per unit as (numerator, denominator)."""

    sums: Mapping[str, int]
    cycle: tuple[int, int] | None


@dataclass(frozen=True, slots=True)
class Figures:
    """What an OEE is made of, still integers. Ideal times are numerators over `ideal_den`."""

    sums: Mapping[str, int]
    pbt_us: int
    apt_us: int
    unknown_us: int
    pq: int
    gq: int
    gq_seen_in_unknown: int
    ideal_pq: int
    ideal_gq: int
    worst_num: int
    best_num: int
    ideal_den: int
    healed: bool
    unrated: bool
    rated: bool


def ratio(numerator: int, denominator: int, digits: int = 6) -> float | None:
    """The exact ratio rounded once, half to even; None where the denominator is 0 or less."""
    if denominator <= 0:
        return None
    scale: int = 10**digits
    quotient, rest = divmod(numerator * scale, denominator)
    twice = 2 * rest
    if twice > denominator or (twice == denominator and quotient % 2):
        quotient += 1
    return quotient / scale


def add(parts: Iterable[Mapping[str, int]]) -> dict[str, int]:
    """Column by column sum of SUMS."""
    total = dict.fromkeys(SUMS, 0)
    for part in parts:
        for name in SUMS:
            total[name] += part[name]
    return total


def figures(parts: Sequence[Part], unknown_us: int) -> Figures:
    """Of one machine over one range: `unknown_us` is all of U, stored, missing and open."""
    sums = dict(parts[0].sums) if len(parts) == 1 else add(p.sums for p in parts)
    den = 1
    for part in parts:
        if part.cycle is not None:
            den = lcm(den, part.cycle[1])
    ideal_pq = ideal_gq = seen = 0
    unrated = rated = False
    for part in parts:
        pq = part.sums["produced_units"] - part.sums["produced_uncovered"]
        gq = part.sums["good_units"] - part.sums["good_uncovered"]
        if part.cycle is None:
            unrated = unrated or part.sums["produced_units"] != 0
            continue
        rated = True
        weight = part.cycle[0] * (den // part.cycle[1])
        ideal_pq += weight * pq
        ideal_gq += weight * gq
        seen += weight * part.sums["good_in_unknown"]
    pbt = (
        sums["running_us"]
        + sums["idle_job_us"]
        + sums["idle_no_job_us"]
        + sums["error_us"]
        + sums["repair_us"]
    )
    healed = unknown_us > 0 and sums["unknown_healed_us"] >= unknown_us
    worst = ideal_gq + seen
    # Best is max(worst, ideal*GQ + U): every unknown microsecond could have made good pieces.
    best = worst if healed else max(worst, ideal_gq + unknown_us * den)
    return Figures(
        sums=sums,
        pbt_us=pbt,
        apt_us=sums["running_us"],
        unknown_us=unknown_us,
        pq=sums["produced_units"] - sums["produced_uncovered"],
        gq=sums["good_units"] - sums["good_uncovered"],
        gq_seen_in_unknown=sums["good_in_unknown"],
        ideal_pq=ideal_pq,
        ideal_gq=ideal_gq,
        worst_num=worst,
        best_num=best,
        ideal_den=den,
        healed=healed,
        unrated=unrated,
        rated=rated,
    )


def over_machines(each: Sequence[Figures]) -> Figures:
    """The ratio of sums over machines (SEMANTICS 12); every term on one common denominator."""
    den = lcm(1, *(f.ideal_den for f in each))

    def total(name: str) -> int:
        return sum(getattr(f, name) * (den // f.ideal_den) for f in each)

    return Figures(
        sums=add(f.sums for f in each),
        pbt_us=sum(f.pbt_us for f in each),
        apt_us=sum(f.apt_us for f in each),
        unknown_us=sum(f.unknown_us for f in each),
        pq=sum(f.pq for f in each),
        gq=sum(f.gq for f in each),
        gq_seen_in_unknown=sum(f.gq_seen_in_unknown for f in each),
        ideal_pq=total("ideal_pq"),
        ideal_gq=total("ideal_gq"),
        worst_num=total("worst_num"),
        best_num=total("best_num"),
        ideal_den=den,
        healed=bool(each) and all(f.healed or f.unknown_us == 0 for f in each),
        unrated=any(f.unrated for f in each),
        rated=any(f.rated for f in each),
    )


def _flags(f: Figures, coverage: float | None, counts: str | None) -> list[str]:
    flags = []
    if f.unrated or not f.rated:
        flags.append(MIXED_RATE if f.rated else NO_RATE)
    if counts in ("production", "good"):
        flags.append(QUALITY_ASSUMED)
    if f.pbt_us == 0:
        flags.append(NO_TIME)
    if coverage is not None and coverage < LOW_COVERAGE:
        flags.append(LOW)
    return flags


def twin(f: Figures, counts: str | None = None) -> dict[str, Any]:
    """The OEE as JSON: ratios (None where SEMANTICS says null) and the integers beside them.

    `ideal_us` is the ideal time of the produced units cut to whole microseconds; the exact value
    is `ideal_exact` (numerator, denominator) in microseconds.
    """
    den = f.ideal_den
    rated = f.rated and not f.unrated
    coverage = ratio(f.pbt_us, f.pbt_us + f.unknown_us)
    if coverage is None:
        coverage = 1.0
    weighted = rated and f.ideal_pq > 0
    quality = ratio(f.ideal_gq, f.ideal_pq) if weighted else ratio(f.gq, f.pq)
    whole = (f.pbt_us + f.unknown_us) * den
    oee = ratio(f.ideal_gq, f.pbt_us * den) if rated else None
    s = f.sums
    produced = s["good_units"] + s["scrap_units"]
    scrap_rate = ratio(s["scrap_units"], produced)
    error_share = ratio(s["error_us"], f.pbt_us)
    health = None
    if oee is not None and scrap_rate is not None and error_share is not None:
        health = round(min(oee, 1.0) * (1 - scrap_rate) * (1 - error_share), 6)
    return {
        "oee": oee,
        "availability": ratio(f.apt_us, f.pbt_us),
        "effectiveness": ratio(f.ideal_pq, f.apt_us * den) if rated and f.pbt_us else None,
        "quality": quality if f.pbt_us else None,
        "coverage": coverage,
        "worst": ratio(f.worst_num, whole) if rated else None,
        "best": ratio(f.best_num, whole) if rated else None,
        "health": health,
        "pbt_us": f.pbt_us,
        "apt_us": f.apt_us,
        "unknown_us": f.unknown_us,
        "units": f.pq,
        "good_units_in_oee": f.gq,
        "units_uncovered": s["produced_uncovered"],
        "ideal_us": f.ideal_pq // den if rated else None,
        "ideal_good_us": f.ideal_gq // den if rated else None,
        "ideal_exact": [f.ideal_pq, den] if rated else None,
        "piece_yield": ratio(f.gq, f.pq),
        "produced_units": s["produced_units"],
        "good_units": s["good_units"],
        "scrap_units": s["scrap_units"],
        "scrap_rate": scrap_rate,
        "alarm_count": s["alarm_count"],
        "readings": s["readings"],
        "incidents": s["incidents"],
        "flags": _flags(f, coverage, counts),
    }
