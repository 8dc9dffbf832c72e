"""One-minute rows: integer sums of time, units and events per ideal rate (SEMANTICS 4, 9, 11).

Most rows lie wholly in one minute and are summed at once; the few that cross an edge, or book
something unusual, are cut into parts. Everything then adds up in one small group-by.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import polars as pl

from andon.kernel.carry import OPEN_MINUTE_SCHEMA
from andon.kernel.codes import ERROR, IDLE, MAINTENANCE, RUNNING
from andon.model import LABELS, MINUTE_SUMS
from andon.plan import MachinePlan, Plan
from andon.units import MINUTE_US

TIMES = (
    "unknown_us",
    "running_us",
    "idle_job_us",
    "idle_no_job_us",
    "error_us",
    "repair_us",
    "maintenance_us",
)
"""Where the time of a span is booked, by its `what` (0 to 6)."""

_LABEL_OF = {label: label for label in LABELS} | {"produced_units": "job_produced_units"}


@dataclass(frozen=True, slots=True)
class MinuteRows:
    """full: complete rows of the minutes touched, columns of OPEN_MINUTE_SCHEMA.

    own: the same without what a later reading added to a minute before its own: the sums as they
    stood at the minute's last reading.
    """

    full: pl.DataFrame
    own: pl.DataFrame


def minute_of(column: str | pl.Expr) -> pl.Expr:
    """Start of the minute of an instant."""
    time = pl.col(column) if isinstance(column, str) else column
    return time - time % MINUTE_US


def with_spans_booked(rows: pl.DataFrame) -> pl.DataFrame:
    """Adds `what` (of the held part), `held_us`, `lost_us`, `known_us`, `unknown_us`, minutes."""
    state = pl.col("p_state")
    return rows.with_columns(
        what=pl.when(pl.col("is_head"))
        .then(0)
        .when(state == RUNNING)
        .then(1)
        .when(state == IDLE)
        .then(pl.when(pl.col("p_job").is_not_null()).then(2).otherwise(3))
        .when(state == ERROR)
        .then(4)
        .when(state == MAINTENANCE)
        .then(pl.when(pl.col("p_repair")).then(5).otherwise(6))
        .otherwise(0)
        .cast(pl.Int8()),
        held_us=pl.when(pl.col("is_head"))
        .then(0)
        .otherwise(pl.col("known_end") - pl.col("p_time")),
        lost_us=pl.when(pl.col("is_head")).then(0).otherwise(pl.col("time") - pl.col("known_end")),
        omin=minute_of("time"),
        cmin=minute_of(pl.col("time") - (pl.col("time") != pl.col("first")).cast(pl.Int64())),
    ).with_columns(
        known_us=pl.when(pl.col("what").is_between(1, 5)).then("held_us").otherwise(0),
        unknown_us=pl.when(pl.col("what") == 0).then("held_us").otherwise(0) + pl.col("lost_us"),
        simple=~pl.col("is_head")
        & (pl.col("omin") == pl.col("cmin"))
        & (minute_of("p_time") == pl.col("omin"))
        & ~pl.col("broken")
        & pl.col("product").eq_missing(pl.col("p_product")),
    )


def _observed(rows: pl.DataFrame) -> pl.DataFrame:
    """The sums of every row's own minute: observations, and what lies wholly inside it."""
    held = pl.when("simple").then("held_us").otherwise(0)
    inside = [
        pl.when(pl.col("what") == number).then(held).otherwise(0).alias(name)
        for number, name in enumerate(TIMES)
    ]
    units = [
        pl.when("simple").then(f"{name}_units_").otherwise(0).alias(f"{name}_units")
        for name in ("produced", "good", "scrap")
    ]
    slim = rows.select(
        "product",
        "alarm",
        "unmapped",
        minute_key().set_sorted().alias("key"),
        pl.when(~pl.col("is_head")).then("time").alias("read_at"),
        *inside,
        *units,
        *(pl.col(label).alias("_" + label) for label in _LABEL_OF if label != "job_id"),
        # The head holds a job, but reads nothing.
        pl.when(~pl.col("is_head")).then("job_id").alias("_job_id"),
    )
    labels = [
        pl.col("_" + label).last(ignore_nulls=True).alias(_LABEL_OF[label]) for label in _LABEL_OF
    ]
    keys = ["key"]
    if slim["product"].null_count() < slim.height:
        # A product that comes back is a part of its own: parts are in order of time (labels).
        slim = slim.with_columns(run=pl.col("product").rle_id())
        keys += ["product", "run"]
    grouped = slim.group_by(keys, maintain_order=True).agg(
        [
            *(pl.col(name).sum() for name in TIMES),
            *(pl.col(f"{name}_units").sum() for name in ("produced", "good", "scrap")),
            pl.col("read_at").count().cast(pl.Int64()).alias("readings"),
            pl.col("alarm").sum().cast(pl.Int64()).alias("alarm_count"),
            pl.col("unmapped").sum().cast(pl.Int64()).alias("unmapped_states"),
            pl.col("read_at").max().alias("last_reading"),
            *labels,
        ]
    )
    product = [] if "product" in keys else [pl.lit(None, pl.String()).alias("product")]
    return grouped.filter(pl.col("readings") > 0).select(
        *of_minute_key(), pl.exclude("key", "run"), *product, pl.lit(False).alias("spill")
    )


