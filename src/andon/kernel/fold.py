"""One pass over the readings of the machines touched: the pipeline of the kernel, in order."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import polars as pl

from andon.kernel import counts, coverage, deaths, gaps, incidents, scrap, states
from andon.kernel.carry import HEAD_SCHEMA, SLOT, Carry
from andon.kernel.codes import ERROR, MAINTENANCE, UNKNOWN, coded, mode_named, named
from andon.kernel.measures import measures
from andon.kernel.minutes import MinuteRows, events_at, minutes, with_spans_booked
from andon.kernel.work import NONE, birth_rows, head_rows, held, in_order, plan_columns, with_state
from andon.model import COUNTER_LANES
from andon.plan import Plan
from andon.units import HOUR_US, MINUTE_US

REPLACED_SCHEMA = {
    "machine_id": pl.String(),
    "after": pl.Int64(),
    "minute_from": pl.Int64(),
    "interval_from": pl.Int64(),
}


@dataclass(frozen=True, slots=True)
class Folded:
    """Rows by slot, the new heads with their open minutes, and what they replace."""

    carry: Carry
    snapshots: Carry
    intervals: pl.DataFrame
    minutes: pl.DataFrame
    measures: pl.DataFrame
    scrap: pl.DataFrame
    incidents: pl.DataFrame
    failures: pl.DataFrame
    anomalies: pl.DataFrame
    gaps: pl.DataFrame
    replaced: pl.DataFrame


def fold(
    base: Carry, readings: pl.DataFrame, names: pl.DataFrame, plan: Plan, again: pl.Series
) -> Folded:
    """Extends `base` by readings that all lie after it.

    readings: slot and kernel columns, no duplicates. names: slot, machine_id.
    again: slots computed anew, whose open rows must be given again.
    """
    died = readings.filter(pl.col("is_death"))
    told = (
        readings.filter(~pl.col("is_death")).drop("is_death")
        if died.height
        else readings.drop("is_death")
    )
    rows = _work_rows(base, told, names, plan)
    died = deaths.of_the_living(died, rows)
    rows = deaths.dead_from(rows, died, base.head, plan.max_future_us)
    rows = states.with_held_state(states.with_spans(rows))
    found = states.with_history(states.points(rows), _histories(base, rows))
    rows = with_spans_booked(rows)
    asked = _asked(rows, plan)
    rows = rows.with_columns(again=pl.col("slot").is_in(again.implode()))
    lanes = counts.counted(rows, base.head, names, plan, asked)
    rows = coverage.with_healed(coverage.with_products(coverage.with_covered(lanes.rows)))
    rows = gaps.with_seq(rows)
    trouble = incidents.walk(found, _troubles(base.head), again.to_list())
    events, cuts = scrap.events(rows)
    anomalies = pl.concat([lanes.anomalies, cuts]) if cuts.height else lanes.anomalies
    parts = _parts(rows, trouble, events, anomalies)
    minute_rows = minutes(rows, parts, base.minutes, names, plan)
    measure_rows = measures(rows, base.measures, plan)
    heads = _heads(_Views(base, rows, found, trouble, lanes, names), died, asked)
    heads = heads.filter(pl.col("is_end") | ~deaths.may_matter(plan.max_future_us))
    carry, snapshots = _carries(heads, minute_rows, measure_rows)
    anew = pl.concat([again, base.head.filter(pl.col("silent"))["slot"]])
    return Folded(
        carry=carry,
        snapshots=snapshots,
        intervals=_intervals(found, names, anew),
        minutes=minute_rows.full,
        measures=measure_rows,
        scrap=events,
        incidents=_troubled(trouble.incidents, "uncovered_us"),
        failures=_troubled(trouble.failures, "unknown_us"),
        anomalies=anomalies.unique(
            ["slot", "time", "identity", "counter", "kind"], keep="last", maintain_order=True
        ),
        gaps=gaps.found(rows),
        replaced=_replaced(base.head, again, names),
    )


def _work_rows(base: Carry, told: pl.DataFrame, names: pl.DataFrame, plan: Plan) -> pl.DataFrame:
    """Heads and readings in order, with what the plan says and what is held on."""
    heads = head_rows(base.head)
    if not told["slot"].is_in(base.head["slot"].implode()).all():
        born = told.join(base.head, on="slot", how="anti")
        born = birth_rows(born.sort("slot", "time", "seq", "identity", nulls_last=False))
        heads = pl.concat([heads, born], how="diagonal")
    said = plan_columns(names.join(heads, on="slot", how="semi"), plan)
    rows = in_order(heads.join(said, on="slot", how="left"), told).with_row_index("row")
    mine = pl.when("is_head").then("row").forward_fill()
    rows = rows.with_columns(
        pl.col(name).gather(mine) for name in ("max_gap", "map_id", "mode", "rate", "first0")
    ).rename({"first0": "first"})
    return counts.with_counters(counts.with_mode(held(with_state(rows, plan))))


def _histories(base: Carry, rows: pl.DataFrame) -> pl.DataFrame:
    """What points need of each machine's head: slot, head_row, last_known0, lre0, ..."""
    heads = rows.filter(pl.col("is_head")).select("slot", "lre0", head_row="row")
    known = base.head.select(
        "slot", last_known0=coded("last_known"), interval_first0="interval_first"
    )
    return heads.join(known, on="slot", how="left", maintain_order="left").with_columns(
        pl.col("last_known0").fill_null(UNKNOWN), pl.col("interval_first0").fill_null(True)
    )


