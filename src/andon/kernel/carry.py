"""What is kept between batches: the head of each machine and the sums of its open minute."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from andon.model import CARRY, MEASURES, MINUTES, Frame

SLOT = pl.Int32()


def _without_record(frame: Frame) -> dict[str, pl.DataType]:
    record = {c.name for c in frame.columns if not c.law}
    return {n: t for n, t in frame.schema.items() if n not in record and n != "machine_id"}


OPEN_MINUTE_SCHEMA = {"slot": SLOT, **_without_record(MINUTES)}
OPEN_MEASURE_SCHEMA = {"slot": SLOT, **_without_record(MEASURES)}
HEAD_SCHEMA = {"slot": SLOT, **CARRY.schema}


@dataclass(frozen=True, slots=True)
class Carry:
    """The heads of all machines known so far.

    head: one row per machine, columns of model.CARRY after `slot` (Int32, its row number, given
        in order of discovery and never changed while the process lives).
    minutes: the rows of machine_minute of the minute that holds `head.time`, sums up to the head.
    measures: the same of measure_minute.
    """

    head: pl.DataFrame
    minutes: pl.DataFrame
    measures: pl.DataFrame

    @classmethod
    def empty(cls) -> Carry:
        """No machine yet."""
        return cls(
            pl.DataFrame(schema=HEAD_SCHEMA),
            pl.DataFrame(schema=OPEN_MINUTE_SCHEMA),
            pl.DataFrame(schema=OPEN_MEASURE_SCHEMA),
        )

    def only(self, slots: pl.Series) -> Carry:
        """The part of these machines."""
        if slots.is_empty():
            return Carry(self.head.clear(), self.minutes.clear(), self.measures.clear())
        if self.head["slot"].is_in(slots.implode()).all():
            return self
        keep = pl.col("slot").is_in(slots.implode())
        return Carry(self.head.filter(keep), self.minutes.filter(keep), self.measures.filter(keep))

    def replaced_by(self, newer: Carry) -> Carry:
        """The carry with the machines of `newer` in place of their older rows."""
        if newer.head.is_empty():
            return self
        if self.head["slot"].is_in(newer.head["slot"].implode()).all():
            return Carry(newer.head.sort("slot"), newer.minutes, newer.measures)
        stays = ~pl.col("slot").is_in(newer.head["slot"].implode())
        return Carry(
            pl.concat([self.head.filter(stays), newer.head]).sort("slot"),
            pl.concat([self.minutes.filter(stays), newer.minutes]),
            pl.concat([self.measures.filter(stays), newer.measures]),
        )
