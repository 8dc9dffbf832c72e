"""What is needed to go back: the readings after the watermark and older heads before them.

Chunks are appended whole; once in a while they are drawn together and what lies behind every
machine's watermark is dropped. In-order readings never touch the contents.
"""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from andon.kernel.carry import Carry
from andon.units import SECOND_US

KEEP_EVERY_US = 10 * SECOND_US
"""Older heads are thinned to one per machine in this much event time."""
_CHUNKS = 64
_SLACK_ROWS = 50_000


@dataclass(frozen=True, slots=True)
class Tail:
    """readings: chunks of kernel rows (slot, time, seq, identity, ...), each in any order.

    kept: carries of older heads; `settled_rows` is the size after the last compaction.
    A machine without a kept carry before an instant has all its readings here.
    """

    readings: tuple[pl.DataFrame, ...] = ()
    kept: tuple[Carry, ...] = ()
    settled_rows: int = 0

    @property
    def rows(self) -> int:
        """Readings held in memory."""
        return sum(chunk.height for chunk in self.readings)

    def append(self, readings: pl.DataFrame, before: Carry, stale: pl.DataFrame) -> Tail:
        """The tail with one more chunk and the heads as they were before it.

        stale: slot, since: heads kept at or after that instant did not know of a late reading and
        are dropped.
        """
        kept = self.kept
        if stale.height:
            kept = tuple(part for part in (_fresh(k, stale) for k in kept) if part.head.height)
        if before.head.height:
            kept = (*kept, before)
        return Tail((*self.readings, readings), kept, self.settled_rows)

    def of(self, slots: pl.Series) -> pl.DataFrame | None:
        """All held readings of these machines, or None where there is none."""
        if not self.readings:
            return None
        keep = pl.col("slot").is_in(slots.implode())
        return pl.concat([chunk.filter(keep) for chunk in self.readings], how="diagonal")

    def before(self, since: pl.DataFrame) -> Carry:
        """The newest kept heads strictly before an instant.

        since: slot, since (instant). Machines without one are absent: they start from birth.
        """
        parts = [part.only(since["slot"]) for part in self.kept]
        parts = [part for part in parts if part.head.height]
        if not parts:
            return Carry.empty()
        heads = pl.concat(
            [part.head.with_columns(part=pl.lit(i, pl.Int32())) for i, part in enumerate(parts)]
        )
        newest = (
            heads.join(since, on="slot")
            .filter(pl.col("time") < pl.col("since"))
            .sort("slot", "time")
            .unique("slot", keep="last", maintain_order=True)
            .drop("since")
        )
        return _gather(newest, parts)

    def compacted(self, head: pl.DataFrame, lateness_us: int) -> Tail:
        """Drops what lies behind the watermarks, if enough has gathered."""
        if len(self.readings) < _CHUNKS and self.rows < 2 * self.settled_rows + _SLACK_ROWS:
            return self
        heads = (
            pl.concat(
                [
                    part.head.with_columns(part=pl.lit(i, pl.Int32()))
                    for i, part in enumerate(self.kept)
                ]
            )
            if self.kept
            else None
        )
        if heads is None:
            merged = pl.concat(self.readings, how="diagonal")
            return Tail((merged,), (), merged.height)
        watermarks = head.select("slot", watermark=pl.col("time") - lateness_us)
        bases = (
            heads.select("slot", "time")
            .join(watermarks, on="slot")
            .filter(pl.col("time") < pl.col("watermark"))
            .group_by("slot")
            .agg(base=pl.col("time").max())
        )
        kept_heads = (
            heads.join(bases, on="slot", how="left")
            .filter(pl.col("base").is_null() | (pl.col("time") >= pl.col("base")))
            .drop("base")
            .sort("slot", "time")
            .with_columns(period=pl.col("time") // KEEP_EVERY_US)
            .unique(["slot", "period"], keep="first", maintain_order=True)
            .drop("period")
        )
        readings = (
            pl.concat(self.readings, how="diagonal")
            .join(bases, on="slot", how="left")
            .filter(pl.col("base").is_null() | (pl.col("time") > pl.col("base")))
            .drop("base")
        )
        return Tail((readings,), _regrouped(kept_heads, self.kept), readings.height)


def _fresh(part: Carry, stale: pl.DataFrame) -> Carry:
    """The part without heads that a late reading has made stale."""
    known = part.head.join(stale, on="slot", how="left", maintain_order="left")
    good = known.filter(pl.col("since").is_null() | (pl.col("time") < pl.col("since")))
    return part if good.height == part.head.height else part.only(good["slot"])


def _gather(picked: pl.DataFrame, parts: list[Carry]) -> Carry:
    """The carries of the picked heads (columns of the head and `part`)."""
    where = picked.select("slot", "part")
    minutes, measures = [], []
    for i, part in enumerate(parts):
        slots = where.filter(pl.col("part") == i)["slot"].implode()
        minutes.append(part.minutes.filter(pl.col("slot").is_in(slots)))
        measures.append(part.measures.filter(pl.col("slot").is_in(slots)))
    return Carry(picked.drop("part"), pl.concat(minutes), pl.concat(measures))


def _regrouped(picked: pl.DataFrame, parts: tuple[Carry, ...]) -> tuple[Carry, ...]:
    """The parts with only the picked heads; parts without any are gone."""
    out = []
    for i, part in enumerate(parts):
        mine = picked.filter(pl.col("part") == i)
        if mine.height == part.head.height:
            out.append(part)
        elif mine.height:
            out.append(part.only(mine["slot"]))
    return tuple(out)