def _asked(rows: pl.DataFrame, plan: Plan) -> pl.DataFrame:
    """Rows at which the carry is wanted: slot, row, is_end (the head), hourly.

    Besides the head: the last reading of a minute, if another hour follows or it is recent enough
    to be the base of a recovery.
    """
    end = pl.col("end_of_machine")
    head_time = pl.when(end).then("time").otherwise(None).backward_fill()
    recent = head_time - plan.allowed_lateness_us - 2 * MINUTE_US
    following = pl.col("time").shift(-1)
    crosses = ~end & (pl.col("omin") != pl.col("omin").shift(-1)) & ~pl.col("born")
    hourly = pl.col("time") // HOUR_US != following // HOUR_US
    asked = end | (crosses & (hourly | (following >= recent)))
    return (
        rows.select("slot", "row", is_end="end_of_machine", asked=asked)
        .filter("asked")
        .drop("asked")
    )


def _troubles(head: pl.DataFrame) -> dict[int, incidents.Trouble]:
    some = head.filter(
        pl.col("incident_start").is_not_null() | pl.col("failure_start").is_not_null()
    )
    return {
        slot: incidents.Trouble(*values)
        for slot, *values in some.select("slot", *incidents.FIELDS).iter_rows()
    }


def _parts(
    rows: pl.DataFrame, trouble: incidents.Found, events: pl.DataFrame, anomalies: pl.DataFrame
) -> list[pl.DataFrame]:
    """Incidents, failures, scrap categories and anomalies as contributions to minutes."""
    parts = []
    if trouble.booked:
        booked = pl.DataFrame(trouble.booked, schema=incidents.BOOKED_SCHEMA, orient="row")
        product = rows.select("row", "product")
        parts.append(booked.join(product, on="row").drop("row").with_columns(spill=pl.lit(False)))
    if events.height:
        quality = pl.col("category").str.to_uppercase() == "QUALITY"
        parts.append(
            events_at(
                rows,
                events,
                {
                    "scrap_quality_units": pl.when(quality).then("units").otherwise(0),
                    "scrap_unreported_units": pl.when(pl.col("reason") == scrap.UNREPORTED)
                    .then("units")
                    .otherwise(0),
                },
            )
        )
    if anomalies.height:
        at = rows.filter(~pl.col("is_head")).select("row", "omin", "product", mine="identity")
        new = anomalies.join(at, on="row").filter(pl.col("identity") == pl.col("mine"))
        parts.append(
            new.select(
                "slot",
                "product",
                minute="omin",
                anomalies=pl.lit(1, pl.Int64()),
                spill=pl.lit(False),
            )
        )
    return parts