_KEY_MINUTES = 1 << 32


def minute_key() -> pl.Expr:
    """Machine and minute of a work row in one integer, which rises with the rows."""
    return pl.col("slot").cast(pl.Int64()) * _KEY_MINUTES + pl.col("omin") // MINUTE_US


def of_minute_key() -> list[pl.Expr]:
    """`slot` and `minute` of a `key` made by minute_key."""
    return [
        (pl.col("key") // _KEY_MINUTES).cast(pl.Int32()).alias("slot"),
        (pl.col("key") % _KEY_MINUTES * MINUTE_US).alias("minute"),
    ]


def spread(pieces: pl.DataFrame) -> pl.DataFrame:
    """Cuts spans at minute edges: slot, start, end, what, ... -> the same with minute and `us`.

    Minutes that are wholly UNKNOWN in the middle of a span are left out (SEMANTICS 4).
    """
    pieces = pieces.filter(pl.col("end") > pl.col("start")).with_columns(
        first_minute=minute_of("start"), last_minute=minute_of(pl.col("end") - 1)
    )
    inner = (
        pl.when(pl.col("what") != 0)
        .then(pl.int_ranges("first_minute", pl.col("last_minute") + 1, MINUTE_US))
        .when(pl.col("first_minute") == pl.col("last_minute"))
        .then(pl.concat_list("first_minute"))
        .otherwise(pl.concat_list("first_minute", "last_minute"))
    )
    return (
        pieces.with_columns(minute=inner)
        .explode("minute")
        .with_columns(
            us=pl.min_horizontal("end", pl.col("minute") + MINUTE_US)
            - pl.max_horizontal("start", "minute")
        )
        .drop("first_minute", "last_minute", "start", "end")
    )


def time_columns() -> list[pl.Expr]:
    """One column per entry of TIMES from `what` and `us`."""
    return [
        pl.when(pl.col("what") == number).then("us").otherwise(0).alias(name)
        for number, name in enumerate(TIMES)
    ]


_EDGE_COLUMNS = (
    "slot", "product", "p_product", "p_time", "time", "known_end", "what", "lost_us", "omin",
    "cmin", "produced_units_", "good_units_", "scrap_units_", "simple", "is_head",
)  # fmt: skip
_UNUSUAL_COLUMNS = (
    "slot", "product", "omin", "cmin", "produced_uncovered_", "good_uncovered_",
    "scrap_uncovered_", "good_unseen_", "healed", "healed_from", "main_uncovered",
    "scrap_uncovered", "is_head",
)  # fmt: skip


def _edges(rows: pl.DataFrame) -> pl.DataFrame | None:
    """State time and units of the rows that cross an edge."""
    cut = rows.select(_EDGE_COLUMNS).filter(~pl.col("simple") & ~pl.col("is_head"))
    if cut.is_empty():
        return None
    base = ["slot", "omin", pl.col("p_product").alias("product")]
    held = cut.select(*base, start="p_time", end="known_end", what="what")
    lost = cut.filter(pl.col("lost_us") > 0).select(
        *base, start="known_end", end="time", what=pl.lit(0, pl.Int8())
    )
    times = spread(pl.concat([held, lost])).select(
        "slot", "product", "minute", *time_columns(), spill=pl.col("minute") < pl.col("omin")
    )
    units = cut.select(
        "slot",
        "product",
        minute="cmin",
        produced_units="produced_units_",
        good_units="good_units_",
        scrap_units="scrap_units_",
        spill=pl.col("cmin") < pl.col("omin"),
    ).filter(
        (pl.col("produced_units") != 0) | (pl.col("good_units") != 0) | (pl.col("scrap_units") != 0)
    )
    return pl.concat([times, units], how="diagonal")


def _unusual(rows: pl.DataFrame) -> pl.DataFrame | None:
    """What is outside OEE, and what totals healed."""
    some = rows.select(_UNUSUAL_COLUMNS).filter(
        ~pl.col("is_head")
        & (
            (pl.col("main_uncovered") != 0)
            | (pl.col("scrap_uncovered") != 0)
            | (pl.col("healed") != 0)
        )
    )
    if some.is_empty():
        return None
    return some.select(
        "slot",
        "product",
        minute="cmin",
        produced_uncovered="produced_uncovered_",
        good_uncovered="good_uncovered_",
        scrap_uncovered="scrap_uncovered_",
        good_in_unknown="good_unseen_",
        unknown_healed_us="healed",
        healed_from="healed_from",
        spill=pl.col("cmin") < pl.col("omin"),
    )


def events_at(rows: pl.DataFrame, found: pl.DataFrame, columns: dict[str, pl.Expr]) -> pl.DataFrame:
    """Events (with `row`) as parts of the minute in which their reading's counts are booked."""
    at = rows.select("row", "product", "cmin", "omin")
    return found.join(at, on="row", how="inner").select(
        "slot",
        "product",
        minute="cmin",
        spill=pl.col("cmin") < pl.col("omin"),
        **columns,
    )


def minutes(
    rows: pl.DataFrame,
    parts: list[pl.DataFrame],
    open_rows: pl.DataFrame,
    names: pl.DataFrame,
    plan: Plan,
) -> MinuteRows:
    """Complete minute rows of the batch.

    rows: work rows. parts: further contributions (slot, product, minute, spill, sums).
    open_rows: sums of the open minutes so far (OPEN_MINUTE_SCHEMA). names: slot, machine_id.
    """
    pieces = [_observed(rows)]
    pieces += [p for p in (_edges(rows), _unusual(rows)) if p is not None]
    pieces += [p for p in parts if p.height]
    found = with_rate(pl.concat(pieces, how="diagonal"), names, plan)
    full = _summed(pl.concat([open_rows, found.drop("spill")], how="diagonal"))
    empty = (pl.col("unknown_us") == MINUTE_US) & pl.all_horizontal(
        pl.col(name) == 0 for name in MINUTE_SUMS if name != "unknown_us"
    )
    full = full.filter(~empty)
    own = full
    if found["spill"].any():
        own = _summed(
            pl.concat([open_rows, found.filter(~pl.col("spill")).drop("spill")], how="diagonal")
        )
    return MinuteRows(full, own)


def _summed(parts: pl.DataFrame) -> pl.DataFrame:
    """One row per machine, minute and rate; parts in order of time."""
    have = set(parts.columns)
    sums = [pl.col(n).sum() for n in MINUTE_SUMS if n in have]
    rest = [pl.col(n).last(ignore_nulls=True) for n in _LABEL_OF.values() if n in have]
    grouped = parts.group_by("slot", "minute", "rate_id", maintain_order=True).agg(
        [*sums, *rest, pl.col("last_reading").max(), pl.col("healed_from").min()]
        if "healed_from" in have
        else [*sums, *rest, pl.col("last_reading").max()]
    )
    missing = [
        pl.lit(0 if name in MINUTE_SUMS else None, dtype).alias(name)
        for name, dtype in OPEN_MINUTE_SCHEMA.items()
        if name not in grouped.columns
    ]
    return grouped.with_columns(missing).select(list(OPEN_MINUTE_SCHEMA))


def with_rate(parts: pl.DataFrame, names: pl.DataFrame, plan: Plan) -> pl.DataFrame:
    """Replaces `product` by `rate_id`, valid for the minute."""
    if _one_rate_each(plan) and parts["product"].null_count() == parts.height:
        rates = names.select(
            "slot",
            rate_id=pl.col("machine_id").replace_strict(
                _only_rates(plan), default=rate_id(plan.default, None, None)
            ),
        )
        return parts.drop("product").join(rates, on="slot", how="left", maintain_order="left")
    keys = ["slot", "product"]
    machines = (plan.default, *plan.machines.values())
    if any(r.valid_from is not None for m in machines for r in m.rates):
        keys.append("minute")
    asked = parts.select(keys).unique().join(names, on="slot")
    found = [
        rate_id(plan.of(row["machine_id"]), row["product"], row.get("minute"))
        for row in asked.iter_rows(named=True)
    ]
    asked = asked.drop("machine_id").with_columns(rate_id=pl.Series(found, dtype=pl.String()))
    return parts.join(asked, on=keys, how="left", nulls_equal=True, maintain_order="left").drop(
        "product"
    )


@lru_cache(maxsize=8)
def _one_rate_each(plan: Plan) -> bool:
    """Whether without a product no machine has more than one rate to choose from."""
    return all(
        len([r for r in machine.rates if r.product_id is None]) <= 1
        and all(r.valid_from is None for r in machine.rates)
        for machine in (plan.default, *plan.machines.values())
    )


@lru_cache(maxsize=8)
def _only_rates(plan: Plan) -> dict[str, str]:
    """The rate in force without a product, by machine."""
    return {name: rate_id(machine, None, None) for name, machine in plan.machines.items()}


def rate_id(machine: MachinePlan, product: str | None, minute: int | None) -> str:
    """The ideal rate in force: of the product, else of the machine, else none ('')."""
    for wanted in (product, None) if product is not None else (None,):
        valid = [
            rate
            for rate in machine.rates
            if rate.product_id == wanted
            and (minute is None or rate.valid_from is None or rate.valid_from <= minute)
        ]
        if valid:
            return max(valid, key=lambda rate: rate.valid_from or 0).rate_id
    return ""
