"""The judge of one machine's running totals (SEMANTICS 20 to 22), one reading after the other.

`counts.py` does the usual case in columns; whatever is not plainly usual comes here.
"""

from __future__ import annotations

from fractions import Fraction
from math import ceil
from typing import NamedTuple

from andon.model import AnomalyKind

MAX_BOOTS = 8
"""Boots begun before that are remembered; one that is older reads as a new boot."""


class Lane(NamedTuple):
    """What is kept of one counter; the carry's columns of these names, prefixed by the lane."""

    total: int | None = None
    total_at: int | None = None
    boot: str | None = None
    since: int = 0
    since_boot: int = 0
    known_us: int = 0
    unknown_us: int = 0
    old_total: int | None = None
    old_total_at: int | None = None
    old_boot: str | None = None
    pending: int | None = None
    pending_at: int | None = None
    pending_identity: bytes | None = None
    pending_since: int = 0
    pending_known_us: int = 0
    pending_unknown_us: int = 0


LANE_FIELDS = Lane._fields


class Seen(NamedTuple):
    """One reading as one counter sees it. step_*: time since the machine's reading before.

    p_boot: boot held before it. boots: boots begun so far, this one's included, newest first.
    """

    time: int
    identity: bytes
    boot: str | None
    total: int | None
    increment: int | None
    p_time: int
    step_known_us: int
    step_unknown_us: int
    p_boot: str | None
    boots: tuple[str, ...]


class Limits(NamedTuple):
    """What the plan says of the machine's counters. max_rate: units per microsecond."""

    max_rate: Fraction | None
    modulus: int | None


class Booked(NamedTuple):
    """What a reading books: units and the span (start, reading] in which they arose.

    via_total: an accepted total booked it; heals: its span is healed (SEMANTICS 10).
    """

    units: int
    span_start: int
    known_us: int
    unknown_us: int
    via_total: bool
    heals: bool


class Anomaly(NamedTuple):
    """A row of model.ANOMALIES without machine and counter."""

    time: int
    identity: bytes
    kind: AnomalyKind
    value: int
    baseline: int | None
    units: int
    outcome: str | None


def plausible(rise: int, elapsed_us: int, limits: Limits) -> bool:
    """0 <= rise <= max_rate * time, rounded up; any rise >= 0 without a max_rate."""
    if rise < 0:
        return False
    return limits.max_rate is None or rise <= ceil(limits.max_rate * max(elapsed_us, 0))


def rollover(rise_from: int, value: int, elapsed_us: int, limits: Limits) -> int | None:
    """The rise across a rollover, or None where the step is none."""
    modulus = limits.modulus
    if modulus is None or not value < rise_from < modulus:
        return None
    rise = value + modulus - rise_from
    if limits.max_rate is None:
        top = rise_from >= modulus - modulus // 16
        return rise if top and value < modulus // 16 else None
    return rise if plausible(rise, elapsed_us, limits) else None


