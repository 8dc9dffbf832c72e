"""Frames to and from the texts that PostgreSQL's COPY and JSON functions read and write. Pure."""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from andon.model import Frame, Kind

_ESCAPED = ["\\\\", "\\n", "\\t", "\\r", "\\b", "\\f", "\\v"]
_PLAIN = ["\\", "\n", "\t", "\r", "\b", "\f", "\v"]


def kinds_of(schema: Frame | Mapping[str, Kind]) -> dict[str, Kind]:
    """Column name to kind, in order."""
    if isinstance(schema, Frame):
        return {column.name: column.kind for column in schema.columns}
    return dict(schema)


def _as_text(name: str, kind: Kind) -> pl.Expr:
    column = pl.col(name)
    if kind is Kind.INSTANT:
        return column.cast(pl.Datetime("us")).cast(pl.String) + "+00"
    if kind is Kind.IDENTITY:
        return column.bin.encode("hex")
    return column


def to_copy_csv(frame: pl.DataFrame, kinds: Mapping[str, Kind]) -> str:
    """CSV without header as COPY ... (FORMAT csv) reads it: null is nothing, '' is \"\".

    Instants must lie in the years 1 to 9999. At least one column may not be null.
    """
    return frame.select(_as_text(name, kind) for name, kind in kinds.items()).write_csv(
        include_header=False
    )


def to_json(frame: pl.DataFrame, kinds: Mapping[str, Kind]) -> str:
    """A JSON array of objects as json_to_recordset reads it."""
    return frame.select(_as_text(name, kind) for name, kind in kinds.items()).write_json()


def from_copy_text(data: bytes, kinds: Mapping[str, Kind]) -> pl.DataFrame:
    """The frame of what COPY ... TO STDOUT (text format, UTC, ISO dates) wrote."""
    schema = {
        name: kind.dtype if kind in (Kind.COUNT, Kind.DURATION, Kind.MILLI) else pl.String()
        for name, kind in kinds.items()
    }
    if not data:
        return pl.DataFrame(schema={name: kind.dtype for name, kind in kinds.items()})
    raw = pl.read_csv(
        data,
        has_header=False,
        separator="\t",
        quote_char=None,
        null_values="\\N",
        empty_string_is_null=False,
        schema=schema,
    )
    return raw.with_columns(_from_text(name, kind) for name, kind in kinds.items())


def _from_text(name: str, kind: Kind) -> pl.Expr:
    column = pl.col(name)
    if kind is Kind.INSTANT:
        instant = column.str.strip_suffix("+00").str.to_datetime(
            "%Y-%m-%d %H:%M:%S%.f", time_unit="us"
        )
        return instant.cast(pl.Int64)
    if kind is Kind.IDENTITY:
        return column.str.replace_all("-", "", literal=True).str.decode("hex")
    if kind is Kind.FLAG:
        return column == "t"
    if kind in (Kind.TEXT, Kind.JSON):
        return column.str.replace_many(_ESCAPED, _PLAIN)
    return column
