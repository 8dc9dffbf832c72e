"""Minutes of measured values: n, sum, min, max of thousandths, all integers."""

from __future__ import annotations

import polars as pl

from andon.kernel.carry import OPEN_MEASURE_SCHEMA
from andon.model import MEASURE_SUFFIX
from andon.plan import Plan


def measures(rows: pl.DataFrame, open_rows: pl.DataFrame, plan: Plan) -> pl.DataFrame:
    """Complete measure rows (OPEN_MEASURE_SCHEMA) of the minutes touched.

    rows: work rows with `omin` and the measures' columns. open_rows: open minutes so far.
    """
    names = [m for m in plan.measures if m + MEASURE_SUFFIX in rows.columns]
    found = (
        rows.filter(~pl.col("is_head"))
        .group_by("slot", pl.col("omin").alias("minute"), maintain_order=True)
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
    )
    long = [
        found.filter(pl.col(name + ".n") > 0).select(
            "slot",
            "minute",
            measure=pl.lit(name),
            n=pl.col(name + ".n"),
            sum_milli=pl.col(name + ".sum_milli"),
            min_milli=pl.col(name + ".min_milli"),
            max_milli=pl.col(name + ".max_milli"),
        )
        for name in names
    ]
    fresh = pl.concat(long) if long else pl.DataFrame(schema=OPEN_MEASURE_SCHEMA)
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
