"""Missing message numbers between two readings of one boot."""

from __future__ import annotations

import polars as pl

from andon.kernel.work import NONE


def with_seq(rows: pl.DataFrame) -> pl.DataFrame:
    """Adds the last message number at each row: `last_seq`, `last_seq_at`, `last_seq_boot`.

    A reading of another boot forgets the number, whether it has one of its own or not.
    """
    n = pl.int_range(pl.len(), dtype=pl.Int32())
    moved = pl.col("boot").ne_missing(pl.col("boot").shift(1))
    at = pl.when(pl.col("seq").is_not_null() | pl.col("is_head") | moved).then(n).otherwise(None)
    return rows.with_columns(seq_row=at.forward_fill()).with_columns(
        last_seq=pl.col("seq").gather(pl.col("seq_row")).fill_null(NONE),
        last_seq_at=pl.when(pl.col("is_head"))
        .then(pl.coalesce("seq_at0", "time"))
        .otherwise("time")
        .gather(pl.col("seq_row")),
        last_seq_boot=pl.when(pl.col("is_head"))
        .then("seq_boot0")
        .otherwise("boot")
        .gather(pl.col("seq_row")),
    )


def found(rows: pl.DataFrame) -> pl.DataFrame:
    """Rows of model.GAPS without machine, with `slot` and `row`."""
    return (
        rows.select(
            "slot",
            "row",
            "time",
            "identity",
            "boot",
            "seq",
            "is_head",
            before=pl.col("last_seq").shift(1),
            after=pl.col("last_seq_at").shift(1),
            before_boot=pl.col("last_seq_boot").shift(1),
        )
        .filter(
            ~pl.col("is_head")
            & pl.col("seq").is_not_null()
            & (pl.col("before") != NONE)
            & pl.col("boot").eq_missing(pl.col("before_boot"))
            & (pl.col("seq") > pl.col("before") + 1)
        )
        .select(
            "slot",
            "row",
            "time",
            "identity",
            boot_id="boot",
            first_seq=pl.col("before") + 1,
            last_seq=pl.col("seq") - 1,
            after="after",
        )
    )
