"""The statements that write a frame's rows by their key, made from its declaration. Pure."""

from __future__ import annotations

from functools import cache

from andon.model import Frame, Kind

_BY_DATABASE = frozenset({"revision", "computed_at", "withdrawn"})


def written_kinds(decl: Frame) -> dict[str, Kind]:
    """The columns that a writer gives: all but revision, computed_at and withdrawn."""
    return {c.name: c.kind for c in decl.columns if c.name not in _BY_DATABASE}


@cache
def staging_table(decl: Frame) -> tuple[str, str]:
    """Name of the session's temporary table for the frame, and the statement that makes it."""
    name = f'"staging_{decl.name}"'
    columns = ", ".join(f'"{n}" {kind.sql}' for n, kind in written_kinds(decl).items())
    return (
        name,
        f"CREATE TEMPORARY TABLE IF NOT EXISTS {name} ({columns}) ON COMMIT DELETE ROWS",
    )


@cache
def upsert_staged_sql(decl: Frame) -> str:
    """Move the staged rows into the table. Parameter: recomputed (text[])."""
    names = _names(decl)
    staged = staging_table(decl)[0]
    return f"{_insert(decl)} SELECT {names} FROM {staged} {_on_conflict(decl)}"  # noqa: S608


@cache
def upsert_rows_sql(decl: Frame) -> str:
    """Write rows given as one JSON array. Parameters: rows (JSON text), recomputed (text[])."""
    names = _names(decl)
    record = ", ".join(f'"{n}" {kind.sql}' for n, kind in written_kinds(decl).items())
    source = f"json_to_recordset(%(rows)s::json) AS r ({record})"
    return f"{_insert(decl)} SELECT {names} FROM {source} {_on_conflict(decl)}"  # noqa: S608


def _insert(decl: Frame) -> str:
    return f'INSERT INTO "{decl.name}" AS t ({_names(decl)})'


def _names(decl: Frame) -> str:
    return ", ".join(f'"{name}"' for name in written_kinds(decl))


def _on_conflict(decl: Frame) -> str:
    key = ", ".join(f'"{name}"' for name in decl.key)
    sets = [f'"{name}" = excluded."{name}"' for name in written_kinds(decl) if name not in decl.key]
    if "revision" in decl.names:
        sets.append("revision = t.revision + (t.machine_id = ANY(%(recomputed)s::text[]))::integer")
    if "computed_at" in decl.names:
        sets.append("computed_at = now()")
    return f"ON CONFLICT ({key}) DO UPDATE SET {', '.join(sets)}"
