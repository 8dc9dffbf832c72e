"""The centre: readings in any order, with any duplicates, in; rows, carry and tail out."""

from __future__ import annotations

from dataclasses import dataclass, field

import polars as pl

from andon.kernel import deaths, silence
from andon.kernel.carry import SLOT, Carry
from andon.kernel.fold import REPLACED_SCHEMA, Folded, fold
from andon.kernel.tail import Tail
from andon.kernel.work import kernel_columns, plan_columns, shortest_gap_us
from andon.model import (
    ALERTS,
    ANOMALIES,
    FAILURES,
    GAPS,
    INCIDENTS,
    INTERVALS,
    JOBS,
    MEASURES,
    MINUTES,
    SCRAP,
    Frame,
)
from andon.plan import Plan
from andon.units import MINUTE_US

OUTPUTS: tuple[Frame, ...] = (
    INTERVALS, MINUTES, MEASURES, SCRAP, INCIDENTS, FAILURES, ANOMALIES, GAPS, JOBS, ALERTS,
)  # fmt: skip


def _nothing(frame: Frame) -> pl.DataFrame:
    """No rows of a frame's law columns; made once per frame."""
    if frame.name not in _EMPTY:
        _EMPTY[frame.name] = pl.DataFrame(schema=law_schema(frame))
    return _EMPTY[frame.name]


_EMPTY: dict[str, pl.DataFrame] = {}


def law_schema(frame: Frame) -> dict[str, pl.DataType]:
    """The frame's law columns: what the kernel gives; record columns are the sink's."""
    return {c.name: c.kind.dtype for c in frame.columns if c.law}


KEY_SCHEMA = {"machine_id": pl.String(), "time": pl.Int64(), "identity": pl.Binary()}


@dataclass(frozen=True, slots=True)
class Step:
    """What a batch changes. Frames carry the law columns of their model frame.

    carry, tail: what the next call takes.
    replaced: machine_id, after, minute_from, interval_from: before the rows are written, what the
        machine has in minutes >= minute_from, intervals starting >= interval_from, and events at
        instants > after (incidents, failures: start > after) is deleted.
    snapshots: carries as of the last reading of a minute, for recovery and recomputation.
    duplicates: copies, one row each (machine_id, time, identity); seen: identities that were
        there before this batch. late: readings behind the head. awaiting: those among the rest
        that are older than the watermark: to be stored, not in the rows.
    changed: slots of the machines whose head is another one than before.
    """

    carry: Carry
    tail: Tail
    intervals: pl.DataFrame = field(default_factory=lambda: _nothing(INTERVALS))
    minutes: pl.DataFrame = field(default_factory=lambda: _nothing(MINUTES))
    measures: pl.DataFrame = field(default_factory=lambda: _nothing(MEASURES))
    scrap: pl.DataFrame = field(default_factory=lambda: _nothing(SCRAP))
    incidents: pl.DataFrame = field(default_factory=lambda: _nothing(INCIDENTS))
    failures: pl.DataFrame = field(default_factory=lambda: _nothing(FAILURES))
    anomalies: pl.DataFrame = field(default_factory=lambda: _nothing(ANOMALIES))
    gaps: pl.DataFrame = field(default_factory=lambda: _nothing(GAPS))
    jobs: pl.DataFrame = field(default_factory=lambda: _nothing(JOBS))
    alerts: pl.DataFrame = field(default_factory=lambda: _nothing(ALERTS))
    replaced: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=REPLACED_SCHEMA))
    snapshots: Carry = field(default_factory=Carry.empty)
    duplicates: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=KEY_SCHEMA))
    seen: pl.Series = field(default_factory=lambda: pl.Series("identity", [], pl.Binary()))
    late: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=KEY_SCHEMA))
    awaiting: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=KEY_SCHEMA))
    changed: pl.Series = field(default_factory=lambda: pl.Series("slot", [], SLOT))


