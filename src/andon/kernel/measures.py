"""Minutes of measured values: n, sum, min, max of thousandths, all integers."""

from __future__ import annotations

import polars as pl

from andon.kernel.carry import OPEN_MEASURE_SCHEMA
from andon.kernel.minutes import minute_key, of_minute_key
from andon.model import MEASURE_SUFFIX
from andon.plan import Plan


def measures(rows: pl.DataFrame, open_rows: pl.DataFrame, plan: Plan) -> pl.DataFrame:
    """Complete measure rows (OPEN_MEASURE_SCHEMA) of the minutes touched.

    rows: work rows with `omin` and the measures' columns. open_rows: open minutes so far.
    """
    if rows["is_head"].all():
        return open_rows
    names = [m for m in plan.measures if m + MEASURE_SUFFIX in rows.columns]
    found = (
        rows.select(minute_key().set_sorted().alias("key"), *(n + MEASURE_SUFFIX for n in names))
        .group_by("key", maintain_order=True)
        .agg(
            [
                part
                for name in names
                for value in (pl.col(name + MEASURE_SUFFIX),)
                for part in (
                    value.count().cast(pl.Int64()).alias(name + ".n"),
                    value.sum().alias(name + ".sum_milli"),
                    value.min().alias(name + ".min_milli"),
                    value.max().alias(name + ".max_milli"),
                )
            ]
        )
        .select(*of_minute_key(), pl.exclude("key"))
    )
    fresh = pl.concat([_long(found, name) for name in names]).filter(pl.col("n") > 0)
    if open_rows.is_empty():
        return fresh.select(list(OPEN_MEASURE_SCHEMA))
    return (
        pl.concat([open_rows, fresh])
        .group_by("slot", "minute", "measure", maintain_order=True)
        .agg(
            pl.col("n").sum(),
            pl.col("sum_milli").sum(),
            pl.col("min_milli").min(),
            pl.col("max_milli").max(),
        )
        .select(list(OPEN_MEASURE_SCHEMA))
    )


def _long(found: pl.DataFrame, name: str) -> pl.DataFrame:
    """The rows of one measure."""
    columns = {n: found[f"{name}.{n}"] for n in ("n", "sum_milli", "min_milli", "max_milli")}
    measure = pl.Series("measure", [name]).new_from_index(0, found.height)
    return pl.DataFrame(
        {"slot": found["slot"], "minute": found["minute"], "measure": measure, **columns}
    )
