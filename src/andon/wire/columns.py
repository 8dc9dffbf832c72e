"""Rows to the frame READINGS: one list per column, scaled and blanked column by column."""

from __future__ import annotations

from collections import Counter
from typing import Any, NamedTuple

import polars as pl
from msgspec import UNSET

from andon.model import MEASURE_SUFFIX, READINGS
from andon.wire.exact import BLANK_TIME, Row, json_object, json_texts
from andon.wire.fast import TimeTexts
from andon.wire.fields import FIELDS, POSITION, FieldKind


class Found(NamedTuple):
    """Rows, and beside them identities and arrival (us); `deaths` are indices of death messages."""

    rows: list[Row]
    identities: list[bytes]
    received: list[int]
    deaths: set[int]


def frame(
    found: Found, texts: TimeTexts, measures: tuple[str, ...]
) -> tuple[pl.DataFrame, Counter[str]]:
    """The frame of the rows in their order, and how many optional times were empty, per field.

    `texts` reads the times that the fast path left as text.
    """
    schema = READINGS.schema | {m + MEASURE_SUFFIX: pl.Int64() for m in measures}
    empty_times: Counter[str] = Counter()
    if not found.rows:
        return pl.DataFrame(schema=schema), empty_times
    moments, fields, extras, asides, measured = zip(*found.rows, strict=True)
    wire: list[tuple[Any, ...]] = list(zip(*fields, strict=True))
    none = [False] * len(found.rows)
    data: dict[str, Any] = {
        "machine_id": wire[POSITION["machine_id"]],
        "time": moments,
        "identity": found.identities,
        "received": found.received,
        "extra": [None if e is None else json_object(e) for e in extras],
        "set_aside": [None if a is None else json_texts(a) for a in asides],
        "is_death": [i in found.deaths for i in range(len(moments))] if found.deaths else none,
        "awaiting_recompute": none,
        "job_ended": _job_ended(wire[POSITION["job_id"]]),
    }
    for field in FIELDS:
        column = wire[POSITION[field.name]]
        if field.kind is FieldKind.TIME:
            instants = _instants(column, texts)
            empty_times[field.name] = instants.count(BLANK_TIME)
            data[field.column] = [None if v == BLANK_TIME else v for v in instants]
        elif field.kind is FieldKind.MILLI:
            data[field.column] = _thousandths(column)
        elif field.kind in (FieldKind.COUNT, FieldKind.FLAG):
            data[field.column] = _absent_as_null(column, field.kind)
        else:
            data[field.column] = _texts(column)
    for i, name in enumerate(measures):
        data[name + MEASURE_SUFFIX] = [None if m is None else m[i] for m in measured]
    series = [pl.Series(name, data[name], dtype=dtype) for name, dtype in schema.items()]
    return pl.DataFrame(series), +empty_times


def _texts(column: tuple[Any, ...]) -> Any:
    """Texts, blank ones as null; a boot_id that came as an integer as its digits."""
    distinct = set(column)
    changed = {
        v: str(v) if v.__class__ is int else None
        for v in distinct
        if v is UNSET or v.__class__ is int or (v is not None and not v.strip())
    }
    if not changed:
        return column
    if len(changed) == len(distinct) == 1:
        return [*changed.values()] * len(column)
    return [changed.get(v, v) for v in column]


def _job_ended(column: tuple[Any, ...]) -> list[bool]:
    ends = {v for v in set(column) if v is not UNSET and (v is None or not v.strip())}
    return [v in ends for v in column] if ends else [False] * len(column)


def _instants(column: tuple[Any, ...], texts: TimeTexts) -> list[int | None]:
    if set(map(type, column)) == {str}:
        return [texts[v] for v in column]
    return [texts[v] if v.__class__ is str else None if v is UNSET else v for v in column]


def _thousandths(column: tuple[Any, ...]) -> list[int | None]:
    try:
        return [round(v * 1000.0) for v in column]
    except TypeError:  # null or absent somewhere
        return [None if v is UNSET or v is None else round(v * 1000.0) for v in column]


def _absent_as_null(column: tuple[Any, ...], kind: FieldKind) -> pl.Series:
    dtype: pl.DataType = pl.Int64() if kind is FieldKind.COUNT else pl.Boolean()
    try:
        return pl.Series(column, dtype=dtype)
    except (TypeError, ValueError):  # absent somewhere
        return pl.Series([None if v is UNSET else v for v in column], dtype=dtype)
