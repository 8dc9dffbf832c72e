"""Rows to the frame READINGS: one list per column, scaled and blanked column by column."""

from __future__ import annotations

from collections import Counter
from typing import Any

import polars as pl
from msgspec import UNSET

from andon.model import MEASURE_SUFFIX, READINGS
from andon.wire.exact import BLANK_TIME, Row, json_object, json_texts
from andon.wire.fields import FIELDS, POSITION, FieldKind

_EMPTY = (None, UNSET)


def frame(
    rows: list[Row],
    identities: list[bytes],
    received: list[int],
    deaths: set[int],
    measures: tuple[str, ...],
) -> tuple[pl.DataFrame, Counter[str]]:
    """The frame of `rows` in their order, and how many optional times were empty, per field.

    `identities` and `received` (us) stand beside the rows; `deaths` are indices of death messages.
    """
    schema = READINGS.schema | {m + MEASURE_SUFFIX: pl.Int64() for m in measures}
    if not rows:
        return pl.DataFrame(schema=schema), Counter()
    fields, extras, asides, extra_measures = zip(*rows, strict=True)
    columns: list[tuple[Any, ...]] = list(zip(*fields, strict=True))
    empty_times: Counter[str] = Counter()
    data: dict[str, Any] = {
        "machine_id": columns[0],
        "time": columns[1],
        "identity": identities,
        "received": received,
        "extra": [None if e is None else json_object(e) for e in extras],
        "set_aside": [None if a is None else json_texts(a) for a in asides],
        "is_death": _flags(len(rows), deaths),
        "awaiting_recompute": pl.repeat(False, len(rows), dtype=pl.Boolean, eager=True),
        "job_ended": pl.repeat(False, len(rows), dtype=pl.Boolean, eager=True),
    }
    for field in FIELDS:
        column = columns[POSITION[field.name]]
        if field.kind in (FieldKind.TEXT, FieldKind.BOOT):
            blank = _blank(column)
            if field.name == "job_id" and not blank <= {UNSET}:
                ends = blank - {UNSET}
                data["job_ended"] = [v in ends for v in column]
            data[field.column] = _without(column, blank)
        elif field.kind is FieldKind.TIME:
            empty_times[field.name] = column.count(BLANK_TIME)
            data[field.column] = _without(column, {UNSET, BLANK_TIME})
        elif field.kind is FieldKind.MILLI:
            data[field.column] = _milli(_without(column, {UNSET}))
        else:
            data[field.column] = _without(column, {UNSET})
    for i, name in enumerate(measures):
        data[name + MEASURE_SUFFIX] = [None if m is None else m[i] for m in extra_measures]
    series = [pl.Series(name, data[name], dtype=dtype) for name, dtype in schema.items()]
    return pl.DataFrame(series), +empty_times


def _blank(column: tuple[Any, ...]) -> set[Any]:
    return {v for v in set(column) if v in _EMPTY or (v.__class__ is str and not v.strip())}


def _without(column: tuple[Any, ...], nulls: set[Any]) -> Any:
    if not any(null in column for null in nulls):
        return column
    return [None if v in nulls else v for v in column]


def _milli(column: Any) -> pl.Series:
    scaled = pl.Series(column, dtype=pl.Float64) * 1000.0
    return scaled.round(0, mode="half_to_even").cast(pl.Int64)


def _flags(length: int, true: set[int]) -> Any:
    if not true:
        return pl.repeat(False, length, dtype=pl.Boolean, eager=True)
    return [i in true for i in range(length)]
