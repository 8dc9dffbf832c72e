"""The parts of docs/views.md and docs/schema.md that are made from the comments. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from andon.store import schema, sql


def views_block() -> str:
    """Each public view: its sentence and its columns in order."""
    parts = []
    for view in sql.views():
        rows = ((f"`{column}`", doc) for column, doc in view.columns.items())
        parts.append(f"### {view.name}\n\n{view.doc}\n\n{_table(('column', 'what'), rows)}")
    return "\n\n".join(parts)


def tables_block() -> str:
    """Each table: its sentence, its columns with type, and its constraints."""
    parts = []
    for table in schema.ALL:
        rows = (
            (f"`{f.name}`", f.sql.partition(" ")[0] + (", may be null" if f.null else ""), f.doc)
            for f in table.fields
        )
        parts.append(
            f"### {table.name}\n\n{table.doc}\n\n{_table(('column', 'type', 'what'), rows)}\n\n"
            + "\n".join(f"- `{constraint}`" for constraint in table.constraints)
        )
    return "\n\n".join(parts)


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [head, tuple("---" for _ in head), *rows]
    return "\n".join(
        "| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines
    )
