"""The declared schema: the frames of model.py as tables, the tables of tables.py, as SQL.

`python -m andon.store.schema` prints it. Migrations lead every database there; a test compares.
"""

from __future__ import annotations

from collections.abc import Iterator

from andon import model
from andon.model import Column, Frame
from andon.store.sql import literal, quoted
from andon.store.tables import HOT, TABLES, Field, Table

VERSION = 1
"""The schema's version: that of the newest migration."""

FIVE_MINUTES = "date_bin('5 minutes', minute, '2000-01-01 00:00:00+00')"
"""Start of the 5-minute window of a minute, as views and indexes write it."""

_CHAIN = (
    'UNIQUE (machine_id, "end")',
    'CHECK (start < "end")',
    "CHECK (prev_end = start)",
    'FOREIGN KEY (machine_id, prev_end) REFERENCES state_interval (machine_id, "end") '
    "DEFERRABLE INITIALLY DEFERRED",
    "CHECK (state IN ('RUNNING', 'IDLE', 'MAINTENANCE', 'ERROR', 'UNKNOWN'))",
)
"""Intervals of a machine neither overlap nor leave a hole, without extensions."""

_CONSTRAINTS: dict[str, tuple[str, ...]] = {"state_interval": _CHAIN}
_INDEXES: dict[str, tuple[str, ...]] = {
    "reading": ("reading_awaiting: (machine_id, time) WHERE awaiting_recompute",),
    "state_interval": (
        "state_interval_first: UNIQUE (machine_id) WHERE prev_end IS NULL",
        'state_interval_open: (machine_id) WHERE "end" IS NULL',
        "state_interval_prev_end: (machine_id, prev_end)",
        "state_interval_start: (start)",
    ),
    "machine_minute": (
        f"machine_minute_5min: ({FIVE_MINUTES}, machine_id)",
        "machine_minute_healed: (machine_id, minute) WHERE unknown_healed_us > 0",
    ),
    "measure_minute": (f"measure_minute_5min: ({FIVE_MINUTES}, machine_id)",),
    "scrap_event": ("scrap_event_time: (time)",),
    "incident": ("incident_start: (start)",),
    "failure": ("failure_start: (start)",),
    "anomaly": ("anomaly_time: (time)",),
    "gap": ("gap_time: (time)",),
    "job": ("job_job_id: (job_id, machine_id)", "job_start: (start)"),
    "alert": ("alert_raised: (raised)",),
    "input": ("input_machine: (machine_id, start)",),
}
_OPTIONS: dict[str, str] = {
    "reading": "PARTITION BY RANGE (time)",
    "state_interval": HOT,
    "machine_minute": HOT,
    "measure_minute": HOT,
    "job": HOT,
    "carry": HOT,
}
_DEFAULTS = {"revision": "0", "computed_at": "now()", "withdrawn": "false"}


def table_of(frame: Frame) -> Table:
    """The table that keeps a frame."""
    key = ", ".join(quoted(name) for name in frame.key)
    return Table(
        frame.name,
        frame.doc,
        tuple(_field(column) for column in frame.columns),
        (f"PRIMARY KEY ({key})", *_CONSTRAINTS.get(frame.name, ())),
        _INDEXES.get(frame.name, ()),
        _OPTIONS.get(frame.name, ""),
    )


def _field(column: Column) -> Field:
    return Field(
        column.name, column.kind.sql, column.doc, column.null, _DEFAULTS.get(column.name, "")
    )


ALL: tuple[Table, ...] = (*(table_of(frame) for frame in model.FRAMES), *TABLES)
"""Every table, in the order of the path."""


def statements(tables: tuple[Table, ...] = ALL) -> Iterator[str]:
    """The declared tables as SQL statements."""
    for table in tables:
        yield _create(table)
        yield f"COMMENT ON TABLE {quoted(table.name)} IS {literal(table.doc)}"
        for field in table.fields:
            place = f"{quoted(table.name)}.{quoted(field.name)}"
            yield f"COMMENT ON COLUMN {place} IS {literal(field.doc)}"
        for index in table.indexes:
            yield _create_index(table.name, index)


def _create(table: Table) -> str:
    lines = [*(_column(field) for field in table.fields), *table.constraints]
    body = ",\n    ".join(lines)
    return f"CREATE TABLE {quoted(table.name)} (\n    {body}\n) {table.options}".rstrip()


def _column(field: Field) -> str:
    parts = [quoted(field.name), field.sql]
    if not field.null:
        parts.append("NOT NULL")
    if field.default:
        parts.append(f"DEFAULT {field.default}")
    return " ".join(parts)


def _create_index(table: str, index: str) -> str:
    name, _, what = index.partition(": ")
    unique = "UNIQUE " if what.startswith("UNIQUE ") else ""
    return f"CREATE {unique}INDEX {name} ON {quoted(table)} {what.removeprefix('UNIQUE ')}"


if __name__ == "__main__":
    print("\n\n".join(statement + ";" for statement in statements()))
