"""Which part of what was booked belongs to known busy time (SEMANTICS 9, 10)."""

from __future__ import annotations

import polars as pl

from andon.kernel.codes import (
    ERROR,
    GOOD_SCRAP,
    IDLE,
    MAINTENANCE,
    PRODUCTION_SCRAP,
    RUNNING,
)
from andon.model import COUNTER_LANES


def with_covered(rows: pl.DataFrame) -> pl.DataFrame:
    """Adds `<lane>_uncovered` and `<lane>_unseen` (uncovered, and the span touches UNKNOWN).

    The covered part is units * known / span, cut toward zero; a span of no length is covered if
    the state held from that instant on is busy time.
    """
    for lane in COUNTER_LANES:
        units, known = pl.col(f"{lane}_units"), pl.col(f"{lane}_known")
        span = pl.col("time") - pl.col(f"{lane}_start")
        whole = (units == 0) | ((span > 0) & (known == span))
        rows = rows.with_columns(
            pl.when(whole | pl.col("is_head")).then(pl.lit(0, pl.Int64())).alias("uncovered")
        )
        if rows["uncovered"].null_count():
            rows = _cut(rows, units, known, span)
        rows = rows.with_columns(
            pl.when(pl.col(f"{lane}_unknown") > 0)
            .then("uncovered")
            .otherwise(0)
            .alias(f"{lane}_unseen"),
        ).rename({"uncovered": f"{lane}_uncovered"})
    return rows


def _cut(rows: pl.DataFrame, units: pl.Expr, known: pl.Expr, span: pl.Expr) -> pl.DataFrame:
    """Fills `uncovered` where a span is not wholly known; exact in 128 bits."""
    part = (
        rows.select(
            "row",
            "uncovered",
            units=units,
            known=known,
            span=span,
            busy=_busy_from_here(),
        )
        .filter(pl.col("uncovered").is_null())
        .select(
            "row",
            uncovered=pl.when(pl.col("span") > 0)
            .then(pl.col("units") - _covered())
            .when("busy")
            .then(0)
            .otherwise("units"),
        )
        .cast({"uncovered": pl.Int64()})
    )
    filled = rows["uncovered"].scatter(part["row"], part["uncovered"])
    return rows.with_columns(filled)


def _covered() -> pl.Expr:
    """units * known / span, cut toward zero, in 128 bits."""
    wide = pl.Int128()
    size = (
        pl.col("units").abs().cast(wide) * pl.col("known").cast(wide) // pl.col("span").cast(wide)
    )
    return (
        pl.when(pl.col("units") < 0).then(-size.cast(pl.Int64())).otherwise(size.cast(pl.Int64()))
    )


def _busy_from_here() -> pl.Expr:
    """Whether the state from this instant on is busy time: that of the instant's last reading."""
    state = pl.when(pl.col("last_here")).then("state").otherwise(None).backward_fill()
    lre = pl.when(pl.col("last_here")).then("lre").otherwise(None).backward_fill()
    return state.is_in([RUNNING, IDLE, ERROR]) | ((state == MAINTENANCE) & (lre == ERROR))


def with_products(rows: pl.DataFrame) -> pl.DataFrame:
    """Adds produced, good and scrap units with their uncovered parts, as the mode derives them."""
    scrap_mode = pl.col("mode").is_in([GOOD_SCRAP, PRODUCTION_SCRAP])
    from_good = pl.col("mode") == GOOD_SCRAP
    columns = []
    for out, lane in (("units", "units"), ("uncovered", "uncovered"), ("unseen", "unseen")):
        main, scrap = pl.col(f"main_{lane}"), pl.col(f"scrap_{lane}")
        scrap = pl.when(scrap_mode).then(scrap).otherwise(0)
        columns += [
            pl.when(from_good).then(main + scrap).otherwise(main).alias(f"produced_{out}_"),
            pl.when(from_good).then(main).otherwise(main - scrap).alias(f"good_{out}_"),
            scrap.alias(f"scrap_{out}_"),
        ]
    return rows.with_columns(columns)


def with_healed(rows: pl.DataFrame) -> pl.DataFrame:
    """Adds `healed` (UNKNOWN time inside accepted totals of all that GQ is made of), `healed_from`.

    With production and scrap totals, time is healed where both are accepted in one reading, from
    the later of the two spans' starts.
    """
    both = pl.col("mode") == PRODUCTION_SCRAP
    one = pl.col("main_heals") & (pl.col("main_unknown") > 0)
    healed = (
        pl.when(both & one & pl.col("scrap_heals"))
        .then(pl.min_horizontal("main_unknown", "scrap_unknown"))
        .when(~both & one)
        .then("main_unknown")
        .otherwise(0)
    )
    start = (
        pl.when(both).then(pl.max_horizontal("main_start", "scrap_start")).otherwise("main_start")
    )
    return rows.with_columns(healed=healed).with_columns(
        healed_from=pl.when(pl.col("healed") > 0).then(start)
    )