def advance(
    carry: Carry,
    tail: Tail,
    readings: pl.DataFrame,
    inputs: pl.DataFrame | None,
    now: int | None,
    plan: Plan,
) -> Step:
    """Takes a set of readings (model.READINGS, any order, any duplicates) into the carry.

    inputs: what people entered (model.INPUTS). now: instant that confirms silence, us; None
    confirms none. Data never makes it raise.
    """
    del inputs  # people's input is judged with the calendar
    names = _names(carry, readings)
    fresh, copies, seen = _admitted(carry, tail, _slotted(readings, names, plan))
    awaiting, late = fresh.clear(), fresh.clear()
    if not _all_in_order(fresh):
        too_old = pl.col("time") < pl.col("head") - plan.allowed_lateness_us
        awaiting = fresh.filter(too_old.fill_null(False))
        fresh = fresh.filter(~too_old.fill_null(False))
        late = fresh.filter((pl.col("time") <= pl.col("head")).fill_null(False))
    fresh = fresh.drop("head")
    since = _since(carry, fresh, late, plan)
    base, rows = _bases(carry, tail, fresh, since)
    folded = fold(base, rows, names, plan, since["slot"])
    touched = folded.carry.head["slot"]
    moved = carry.replaced_by(folded.carry)
    result = _with_silence(carry, moved, folded, now, plan)
    on_time = touched.filter(~touched.is_in(since["slot"].implode()))
    tail = tail.append(fresh, carry.only(on_time), since).compacted(
        result.carry.head, plan.allowed_lateness_us
    )
    return Step(
        carry=result.carry,
        tail=tail,
        intervals=result.intervals,
        minutes=_named(result.minutes, names, MINUTES),
        measures=_named(folded.measures, names, MEASURES),
        scrap=_named(folded.scrap, names, SCRAP),
        incidents=_named(folded.incidents, names, INCIDENTS),
        failures=_named(folded.failures, names, FAILURES),
        anomalies=_named(folded.anomalies, names, ANOMALIES),
        gaps=_named(folded.gaps, names, GAPS),
        replaced=result.replaced,
        snapshots=folded.snapshots,
        duplicates=_keys(copies, names),
        seen=seen,
        late=_keys(late, names),
        awaiting=_keys(awaiting, names),
        changed=result.changed,
    )


def rebuild(
    bases: Carry, readings: pl.DataFrame, heads: pl.DataFrame, plan: Plan
) -> tuple[Carry, Tail]:
    """Carry and tail from older carries and the readings after them.

    heads: slot, machine_id, silent of all machines. A machine without a base starts from birth.
    """
    names = heads.select("slot", "machine_id")
    rows = _slotted(readings, names, plan)
    folded = fold(bases, rows, names, plan, pl.Series("slot", [], dtype=SLOT))
    silent = heads.filter("silent")["slot"].implode()
    head = folded.carry.head.with_columns(silent=pl.col("slot").is_in(silent)).sort("slot")
    carry = Carry(head, folded.carry.minutes, folded.carry.measures)
    return carry, Tail((rows,), (bases,) if bases.head.height else (), rows.height)


def _names(carry: Carry, readings: pl.DataFrame) -> pl.DataFrame:
    """slot, machine_id, head (newest reading): known machines, then new ones by name."""
    known = carry.head.select("slot", "machine_id", head="time")
    if readings["machine_id"].is_in(known["machine_id"].implode()).all():
        return known
    new = (
        readings.filter(~pl.col("is_death"))  # a death alone begins no machine
        .select("machine_id")
        .unique()
        .join(known, on="machine_id", how="anti")
        .sort("machine_id")
        .with_row_index("slot", known.height)
        .select(pl.col("slot").cast(SLOT), "machine_id", head=pl.lit(None, pl.Int64()))
    )
    return pl.concat([known, new]) if new.height else known


def _slotted(readings: pl.DataFrame, names: pl.DataFrame, plan: Plan) -> pl.DataFrame:
    """Kernel columns with `slot` in place of the name, and `head` if `names` has it."""
    columns = [n for n in kernel_columns(plan) if n in readings.columns]
    slot = pl.col("machine_id").replace_strict(
        names["machine_id"], names["slot"], default=None, return_dtype=SLOT
    )
    told = readings.select("is_death", *columns, slot=slot)
    if told["slot"].null_count():
        told = told.filter(pl.col("slot").is_not_null())
    if "head" not in names.columns:
        return told
    return told.with_columns(names["head"].gather(told["slot"]))


def _all_in_order(readings: pl.DataFrame) -> bool:
    """Whether every reading lies after its machine's head."""
    return not (readings["time"] <= readings["head"]).any()


def _admitted(
    carry: Carry, tail: Tail, readings: pl.DataFrame
) -> tuple[pl.DataFrame, pl.DataFrame, pl.Series]:
    """Readings not seen before, the copies, and the identities that the tail holds.

    Equal bytes mean equal machine and time, so only readings that share these are compared.
    readings: with `head`, the machine's newest reading so far.
    """
    copies, seen = readings.clear(), pl.Series("identity", [], pl.Binary())
    first = readings["identity"].is_first_distinct()
    if not first.all():
        readings, copies = readings.filter(first), readings.filter(~first)
    if _all_in_order(readings) and not readings["is_death"].any():
        return readings, copies, seen
    behind = readings.filter((pl.col("time") <= pl.col("head")) | pl.col("is_death"))
    held = tail.of(behind["slot"].unique())
    if held is None:
        return readings, copies, seen
    again = behind.join(held.select("slot", "identity"), on=["slot", "identity"], how="semi")
    if again.is_empty():
        return readings, copies, seen
    seen = again["identity"]
    fresh = readings.filter(~pl.col("identity").is_in(seen.implode()))
    return fresh, pl.concat([copies, again]), seen