def is_reset(baseline: int, value: int, new_boot: bool) -> bool:
    """At most half of the baseline, and first of a new boot or close to zero."""
    return 2 * value <= baseline and (new_boot or value <= max(10, baseline // 100))


def judge(lane: Lane, seen: Seen, limits: Limits) -> tuple[Lane, Booked, list[Anomaly]]:
    """What a reading does to a counter."""
    lane = lane._replace(
        since_boot=lane.since_boot if seen.boot == seen.p_boot else 0,
        known_us=lane.known_us + seen.step_known_us,
        unknown_us=lane.unknown_us + seen.step_unknown_us,
    )
    if lane.pending is not None:
        lane = lane._replace(
            pending_known_us=lane.pending_known_us + seen.step_known_us,
            pending_unknown_us=lane.pending_unknown_us + seen.step_unknown_us,
        )
    if seen.total is None or lane.total is None:
        return _increment(lane, seen)
    age = seen.boots.index(seen.boot) if seen.boot in seen.boots else 0
    if age == 0 or seen.boot == lane.boot:
        return _total(lane, seen, limits)
    if age == 1 and seen.boot != lane.old_boot:  # went on at the baseline: shares it
        return _total(lane, seen._replace(boot=lane.boot), limits)
    return _old_boot(lane, seen, limits)


def _increment(lane: Lane, seen: Seen) -> tuple[Lane, Booked, list[Anomaly]]:
    """No baseline to rise from: the increment counts; a first total becomes the baseline."""
    units = seen.increment or 0
    booked = Booked(
        units, seen.p_time, seen.step_known_us, seen.step_unknown_us, via_total=False, heals=False
    )
    if seen.total is not None:
        return _baseline(lane, seen), booked, []
    return (
        lane._replace(
            since=lane.since + units,
            since_boot=lane.since_boot + units,
            pending_since=lane.pending_since + (0 if lane.pending is None else units),
        ),
        booked,
        [],
    )


def _baseline(lane: Lane, seen: Seen) -> Lane:
    """The lane with the reading's total as baseline; nothing pending."""
    return Lane(
        total=seen.total,
        total_at=seen.time,
        boot=seen.boot,
        old_total=lane.old_total,
        old_total_at=lane.old_total_at,
        old_boot=lane.old_boot,
    )


def _total(lane: Lane, seen: Seen, limits: Limits) -> tuple[Lane, Booked, list[Anomaly]]:
    value, base, at = seen.total or 0, lane.total or 0, lane.total_at or 0
    elapsed = seen.time - at
    new_boot = seen.boot != lane.boot
    if plausible(value - base, elapsed, limits):
        return _accept(lane, seen, value - base - lane.since, [])
    across = None if new_boot else rollover(base, value, elapsed, limits)
    if across is not None:
        units = across - lane.since
        note = Anomaly(seen.time, seen.identity, AnomalyKind.ROLLOVER, value, base, units, None)
        return _accept(lane, seen, units, [note])
    if is_reset(base, value, new_boot) and plausible(value, elapsed, limits):
        units = value - (lane.since_boot if new_boot else 0)
        note = Anomaly(seen.time, seen.identity, AnomalyKind.RESET, value, base, units, None)
        if new_boot:
            lane = lane._replace(old_total=base, old_total_at=at, old_boot=lane.boot)
        return _accept(lane, seen, units, [note], heals=False)
    if lane.pending is not None and plausible(
        value - lane.pending, seen.time - (lane.pending_at or 0), limits
    ):
        return _confirm(lane, seen)
    pending = Anomaly(seen.time, seen.identity, AnomalyKind.SUSPICIOUS, value, base, 0, None)
    waits = lane._replace(
        pending=value,
        pending_at=seen.time,
        pending_identity=seen.identity,
        pending_since=0,
        pending_known_us=0,
        pending_unknown_us=0,
    )
    return waits, _nothing(seen), [*_outcome(lane, "replaced"), pending]


def _accept(
    lane: Lane, seen: Seen, units: int, notes: list[Anomaly], *, heals: bool = True
) -> tuple[Lane, Booked, list[Anomaly]]:
    """Books a total against the baseline; a pending one is refuted by it."""
    notes = [*_outcome(lane, "refuted"), *notes]
    if units < 0:
        notes.append(_overruled(seen, lane.total, units))
    booked = Booked(
        units, lane.total_at or 0, lane.known_us, lane.unknown_us, via_total=True, heals=heals
    )
    return _baseline(lane, seen), booked, notes


def _confirm(lane: Lane, seen: Seen) -> tuple[Lane, Booked, list[Anomaly]]:
    """The total after a suspicious one agrees with it: a jump is booked whole."""
    value, base, pending = seen.total or 0, lane.total or 0, lane.pending or 0
    jump = pending > base
    if jump:
        units, start = value - base - lane.since, lane.total_at or 0
        known, unknown = lane.known_us, lane.unknown_us
    else:
        units, start = value - pending - lane.pending_since, lane.pending_at or 0
        known, unknown = lane.pending_known_us, lane.pending_unknown_us
    notes = _outcome(lane, "confirmed", units)
    if units < 0:
        notes.append(_overruled(seen, lane.total, units))
    booked = Booked(units, start, known, unknown, via_total=True, heals=jump)
    return _baseline(lane, seen), booked, notes


def _overruled(seen: Seen, base: int | None, units: int) -> Anomaly:
    return Anomaly(
        seen.time, seen.identity, AnomalyKind.OVERRULED, seen.total or 0, base, units, None
    )


def _outcome(lane: Lane, outcome: str, units: int = 0) -> list[Anomaly]:
    """The row of the pending total with what became of it."""
    if lane.pending is None or lane.pending_identity is None:
        return []
    return [pending_row(lane, outcome, units)]


def pending_row(lane: Lane, outcome: str | None, units: int = 0) -> Anomaly:
    """The anomaly of a lane's pending total."""
    return Anomaly(
        lane.pending_at or 0,
        lane.pending_identity or b"",
        AnomalyKind.SUSPICIOUS,
        lane.pending or 0,
        lane.total,
        units,
        outcome,
    )


def settled(lane: Lane) -> Lane:
    """The lane as it is kept: before the first total nothing is summed."""
    if lane.total is not None:
        return lane
    return lane._replace(since=0, since_boot=0, known_us=0, unknown_us=0)


def _nothing(seen: Seen) -> Booked:
    return Booked(
        0, seen.p_time, seen.step_known_us, seen.step_unknown_us, via_total=False, heals=False
    )


def _old_boot(lane: Lane, seen: Seen, limits: Limits) -> tuple[Lane, Booked, list[Anomaly]]:
    """A total of the boot before counts against its own baseline; of an older one not at all."""
    value = seen.total or 0
    if seen.boot == lane.old_boot and lane.old_total is not None:
        rise = value - lane.old_total
        if plausible(rise, seen.time - (lane.old_total_at or 0), limits):
            moved = lane._replace(old_total=value, old_total_at=seen.time)
            booked = Booked(
                rise,
                seen.p_time,
                seen.step_known_us,
                seen.step_unknown_us,
                via_total=True,
                heals=False,
            )
            return moved, booked, []
    note = Anomaly(seen.time, seen.identity, AnomalyKind.OLD_BOOT, value, lane.total, 0, None)
    return lane, _nothing(seen), [note]


def reclassified(good: Lane, scrap: Lane, seen: tuple[Seen, Seen]) -> int | None:
    """Units by which good fell and scrap rose in one reading of the same boot, else None."""
    first, second = seen
    if first.total is None or second.total is None or good.total is None or scrap.total is None:
        return None
    if first.boot != good.boot or second.boot != scrap.boot:
        return None
    moved = good.total - first.total
    return moved if moved > 0 and second.total - scrap.total == moved else None


def reclassify(lane: Lane, seen: Seen, units: int) -> tuple[Lane, Booked, list[Anomaly]]:
    """Books a reclassification to one counter, without a rate test."""
    lane = lane._replace(
        known_us=lane.known_us + seen.step_known_us,
        unknown_us=lane.unknown_us + seen.step_unknown_us,
    )
    booked = Booked(
        units - lane.since,
        lane.total_at or 0,
        lane.known_us,
        lane.unknown_us,
        via_total=True,
        heals=True,
    )
    return _baseline(lane, seen), booked, _outcome(lane, "refuted")
