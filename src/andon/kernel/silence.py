"""What `now` confirms: after max_gap without a reading, or a death, the machine is UNKNOWN.

It is laid over the head, never into it: the next reading starts from the head as it was
(SEMANTICS 3, 4).
"""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from andon.kernel.carry import OPEN_MINUTE_SCHEMA, Carry
from andon.kernel.codes import ERROR, IDLE, MAINTENANCE, RUNNING, UNKNOWN, coded
from andon.kernel.deaths import is_dead
from andon.kernel.minutes import spread, time_columns, with_rate
from andon.kernel.work import FOREVER_US
from andon.model import MINUTE_SUMS
from andon.plan import Plan


@dataclass(frozen=True, slots=True)
class Quiet:
    """What silence adds: slots, the end of the held interval, an UNKNOWN interval, minute rows."""

    slots: pl.Series
    intervals: pl.DataFrame
    minutes: pl.DataFrame


def quiet(carry: Carry, max_gap: pl.DataFrame, now: int | None, plan: Plan) -> Quiet:
    """Machines whose head is silent or dead at `now`.

    max_gap: slot, max_gap. Death needs no clock; silence is now > newest reading + max_gap.
    """
    heads = carry.head.join(max_gap, on="slot", how="left", maintain_order="left")
    dead = is_dead(plan.max_future_us)
    silent = (
        pl.lit(False)
        if now is None
        else (pl.col("max_gap") < FOREVER_US) & (pl.col("time") + pl.col("max_gap") < now)
    )
    ends = pl.min_horizontal(
        pl.when(silent).then(pl.col("time") + pl.col("max_gap")),
        pl.when(dead).then(
            pl.min_horizontal(
                pl.max_horizontal("death", pl.col("time") + 1),
                pl.when(pl.col("max_gap") < FOREVER_US).then(pl.col("time") + pl.col("max_gap")),
            )
        ),
    )
    gone = heads.with_columns(known_end=ends).filter(pl.col("known_end").is_not_null())
    return Quiet(gone["slot"], _intervals(gone), _minutes(gone, carry.minutes, plan))


def _intervals(gone: pl.DataFrame) -> pl.DataFrame:
    """The held interval with its end, and the open UNKNOWN one after it."""
    rows = gone.select(
        "slot",
        "machine_id",
        "interval_start",
        "known_end",
        "state",
        "state_raw",
        "stop_reason",
        "repair",
        "interval_first",
        already=(pl.col("state") == "UNKNOWN")
        & pl.col("state_raw").is_null()
        & pl.col("stop_reason").is_null(),
    )
    held = rows.filter(~pl.col("already")).select(
        "slot",
        "machine_id",
        start="interval_start",
        end="known_end",
        prev_end=pl.when(~pl.col("interval_first")).then("interval_start"),
        state="state",
        state_raw="state_raw",
        stop_reason="stop_reason",
        repair="repair",
    )
    unknown = rows.filter(~pl.col("already")).select(
        "slot",
        "machine_id",
        start="known_end",
        end=pl.lit(None, pl.Int64()),
        prev_end="known_end",
        state=pl.lit("UNKNOWN"),
        state_raw=pl.lit(None, pl.String()),
        stop_reason=pl.lit(None, pl.String()),
        repair=pl.lit(False),
    )
    return pl.concat([held, unknown])


def _minutes(gone: pl.DataFrame, open_rows: pl.DataFrame, plan: Plan) -> pl.DataFrame:
    """The open minutes with the held time added, by the rate of the product held.

    Held time of an UNKNOWN that stays UNKNOWN is in no minute row until it ends.
    """
    state = coded("state")
    open_unknown = (state == UNKNOWN) & pl.col("state_raw").is_null()
    held = gone.filter(~open_unknown).select(
        "slot",
        product="product_id",
        start="time",
        end="known_end",
        what=pl.when(state == RUNNING)
        .then(1)
        .when(state == IDLE)
        .then(pl.when(pl.col("job_id").is_not_null()).then(2).otherwise(3))
        .when(state == ERROR)
        .then(4)
        .when(state == MAINTENANCE)
        .then(pl.when("repair").then(5).otherwise(6))
        .otherwise(0)
        .cast(pl.Int8()),
    )
    if held.is_empty():
        return pl.DataFrame(schema=OPEN_MINUTE_SCHEMA)
    times = spread(held).select("slot", "product", "minute", *time_columns())
    times = with_rate(times, gone.select("slot", "machine_id"), plan)
    mine = open_rows.filter(pl.col("slot").is_in(gone["slot"].implode()))
    both = pl.concat([mine, times], how="diagonal")
    rest = [n for n in OPEN_MINUTE_SCHEMA if n not in ("slot", "minute", "rate_id", *MINUTE_SUMS)]
    return (
        both.group_by("slot", "minute", "rate_id", maintain_order=True)
        .agg(
            [
                *(pl.col(n).sum() for n in MINUTE_SUMS),
                *(pl.col(n).last(ignore_nulls=True) for n in rest),
            ]
        )
        .select(list(OPEN_MINUTE_SCHEMA))
    )
