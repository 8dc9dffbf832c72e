"""Scrap events: one per reading and reason, and they sum to the scrap booked (SEMANTICS 23)."""

from __future__ import annotations

import polars as pl

from andon.model import ANOMALIES, SCRAP, AnomalyKind

UNREPORTED = "UNREPORTED"


def events(rows: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Events (slot, row, and model.SCRAP without machine) and anomalies of cut increments.

    The reading's own increment carries its reason; what a total adds beyond it, and what comes
    without a reason, is UNREPORTED; a total below its increment cuts it.
    """
    if not _any_scrap(rows):
        return _NO_EVENTS.clone(), _NO_CUTS.clone()
    units = pl.col("scrap_units_")
    own = pl.col("scrap_inc").fill_null(0)
    some = rows.select(_READ).filter(
        ~pl.col("is_head") & ((units != 0) | (pl.col("scrap_via") & (own > 0)))
    )
    named = (
        pl.when(pl.col("scrap_reason").is_not_null())
        .then(pl.max_horizontal(pl.min_horizontal(own, units), pl.lit(0)))
        .otherwise(0)
    )
    some = some.with_columns(named=named)
    told = some.filter(pl.col("named") > 0).select(
        *_columns(), reason="scrap_reason", category="scrap_category", units="named"
    )
    rest = some.filter(units != pl.col("named")).select(
        *_columns(),
        reason=pl.lit(UNREPORTED),
        category=pl.lit(None, pl.String()),
        units=units - pl.col("named"),
    )
    cut = some.filter(pl.col("scrap_via") & (own > units)).select(
        "slot",
        "row",
        "time",
        "identity",
        counter=pl.lit("scrap_units"),
        kind=pl.lit(str(AnomalyKind.SCRAP_CUT)),
        value=own,
        baseline=pl.lit(None, pl.Int64()),
        units=units,
        outcome=pl.lit(None, pl.String()),
    )
    # A reason may itself read UNREPORTED: one row per reading and reason.
    found = pl.concat([told, rest])
    if not found.select("row", "reason").is_duplicated().any():
        return found, cut
    keys = ["slot", "row", "time", "identity", "reason"]
    merged = found.group_by(keys, maintain_order=True).agg(
        pl.col("units").sum(), pl.exclude(*keys, "units").first()
    )
    return merged.select(found.columns), cut


_READ = (
    "slot", "row", "time", "identity", "scrap_start", "job", "good_units_", "produced_units_",
    "scrap_units_", "scrap_inc", "scrap_via", "scrap_reason", "scrap_category",
    "quality_score_milli", "operator_name", "reported_shift", "is_head",
)  # fmt: skip
_NO_EVENTS = pl.DataFrame(
    schema={
        "slot": pl.Int32(),
        "row": pl.UInt32(),
        **{c.name: c.kind.dtype for c in SCRAP.columns if c.law and c.name != "machine_id"},
    }
)
_NO_CUTS = pl.DataFrame(
    schema={
        "slot": pl.Int32(),
        "row": pl.UInt32(),
        **{c.name: c.kind.dtype for c in ANOMALIES.columns if c.law and c.name != "machine_id"},
    }
)


def _any_scrap(rows: pl.DataFrame) -> bool:
    """Whether a reading books scrap or names some that its total does not have."""
    return bool((rows["scrap_units_"] != 0).any() or (rows["scrap_inc"] > 0).any())


def _columns() -> list[str | pl.Expr]:
    return [
        "slot",
        "row",
        "time",
        "identity",
        pl.col("scrap_start").alias("span_start"),
        pl.col("job").alias("job_id"),
        pl.col("good_units_").alias("good_units"),
        pl.col("produced_units_").alias("produced_units"),
        "quality_score_milli",
        "operator_name",
        "reported_shift",
    ]
