"""State holding: what state each row leaves behind, and the intervals that follow (SEMANTICS 3, 4).

#  t   0    10   20   30 ... 90        130
#      R----R----.----.------|UNKNOWN--R---->      max_gap 60 s after the reading at 30
"""

from __future__ import annotations

import polars as pl

from andon.kernel.codes import ERROR, MAINTENANCE, RUNNING, UNKNOWN

_RUN_OR_ERROR = pl.col("state").is_in([RUNNING, ERROR])


def with_spans(rows: pl.DataFrame) -> pl.DataFrame:
    """Adds the span that ends at each row: (p_time, known_end] held, (known_end, time] UNKNOWN.

    rows: sorted work rows with time, p_time, max_gap, boot, dead_from. Head rows have no span:
    their known_end and `broken` say nothing.
    """
    dead = pl.col("dead_from").shift(1)
    return rows.with_columns(
        known_end=pl.min_horizontal(
            "time",
            pl.col("p_time") + pl.col("max_gap"),
            pl.when(dead <= pl.col("time")).then(dead),
        ),
        cut=(dead <= pl.col("time")).fill_null(False),
    ).with_columns(
        broken=~pl.col("is_head") & ((pl.col("known_end") < pl.col("time")) | pl.col("cut"))
    )


def with_held_state(rows: pl.DataFrame) -> pl.DataFrame:
    """Adds `state`, `raw`, `reason` held after each row, `p_state`, and `lre` (last run or error).

    rows: with `own` (code the reading bears or null; on head rows the state held), `broken`.
    """
    n = pl.int_range(pl.len(), dtype=pl.Int32())
    bears = pl.col("own").is_not_null()
    source = (
        pl.when(bears | pl.col("broken") | pl.col("is_head")).then(n).otherwise(None).forward_fill()
    )
    shown = bears | pl.col("is_head")
    return (
        rows.with_columns(
            own_state=pl.col("own").fill_null(UNKNOWN),
            own_raw=pl.when(shown).then("state_raw"),
            own_reason=pl.when(shown).then("stop_reason"),
            source=source,
        )
        .with_columns(
            state=pl.col("own_state").gather(pl.col("source")),
            raw=pl.col("own_raw").gather(pl.col("source")),
            reason=pl.col("own_reason").gather(pl.col("source")),
        )
        .with_columns(
            lre=pl.when(pl.col("is_head"))
            .then("lre0")
            .when(_RUN_OR_ERROR & pl.col("last_here"))
            .then("state")
            .otherwise(None)
            .forward_fill()
        )
        .with_columns(
            p_state=pl.col("state").shift(1),
            p_repair=(pl.col("state").shift(1) == MAINTENANCE) & (pl.col("lre").shift(1) == ERROR),
        )
        .drop("own_state", "own_raw", "own_reason", "source")
    )


def points(rows: pl.DataFrame) -> pl.DataFrame:
    """Where a machine's state changes: slot, row, time, state, raw, reason; the head's point first.

    `row` is the number of the work row that brought the change (a silence belongs to the row
    after it). One point per instant; equal neighbours are one.
    """
    changed = (
        pl.col("is_head")
        | pl.col("broken")
        | (pl.col("state") != pl.col("p_state"))
        | pl.col("raw").ne_missing(pl.col("raw").shift(1))
        | pl.col("reason").ne_missing(pl.col("reason").shift(1))
    )
    at_rows = rows.select(
        "slot",
        "row",
        time=pl.when(pl.col("is_head")).then("start0").otherwise("time"),
        rank=pl.lit(1, pl.Int8()),
        state="state",
        raw="raw",
        reason="reason",
        first="is_head",
        born="born",
        changed=changed,
    )
    at_rows = at_rows.filter("changed").drop("changed")
    if not rows["broken"].any():
        return _joined(at_rows)
    silences = (
        rows.select("slot", "row", "known_end", "broken")
        .filter("broken")
        .select(
            "slot",
            "row",
            time="known_end",
            rank=pl.lit(0, pl.Int8()),
            state=pl.lit(UNKNOWN, pl.Int8()),
            raw=pl.lit(None, pl.String()),
            reason=pl.lit(None, pl.String()),
            first=pl.lit(False),
            born=pl.lit(False),
        )
    )
    return _joined(pl.concat([at_rows, silences]).sort("slot", "row", "rank"))


def _joined(found: pl.DataFrame) -> pl.DataFrame:
    """One point per instant; equal neighbours are one."""
    next_slot = pl.col("slot").shift(-1).fill_null(-1)
    found = found.filter(
        (pl.col("slot") != next_slot) | (pl.col("time") != pl.col("time").shift(-1))
    )
    same = (
        (pl.col("slot") == pl.col("slot").shift(1))
        & (pl.col("state") == pl.col("state").shift(1))
        & pl.col("raw").eq_missing(pl.col("raw").shift(1))
        & pl.col("reason").eq_missing(pl.col("reason").shift(1))
    )
    return found.filter(~same.fill_null(False)).with_columns(
        first=pl.col("slot") != pl.col("slot").shift(1).fill_null(-1)
    )


def with_history(found: pl.DataFrame, head: pl.DataFrame) -> pl.DataFrame:
    """Adds to points: end, from_head, last_known, lre, their values before, and repair.

    head: slot, head_row, last_known0, lre0 (codes, 0 for none), interval_first0.
    `from_head` marks the carried interval (its entry was booked before).
    """
    known = found.join(head, on="slot", how="left", maintain_order="left").with_columns(
        from_head=pl.col("first") & ~pl.col("born") & (pl.col("row") == pl.col("head_row"))
    )
    state = pl.col("state")
    before_known = (
        pl.when(pl.col("first")).then("last_known0").otherwise(pl.col("last_known").shift(1))
    )
    before_lre = pl.when(pl.col("first")).then("lre0").otherwise(pl.col("lre").shift(1))
    return (
        known.with_columns(
            last_known=pl.when(state != UNKNOWN)
            .then(state)
            .when(pl.col("first"))
            .then("last_known0")
            .otherwise(None)
            .forward_fill(),
            lre=pl.when(_RUN_OR_ERROR)
            .then(state)
            .when(pl.col("first"))
            .then("lre0")
            .otherwise(None)
            .forward_fill(),
        )
        .with_columns(
            p_known=before_known,
            p_lre=before_lre,
            end=pl.when(pl.col("slot") == pl.col("slot").shift(-1)).then(pl.col("time").shift(-1)),
        )
        .with_columns(repair=(state == MAINTENANCE) & (pl.col("lre") == ERROR))
    )