@dataclass(frozen=True, slots=True)
class _Views:
    """What the carry is read from."""

    base: Carry
    rows: pl.DataFrame
    found: pl.DataFrame
    trouble: incidents.Found
    lanes: counts.Lanes
    names: pl.DataFrame


def _heads(views: _Views, died: pl.DataFrame, asked: pl.DataFrame) -> pl.DataFrame:
    """The carry as of each asked row: HEAD_SCHEMA, row, is_end."""
    at = views.rows.join(asked.select("row", "is_end"), on="row", how="inner")
    point = views.found.select(
        "row",
        interval_start="time",
        interval_first=pl.col("first") & pl.col("interval_first0"),
        last_known=_state_or_null("last_known"),
        last_run_or_error=_state_or_null("lre"),
    )
    at = at.select(*_plain_state(), *_lane_state()).join_asof(
        point, on="row", strategy="backward", check_sortedness=False
    )
    at = _with_trouble(at, views)
    at = at.join(
        views.base.head.select("slot", "boots", *_OLD_BOOT_COLUMNS),
        on="slot",
        how="left",
        maintain_order="left",
    ).with_columns(boots=pl.coalesce("boots", "boot_id"))
    if views.lanes.judged:
        at = at.update(
            views.lanes.state.drop("slot"),
            on="row",
            how="left",
            include_nulls=True,
            maintain_order="left",
        )
    return (
        deaths.with_death(at, died, views.base.head)
        .join(views.names, on="slot", how="left", maintain_order="left")
        .with_columns(silent=pl.lit(False))
        .select(*HEAD_SCHEMA, "row", "is_end")
    )


_OLD_BOOT_COLUMNS = [
    f"{lane}_{name}" for lane in COUNTER_LANES for name in ("old_total", "old_total_at", "old_boot")
]


def _state_or_null(column: str) -> pl.Expr:
    """A state's name; null for 'none yet'."""
    return pl.when(pl.col(column) != UNKNOWN).then(named(column)).alias(column)


def _plain_state() -> list[pl.Expr | str]:
    """What a work row holds, under the carry's names."""
    same_boot = (pl.col("last_seq") != NONE) & pl.col("last_seq_boot").eq_missing(pl.col("boot"))
    return [
        "slot",
        "row",
        "is_end",
        "died_at",
        "first",
        "time",
        named("state").alias("state"),
        pl.col("raw").alias("state_raw"),
        pl.col("reason").alias("stop_reason"),
        ((pl.col("state") == MAINTENANCE) & (pl.col("lre") == ERROR)).alias("repair"),
        pl.col("boot").alias("boot_id"),
        pl.col("job").alias("job_id"),
        pl.col("product").alias("product_id"),
        pl.when(same_boot).then("last_seq").alias("seq"),
        pl.when(same_boot).then("last_seq_at").alias("seq_at"),
        mode_named("mode").alias("counts"),
    ]


def _lane_state() -> list[pl.Expr]:
    """The lanes' baselines as the vectors have them, under the carry's names."""
    out = []
    for lane in COUNTER_LANES:
        counted = pl.col(f"{lane}_total").is_not_null()
        out += [
            pl.col(f"{lane}_total"),
            pl.col(f"{lane}_total_at"),
            pl.when(counted).then("boot").alias(f"{lane}_boot"),
            *(
                pl.when(counted).then(f"{lane}_{name}").otherwise(0).alias(f"{lane}_{name}")
                for name in ("since", "since_boot", "known_us", "unknown_us")
            ),
            pl.lit(None, pl.Int64()).alias(f"{lane}_pending"),
            pl.lit(None, pl.Int64()).alias(f"{lane}_pending_at"),
            pl.lit(None, pl.Binary()).alias(f"{lane}_pending_identity"),
            pl.lit(0, pl.Int64()).alias(f"{lane}_pending_since"),
            pl.lit(0, pl.Int64()).alias(f"{lane}_pending_known_us"),
            pl.lit(0, pl.Int64()).alias(f"{lane}_pending_unknown_us"),
        ]
    return out