def _since(carry: Carry, fresh: pl.DataFrame, late: pl.DataFrame, plan: Plan) -> pl.DataFrame:
    """slot, since: machines to be computed anew, from their last head before that instant on.

    Those with late readings, and those that go on while several deaths can still matter.
    """
    since = late.group_by("slot").agg(since=pl.col("time").min())
    if carry.head["death"].null_count() == carry.head.height:
        return since
    dying = carry.head.filter(
        deaths.may_matter(plan.max_future_us) & pl.col("slot").is_in(fresh["slot"].implode())
    ).select("slot", since="time")
    return pl.concat([since, dying]).group_by("slot").agg(pl.col("since").min())


def _bases(
    carry: Carry, tail: Tail, fresh: pl.DataFrame, since: pl.DataFrame
) -> tuple[Carry, pl.DataFrame]:
    """Where each touched machine starts from, and the readings to take from there on.

    since: slot, since: the machines that are computed anew, from a head before that instant.
    """
    slots = fresh["slot"].unique()
    if since.is_empty():
        return carry.only(slots), fresh
    older = tail.before(since)
    starts = since.join(older.head.select("slot", base="time"), on="slot", how="left")
    held = tail.of(since["slot"])
    rows = fresh
    if held is not None:
        again = held.join(starts, on="slot").filter(
            pl.col("base").is_null() | (pl.col("time") > pl.col("base"))
        )
        rows = pl.concat([fresh, again.drop("since", "base")], how="diagonal")
    heads = carry.only(slots.filter(~slots.is_in(since["slot"].implode())))
    base = Carry(
        pl.concat([heads.head, older.head]),
        pl.concat([heads.minutes, older.minutes]),
        pl.concat([heads.measures, older.measures]),
    )
    return base, rows


@dataclass(frozen=True, slots=True)
class _Result:
    carry: Carry
    intervals: pl.DataFrame
    minutes: pl.DataFrame
    replaced: pl.DataFrame
    changed: pl.Series


def _may_be_quiet(before: Carry, moved: Carry, now: int | None, plan: Plan) -> bool:
    """Whether a machine was silent, is dead, or can have become silent by `now`."""
    head = moved.head
    if before.head["silent"].any() or head["death"].null_count() < head.height:
        return True
    oldest = head["time"].min()
    return now is not None and isinstance(oldest, int) and now > oldest + shortest_gap_us(plan)


def _with_silence(
    before: Carry, moved: Carry, folded: Folded, now: int | None, plan: Plan
) -> _Result:
    """Lays silence over the heads that are touched, or that have just become silent."""
    touched = folded.carry.head["slot"]
    if not _may_be_quiet(before, moved, now, plan):
        return _Result(
            moved, folded.intervals.drop("slot"), folded.minutes, folded.replaced, touched
        )
    concerned = moved.head.filter(pl.col("slot").is_in(touched.implode()) | ~pl.col("silent"))
    gaps = plan_columns(concerned.select("slot", "machine_id"), plan).select("slot", "max_gap")
    part = Carry(concerned, moved.minutes, moved.measures)
    found = silence.quiet(part, gaps, now, plan)
    replaced = folded.replaced
    silent_before = before.head.filter(
        pl.col("silent") & pl.col("slot").is_in(touched.implode())
    ).join(folded.replaced, on="machine_id", how="anti")
    if silent_before.height:
        replaced = pl.concat(
            [
                replaced,
                silent_before.select(
                    "machine_id",
                    after="time",
                    minute_from=pl.col("time") - pl.col("time") % MINUTE_US,
                    interval_from="interval_start",
                ),
            ]
        )
    if found.slots.is_empty():
        return _Result(moved, folded.intervals.drop("slot"), folded.minutes, replaced, touched)
    gone = found.slots.implode()
    head = moved.head.with_columns(silent=pl.col("silent") | pl.col("slot").is_in(gone))
    intervals = pl.concat(
        [
            folded.intervals.join(found.intervals, on=["slot", "start"], how="anti"),
            found.intervals,
        ]
    )
    minutes = pl.concat(
        [
            folded.minutes.join(found.minutes, on=["slot", "minute", "rate_id"], how="anti"),
            found.minutes,
        ]
    )
    return _Result(
        Carry(head, moved.minutes, moved.measures),
        intervals.drop("slot"),
        minutes,
        replaced,
        pl.concat([touched, found.slots]).unique(),
    )


def _named(rows: pl.DataFrame, names: pl.DataFrame, frame: Frame) -> pl.DataFrame:
    """Rows with machine_id in place of slot, the law columns in order."""
    if rows.is_empty():
        return _nothing(frame)
    return rows.join(names, on="slot", how="inner", maintain_order="left").select(
        [c.name for c in frame.columns if c.law]
    )


def _keys(readings: pl.DataFrame, names: pl.DataFrame) -> pl.DataFrame:
    if readings.is_empty():
        return pl.DataFrame(schema=KEY_SCHEMA)
    return readings.join(names, on="slot", how="inner").select("machine_id", "time", "identity")
