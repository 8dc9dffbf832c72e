"""Stored readings back to frames: measures of the plan that the table keeps inside `extra`."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import polars as pl

from andon.model import MEASURE_SUFFIX
from andon.wire.exact import thousandths
from andon.wire.fields import measure_names
from andon.wire.scan import raw_texts

_decode = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode


def with_measures(readings: pl.DataFrame, measures: Sequence[str]) -> pl.DataFrame:
    """Adds `<measure>_milli` columns for the measures that are not columns of the table."""
    columns = []
    for name in measure_names(tuple(measures)):
        values = [None if text is None else _value(text, name) for text in readings["extra"]]
        columns.append(pl.Series(name + MEASURE_SUFFIX, values, dtype=pl.Int64()))
    return readings.with_columns(columns)


def _value(extra: str, name: str) -> int | None:
    try:
        raw = _decode(extra).get(name)
        text = None if raw is None else bytes(raw).decode()
    except msgspec.DecodeError:  # a lone surrogate in another field
        text = raw_texts(extra).get(name)
    try:
        return None if text is None else thousandths(text)
    except (ValueError, OverflowError):
        return None