def _with_trouble(at: pl.DataFrame, views: _Views) -> pl.DataFrame:
    """Adds the open incident and failure as of each row."""
    if not views.trouble.after:
        return at.with_columns(
            pl.lit(0 if name.endswith("_us") else None, pl.Int64()).alias(name)
            for name in incidents.FIELDS
        )
    after = pl.DataFrame(views.trouble.after, schema=incidents.AFTER_SCHEMA, orient="row")
    after = after.unique("row", keep="last", maintain_order=True).rename({"slot": "whose"})
    at = at.join_asof(after, on="row", strategy="backward", check_sortedness=False)
    mine = pl.col("whose") == pl.col("slot")
    return at.with_columns(
        pl.when(mine).then(name).otherwise(0 if name.endswith("_us") else None).alias(name)
        for name in incidents.FIELDS
    ).drop("whose")


def _carries(
    heads: pl.DataFrame, minute_rows: MinuteRows, measure_rows: pl.DataFrame
) -> tuple[Carry, Carry]:
    """The new carry, and the snapshots: heads with the sums of their open minutes."""
    heads = heads.with_columns(minute=pl.col("time") - pl.col("time") % MINUTE_US)
    out = []
    if heads["is_end"].all():
        halves = [(heads, minute_rows.full)]
    else:
        halves = [
            (heads.filter("is_end"), minute_rows.full),
            (heads.filter(~pl.col("is_end")), minute_rows.own),
        ]
    for part, sums in halves:
        at = part.select("slot", "minute")
        out.append(
            Carry(
                part.select(list(HEAD_SCHEMA)),
                sums.join(at, on=["slot", "minute"], how="semi"),
                measure_rows.join(at, on=["slot", "minute"], how="semi"),
            )
        )
    return out[0], out[1] if len(out) == 2 else Carry.empty()


def _intervals(found: pl.DataFrame, names: pl.DataFrame, anew: pl.Series) -> pl.DataFrame:
    """Interval rows; the carried one only if it ended or must be given again."""
    unchanged = (
        pl.col("from_head") & pl.col("end").is_null() & ~pl.col("slot").is_in(anew.implode())
    )
    return (
        found.filter(~unchanged)
        .join(names, on="slot", how="left", maintain_order="left")
        .select(
            "slot",
            "machine_id",
            start="time",
            end="end",
            prev_end=pl.when(~(pl.col("first") & pl.col("interval_first0"))).then("time"),
            state=named("state"),
            state_raw="raw",
            stop_reason="reason",
            repair="repair",
        )
    )


def _troubled(rows: dict[tuple[int, int], tuple[int | None, int]], last: str) -> pl.DataFrame:
    """Incident or failure rows: slot, start, end, and the duration named `last`."""
    values: list[tuple[Any, ...]] = [(*key, *value) for key, value in rows.items()]
    schema = {"slot": SLOT, "start": pl.Int64(), "end": pl.Int64(), last: pl.Int64()}
    return pl.DataFrame(values, schema=schema, orient="row")


def _replaced(head: pl.DataFrame, again: pl.Series, names: pl.DataFrame) -> pl.DataFrame:
    """From where the rows of machines computed anew are replaced; null is from the first."""
    if again.is_empty():
        return pl.DataFrame(schema=REPLACED_SCHEMA)
    bases = head.select(
        "slot",
        after="time",
        minute_from=pl.col("time") - pl.col("time") % MINUTE_US,
        interval_from="interval_start",
    )
    return (
        names.filter(pl.col("slot").is_in(again.implode()))
        .join(bases, on="slot", how="left", maintain_order="left")
        .select("machine_id", "after", "minute_from", "interval_from")
    )
