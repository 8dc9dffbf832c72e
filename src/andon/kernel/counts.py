"""Counts in columns: what each reading books for each of the machine's counters.

The usual case (same boot, totals that rise plausibly, no correction) is vectors; a machine that
shows anything else goes through `counters.judge`, reading by reading.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import polars as pl

from andon.kernel.codes import GOOD, GOOD_SCRAP, NO_MODE, PRODUCTION, PRODUCTION_SCRAP
from andon.kernel.counters import (
    LANE_FIELDS,
    MAX_BOOTS,
    Anomaly,
    Booked,
    Lane,
    Limits,
    Seen,
    judge,
    pending_row,
    reclassified,
    reclassify,
    settled,
)
from andon.kernel.work import NONE
from andon.model import ANOMALIES, COUNTER_LANES, AnomalyKind
from andon.plan import MachinePlan, Plan

MAIN, SCRAP = COUNTER_LANES
_GOOD_MODES = [GOOD_SCRAP, GOOD]
_SCRAP_MODES = [GOOD_SCRAP, PRODUCTION_SCRAP]
_RATE_MARGIN = 1 - 1e-9


@dataclass(frozen=True, slots=True)
class Lanes:
    """rows: with `<lane>_units`, `_start`, `_known`, `_unknown`, `_via`, `_heals` per lane.

    anomalies: slot, row, and model.ANOMALIES without machine. judged: slots that were walked;
    state: their lanes and boots by (slot, row), at the rows asked for.
    """

    rows: pl.DataFrame
    anomalies: pl.DataFrame
    judged: frozenset[int]
    state: pl.DataFrame


ANOMALY_SCHEMA = {
    "slot": pl.Int32(),
    "row": pl.UInt32(),
    "time": pl.Int64(),
    "identity": pl.Binary(),
    "counter": pl.String(),
    "kind": pl.String(),
    "value": pl.Int64(),
    "baseline": pl.Int64(),
    "units": pl.Int64(),
    "outcome": pl.String(),
}
assert set(ANOMALY_SCHEMA) - {"slot", "row"} <= set(ANOMALIES.names)


def with_mode(rows: pl.DataFrame) -> pl.DataFrame:
    """Adds `mode`: planned, carried (head rows' `mode0`), else by the first reading that serves."""
    good = pl.col("total_good_units").is_not_null() | pl.col("good_units").is_not_null()
    scrap = pl.col("total_scrap_units").is_not_null() | pl.col("scrap_units").is_not_null()
    made = pl.col("production_count").is_not_null()
    serves = (
        pl.when(good & scrap)
        .then(pl.lit(GOOD_SCRAP, pl.Int8()))
        .when(made & scrap)
        .then(pl.lit(PRODUCTION_SCRAP, pl.Int8()))
        .when(made)
        .then(pl.lit(PRODUCTION, pl.Int8()))
        .when(good)
        .then(pl.lit(GOOD, pl.Int8()))
    )
    rows = rows.with_columns(
        chosen=pl.when(pl.col("is_head"))
        .then(pl.coalesce("mode", "mode0", pl.lit(NO_MODE, pl.Int8())))
        .otherwise(None)
        .forward_fill()
    )
    if not (rows["chosen"] == NO_MODE).any():
        return rows.with_columns(mode=pl.col("chosen")).drop("chosen")
    open_ = pl.col("chosen") == NO_MODE
    first = (
        rows.with_columns(serves=serves)
        .filter(open_ & ~pl.col("is_head") & pl.col("serves").is_not_null())
        .unique("slot", keep="first", maintain_order=True)
        .select("slot", since_row="row", found="serves")
    )
    return (
        rows.join(first, on="slot", how="left", maintain_order="left")
        .with_columns(
            mode=pl.when(~open_)
            .then("chosen")
            .when(pl.col("row") >= pl.col("since_row"))
            .then("found")
        )
        .drop("chosen", "since_row", "found")
    )


def with_counters(rows: pl.DataFrame) -> pl.DataFrame:
    """Adds `main_total`, `main_inc`, `scrap_total`, `scrap_inc` as the mode names them."""
    good = pl.col("mode").is_in(_GOOD_MODES)
    scrap = pl.col("mode").is_in(_SCRAP_MODES)
    return rows.with_columns(
        main_tot=pl.when(good)
        .then("total_good_units")
        .when(pl.col("mode").is_not_null())
        .then("production_count"),
        main_inc=pl.when(good).then("good_units"),
        scrap_tot=pl.when(scrap).then("total_scrap_units"),
        scrap_inc=pl.when(scrap).then("scrap_units"),
    )


def _plain_lane(rows: pl.DataFrame, lane: str) -> pl.DataFrame:
    """The usual case of one lane, and `<lane>_odd` where it is not usual."""
    head, tot, inc = pl.col("is_head"), pl.col(f"{lane}_tot"), pl.col(f"{lane}_inc")
    has = tot.is_not_null() & ~head

    def at_baseline(value: pl.Expr, carried: pl.Expr) -> pl.Expr:
        return pl.when(head).then(carried).when(has).then(value).otherwise(None).forward_fill()

    rows = rows.with_columns(
        base=at_baseline(tot, pl.col(f"{lane}_total0")),
        base_at=at_baseline(pl.col("time"), pl.col(f"{lane}_at0")),
    ).with_columns(p_base=pl.col("base").shift(1), p_base_at=pl.col("base_at").shift(1))
    rises = has & (pl.col("p_base") != NONE)
    rows = rows.with_columns(
        rises=rises, inc=pl.when(rises | head).then(0).otherwise(inc.fill_null(0))
    ).with_columns(cum=pl.col("inc").cum_sum())
    rows = rows.with_columns(
        at_baseline(pl.col(value), pl.col(value) - pl.col(f"{lane}_{carried}")).alias(
            f"base_{name}"
        )
        for name, value, carried in (
            ("cum", "cum", "since0"),
            ("boot_cum", "cum", "since_boot0"),
            ("known", "known_cum", "known0"),
            ("unknown", "unknown_cum", "unknown0"),
        )
    )
    p_cum = pl.col("cum").shift(1)
    rise = tot - pl.col("p_base")
    units = rise - (p_cum - pl.col("base_cum").shift(1))
    limit = pl.col("rate") * (pl.col("time") - pl.col("p_base_at")) * _RATE_MARGIN
    odd = rises & ((rise < 0) | (units < 0) | (rise > limit).fill_null(False))
    return rows.with_columns(
        pl.when(rises).then(units).otherwise(pl.col("inc")).alias(f"{lane}_units"),
        pl.when(rises).then("p_base_at").otherwise("p_time").alias(f"{lane}_start"),
        pl.when(rises)
        .then(pl.col("known_cum") - pl.col("base_known").shift(1))
        .otherwise("known_us")
        .alias(f"{lane}_known"),
        pl.when(rises)
        .then(pl.col("unknown_cum") - pl.col("base_unknown").shift(1))
        .otherwise("unknown_us")
        .alias(f"{lane}_unknown"),
        pl.col("rises").alias(f"{lane}_via"),
        pl.col("rises").alias(f"{lane}_heals"),
        odd.fill_null(False).alias(f"{lane}_odd"),
        *_kept(lane),
    ).drop(
        "base",
        "base_at",
        "p_base",
        "p_base_at",
        "rises",
        "inc",
        "cum",
        "base_cum",
        "base_boot_cum",
        "base_known",
        "base_unknown",
    )


def _kept(lane: str) -> list[pl.Expr]:
    """The lane as it stands after each row, under the carry's names."""
    return [
        pl.when(pl.col("base") == NONE).then(None).otherwise("base").alias(f"{lane}_total"),
        pl.when(pl.col("base") == NONE).then(None).otherwise("base_at").alias(f"{lane}_total_at"),
        (pl.col("cum") - pl.col("base_cum")).alias(f"{lane}_since"),
        (pl.col("cum") - pl.col("base_boot_cum")).alias(f"{lane}_since_boot"),
        (pl.col("known_cum") - pl.col("base_known")).alias(f"{lane}_known_us"),
        (pl.col("unknown_cum") - pl.col("base_unknown")).alias(f"{lane}_unknown_us"),
    ]


def counted(
    rows: pl.DataFrame,
    heads: pl.DataFrame,
    names: pl.DataFrame,
    plan: Plan,
    asked: pl.DataFrame,
) -> Lanes:
    """What each row books in each lane.

    rows: work rows with known_us, unknown_us (of the span that ends here), modes and counters.
    heads: carried rows. names: slot, machine_id. asked: slot, row where the lanes' state is wanted.
    """
    rows = rows.with_columns(
        known_cum=pl.col("known_us").cum_sum(), unknown_cum=pl.col("unknown_us").cum_sum()
    )
    for lane in COUNTER_LANES:
        rows = _plain_lane(rows, lane)
    moved = ~pl.col("is_head") & pl.col("boot").ne_missing(pl.col("boot").shift(1))
    odd = pl.col("main_odd") | pl.col("scrap_odd") | moved | pl.col("waiting").fill_null(False)
    judged = rows.filter(odd)["slot"].unique().to_list()
    if not judged:
        return Lanes(rows, pl.DataFrame(schema=ANOMALY_SCHEMA), frozenset(), pl.DataFrame())
    mine = pl.col("slot").is_in(judged)
    named = names.filter(mine).select("slot", "machine_id").iter_rows()
    walker = _Walker(
        {head["slot"]: head for head in heads.filter(mine).iter_rows(named=True)},
        {slot: plan.of(machine_id) for slot, machine_id in named},
        set(asked.select("slot", "row").rows()),
    )
    for record in rows.filter(mine).select(*_WALKED_COLUMNS).iter_rows(named=True):
        walker.step(record)
    new = pl.DataFrame(walker.booked, schema=_booked_schema(), orient="row")
    return Lanes(
        rows.update(new, on="row", how="left", include_nulls=True, maintain_order="left"),
        pl.DataFrame(walker.anomalies, schema=ANOMALY_SCHEMA, orient="row"),
        frozenset(judged),
        pl.DataFrame(walker.states, schema=_state_schema(), orient="row"),
    )


_WALKED_COLUMNS = (
    "slot", "row", "is_head", "time", "identity", "boot", "p_time", "known_us",
    "unknown_us", "mode", "main_tot", "main_inc", "scrap_tot", "scrap_inc", "again",
)  # fmt: skip


def _booked_schema() -> dict[str, pl.DataType]:
    schema: dict[str, pl.DataType] = {"row": pl.UInt32()}
    for lane in COUNTER_LANES:
        for name in ("units", "start", "known", "unknown"):
            schema[f"{lane}_{name}"] = pl.Int64()
        schema[f"{lane}_via"] = schema[f"{lane}_heals"] = pl.Boolean()
    return schema


def _state_schema() -> dict[str, pl.DataType]:
    schema: dict[str, pl.DataType] = {"slot": pl.Int32(), "row": pl.UInt32(), "boots": pl.String()}
    kinds = {"boot": pl.String(), "old_boot": pl.String(), "pending_identity": pl.Binary()}
    for lane in COUNTER_LANES:
        for name in LANE_FIELDS:
            schema[f"{lane}_{name}"] = kinds.get(name, pl.Int64())
    return schema


class _Walker:
    """Walks the readings of odd machines through `judge`."""

    def __init__(
        self,
        heads: Mapping[int, Mapping[str, Any]],
        machines: Mapping[int, MachinePlan],
        asked: set[tuple[int, int]],
    ) -> None:
        self.heads, self.machines, self.asked = heads, machines, asked
        self.booked: list[tuple[Any, ...]] = []
        self.anomalies: list[tuple[Any, ...]] = []
        self.states: list[tuple[Any, ...]] = []
        self.lanes = [Lane(), Lane()]
        self.boots: tuple[str, ...] = ()
        self.boot: str | None = None
        self.limits = Limits(None, None)

    def step(self, record: dict[str, Any]) -> None:
        """One work row."""
        if record["is_head"]:
            self._begin(record)
        else:
            self._read(record)
        if (record["slot"], record["row"]) in self.asked:
            values = [getattr(settled(lane), f) for lane in self.lanes for f in LANE_FIELDS]
            self.states.append((record["slot"], record["row"], "\n".join(self.boots), *values))

    def _begin(self, record: dict[str, Any]) -> None:
        head = self.heads.get(record["slot"])
        machine = self.machines[record["slot"]]
        self.limits = Limits(machine.max_rate, machine.counter_modulus)
        self.boot = record["boot"]
        if head is None:
            self.lanes = [Lane(), Lane()]
            self.boots = (self.boot,) if self.boot is not None else ()
            return
        self.lanes = [
            Lane(**{f: head[f"{lane}_{f}"] for f in LANE_FIELDS}) for lane in COUNTER_LANES
        ]
        self.boots = tuple(head["boots"].split("\n")) if head["boots"] else ()
        if record["again"]:
            for number, lane in enumerate(self.lanes):
                if lane.pending is not None:
                    self._note(record, number, pending_row(lane, None))

    def _read(self, record: dict[str, Any]) -> None:
        boot = record["boot"]
        if boot is not None and boot not in self.boots:
            self.boots = (boot, *self.boots)[:MAX_BOOTS]
        seen = [
            Seen(
                record["time"],
                record["identity"],
                boot,
                record[f"{lane}_tot"],
                record[f"{lane}_inc"],
                record["p_time"],
                record["known_us"],
                record["unknown_us"],
                self.boot,
                self.boots,
            )
            for lane in COUNTER_LANES
        ]
        booked = self._judge(record, (seen[0], seen[1]))
        self.boot = boot
        self.booked.append(
            (
                record["row"],
                *(
                    v
                    for b in booked
                    for v in (b.units, b.span_start, b.known_us, b.unknown_us, b.via_total, b.heals)
                ),
            )
        )

    def _judge(self, record: dict[str, Any], seen: tuple[Seen, Seen]) -> list[Booked]:
        moved = reclassified(self.lanes[0], self.lanes[1], seen)
        if moved is not None and record["mode"] == GOOD_SCRAP:
            return self._reclassify(record, seen, moved)
        out = []
        for number in (0, 1):
            self.lanes[number], booked, notes = judge(self.lanes[number], seen[number], self.limits)
            out.append(booked)
            for note in notes:
                self._note(record, number, note)
        return out

    def _reclassify(
        self, record: dict[str, Any], seen: tuple[Seen, Seen], moved: int
    ) -> list[Booked]:
        base = self.lanes[0].total
        out = []
        for number, units in ((0, -moved), (1, moved)):
            self.lanes[number], booked, notes = reclassify(self.lanes[number], seen[number], units)
            out.append(booked)
            for note in notes:
                self._note(record, number, note)
        note = Anomaly(
            seen[0].time,
            seen[0].identity,
            AnomalyKind.RECLASSIFIED,
            seen[0].total or 0,
            base,
            -moved,
            None,
        )
        self._note(record, 0, note)
        return out

    def _note(self, record: dict[str, Any], number: int, note: Anomaly) -> None:
        counter = "total_scrap_units"
        if number == 0:
            counter = "total_good_units" if record["mode"] in _GOOD_MODES else "production_count"
        self.anomalies.append(
            (
                record["slot"],
                record["row"],
                note.time,
                note.identity,
                counter,
                str(note.kind),
                note.value,
                note.baseline,
                note.units,
                note.outcome,
            )
        )
