"""Death messages end the state of a boot at max(arrival, last reading) (SEMANTICS 3).

A reading later than arrival + max_future cannot have been sent before the death: it shows that the
machine lives again, and the death has ended the state before it. What a reading reports lasts one
microsecond at least, so that no interval is empty.

      #  t   0    5     8              100       death of boot a arrives at 5, max_future 30
      #      a----+-----a|UNKNOWN------a---->    the clock of the machine is 3 s ahead
"""

from __future__ import annotations

import polars as pl


def dead_from(
    rows: pl.DataFrame, deaths: pl.DataFrame, head: pl.DataFrame, max_future_us: int
) -> pl.DataFrame:
    """Adds `dead_from`: when the state held from this row ends by a death, else null; `died_at`:
    the arrival of that death.

    rows: work rows with slot, time, boot. deaths: slot, time (arrival), boot_id.
    head: slot, death, death_boot of the carry.
    """
    if deaths.is_empty() and head["death"].null_count() == head.height:
        return rows.with_columns(
            dead_from=pl.lit(None, pl.Int64()), died_at=pl.lit(None, pl.Int64())
        )
    known = pl.concat(
        [
            deaths.select("slot", "time", "boot_id"),
            head.filter(pl.col("death").is_not_null()).select(
                "slot", time="death", boot_id="death_boot"
            ),
        ]
    ).sort("time")
    named = known.filter(pl.col("boot_id").is_not_null()).rename({"boot_id": "boot"})
    bare = known.filter(pl.col("boot_id").is_null()).drop("boot_id")
    asked = rows.select("row", "slot", "boot", since=pl.col("time") - max_future_us).sort("since")
    asked = asked.join_asof(
        named.rename({"time": "named"}),
        left_on="since",
        right_on="named",
        by=["slot", "boot"],
        strategy="forward",
        check_sortedness=False,
    )
    asked = asked.join_asof(
        bare.rename({"time": "bare"}),
        left_on="since",
        right_on="bare",
        by="slot",
        strategy="forward",
        check_sortedness=False,
    )
    death = asked.select("row", death=pl.min_horizontal("named", "bare"))
    goes_on = (
        ~pl.col("end_of_machine")
        & pl.col("boot").eq_missing(pl.col("boot").shift(-1))
        & (pl.col("time").shift(-1) <= pl.col("death") + max_future_us)
    )
    return (
        rows.join(death, on="row", how="left", maintain_order="left")
        .with_columns(died_at=pl.when(pl.col("death").is_not_null() & ~goes_on).then("death"))
        .with_columns(
            dead_from=pl.when(pl.col("died_at").is_not_null()).then(
                pl.max_horizontal("died_at", pl.col("time") + 1)
            )
        )
        .drop("death")
    )


def of_the_living(died: pl.DataFrame, rows: pl.DataFrame) -> pl.DataFrame:
    """Without deaths that came before the machine's first reading: there was nothing to end."""
    if died.is_empty():
        return died
    born = rows.filter(pl.col("is_head")).select("slot", "first")
    return died.join(born, on="slot").filter(pl.col("time") >= pl.col("first")).drop("first")


def is_dead(max_future_us: int) -> pl.Expr:
    """Whether a head (model.CARRY) is dead: its newest reading came before the death."""
    same = pl.col("death_boot").is_null() | pl.col("death_boot").eq_missing(pl.col("boot_id"))
    return (
        pl.col("death").is_not_null() & same & (pl.col("time") <= pl.col("death") + max_future_us)
    )


def with_death(at: pl.DataFrame, deaths: pl.DataFrame, head: pl.DataFrame) -> pl.DataFrame:
    """Adds `death` and `death_boot` to the rows at which the carry is wanted.

    at: slot, row, time, is_end, boot_id, died_at; deaths: slot, time, identity, boot_id. That death
    which ends the state held, else the last one known (an older carry: the last before it).
    """
    if deaths.is_empty() and head["death"].null_count() == head.height:
        return at.with_columns(death=pl.lit(None, pl.Int64()), death_boot=pl.lit(None, pl.String()))
    known = pl.concat(
        [
            head.filter(pl.col("death").is_not_null()).select("slot", "death", "death_boot"),
            deaths.sort("time", "identity").select("slot", death="time", death_boot="boot_id"),
        ]
    ).sort("death", maintain_order=True)
    newest = pl.lit(known["death"].max(), pl.Int64())
    last = (
        at.select("row", "slot", until=pl.when("is_end").then(newest).otherwise("time"))
        .sort("until")
        .join_asof(
            known,
            left_on="until",
            right_on="death",
            by="slot",
            strategy="backward",
            check_sortedness=False,
        )
        .select("row", "death", "death_boot")
    )
    ends = pl.col("is_end") & pl.col("died_at").is_not_null()
    return at.join(last, on="row", how="left", maintain_order="left").with_columns(
        death=pl.when(ends).then("died_at").otherwise("death"),
        death_boot=pl.when(ends).then("boot_id").otherwise("death_boot"),
    )


def may_matter(max_future_us: int) -> pl.Expr:
    """Whether deaths known to a head (model.CARRY) can still end a state: it holds but one of them.

    Such a head is no base to go on from; its machine is computed anew from an older one.
    """
    return (pl.col("death") >= pl.col("time") - max_future_us).fill_null(False)
