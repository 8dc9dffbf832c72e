"""The only importer of psycopg: connections, queries, frames in and out, errors to act on.

Sessions run in UTC with ISO dates. Instants are int64 microseconds in frames and aware UTC
datetimes in rows; identities are 16 bytes in frames and `uuid` in PostgreSQL. psycopg's own
errors never leave this file through the functions below: a lost or absent server is
StoreUnreachable, a refused user or right AccessRefused, a missing table or column SchemaError.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import polars as pl
import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from psycopg.rows import dict_row

from andon.errors import AccessRefused, AndonError, SchemaError, StoreUnreachable
from andon.model import Frame, Kind
from andon.store.columnar import from_copy_text, kinds_of, to_copy_csv, to_json
from andon.store.sql import quoted
from andon.store.upserts import staging_table, upsert_rows_sql, upsert_staged_sql, written_kinds

Connection = psycopg.Connection[tuple[Any, ...]]
Params = Sequence[Any] | Mapping[str, Any] | None

_SESSION = "-c TimeZone=UTC -c DateStyle=ISO -c IntervalStyle=iso_8601"
_ROLE = re.compile(r"-c\s*role=(\S+)")
"""Taken after the connection: PostgreSQL refuses a session whose role is not there."""

SMALL_BATCH = 50
"""Rows up to which one JSON parameter beats COPY into a staging table."""

_REFUSED = (
    "password authentication failed",
    "no password supplied",
    "no pg_hba.conf entry",
    "authentication failed",
    "permission denied",
    "is not permitted to log in",
)


def connect(dsn: str, application_name: str = "andon", *, autocommit: bool = True) -> Connection:
    """Open a session in UTC; where the DSN asks for a role, take it if the user may.

    Use `transaction(conn)` for what belongs together. Raises StoreUnreachable, AccessRefused.
    """
    try:
        wanted = conninfo_to_dict(dsn)
    except psycopg.ProgrammingError as error:
        raise AccessRefused(
            f"store.database_url cannot be read: {str(error).strip()}. "
            "Write it as postgresql://user:password@host:5432/database."
        ) from error
    given = str(wanted.get("options") or "")
    role = _ROLE.search(given)
    options = f"{_ROLE.sub('', given)} {_SESSION}"
    settings: dict[str, Any] = {
        "application_name": application_name,
        "client_encoding": "utf8",
        "connect_timeout": wanted.get("connect_timeout") or 5,
        "keepalives_idle": 20,
        "keepalives_interval": 5,
        "keepalives_count": 3,
        "options": options.strip(),
    }
    try:
        conn = psycopg.connect(make_conninfo(dsn, **settings), autocommit=True)
    except psycopg.OperationalError as error:
        raise _not_connected(dsn, error) from error
    with translated(conn):
        if role is not None:
            _take_role(conn, role[1])
        conn.execute("SET client_min_messages = warning")
        conn.autocommit = autocommit
    return conn


def _take_role(conn: Connection, name: str) -> None:
    """SET ROLE where the role exists and the user is a member; else the user does the work."""
    conn.execute(
        "SELECT set_config('role', r.rolname, false) FROM pg_roles r WHERE r.rolname = %s "
        "AND pg_has_role(session_user, r.oid, 'MEMBER') AND r.rolname <> session_user",
        (name,),
    )


def place(dsn: str) -> str:
    """Where a DSN leads, for messages: user, host and database, never the password."""
    try:
        parts = conninfo_to_dict(dsn)
    except psycopg.ProgrammingError:
        return "the database of store.database_url"
    host = parts.get("host") or parts.get("hostaddr") or "the local socket"
    port = f":{parts['port']}" if parts.get("port") and not str(host).startswith("/") else ""
    name = parts.get("dbname") or parts.get("user") or "its default database"
    user = f" as {parts['user']}" if parts.get("user") else ""
    return f"database {name} at {host}{port}{user}"


def _not_connected(dsn: str, error: psycopg.OperationalError) -> AndonError:
    text = " ".join(str(error).split())
    where = place(dsn)
    if "does not exist" in text and "database" in text:
        return StoreUnreachable(
            f"PostgreSQL answers, but {where} does not exist. Create it (createdb) or correct "
            "store.database_url."
        )
    if any(sign in text for sign in _REFUSED) or ("role" in text and "does not exist" in text):
        return AccessRefused(
            f"PostgreSQL refused access to {where}: {text}. Correct user and password in "
            "store.database_url, or allow them in pg_hba.conf."
        )
    return StoreUnreachable(
        f"PostgreSQL does not answer for {where}: {text}. Check that it runs and that "
        "store.database_url is right."
    )


@contextmanager
def translated(conn: Connection) -> Iterator[None]:
    """Turn psycopg's errors into ours."""
    try:
        yield
    except psycopg.errors.InsufficientPrivilege as error:
        raise AccessRefused(
            f"PostgreSQL refused a right on {_place_of(conn)}: {_text(error)}. "
            "Run `andon db upgrade` as the owner, or grant the right."
        ) from error
    except (psycopg.errors.UndefinedTable, psycopg.errors.UndefinedColumn) as error:
        raise SchemaError(
            f"The schema of {_place_of(conn)} is not this program's: {_text(error)}. "
            "Run `andon db upgrade`."
        ) from error
    except psycopg.errors.DependentObjectsStillExist as error:
        raise SchemaError(
            f"Objects of others in {_place_of(conn)} build on andon's: {_text(error)}. "
            "Drop them, upgrade, and make them again."
        ) from error
    except psycopg.errors.DiskFull as error:
        raise StoreUnreachable(
            f"PostgreSQL has no space left at {_place_of(conn)}: {_text(error)}. Free some."
        ) from error
    except (psycopg.OperationalError, psycopg.InterfaceError) as error:
        raise StoreUnreachable(
            f"PostgreSQL does not answer for {_place_of(conn)}: {_text(error)}"
        ) from error


def _text(error: psycopg.Error) -> str:
    return " ".join(str(error).split())


def _place_of(conn: Connection) -> str:
    try:
        return f"database {conn.info.dbname} at {conn.info.host or 'the local socket'}"
    except psycopg.Error:
        return "the database"


@contextmanager
def transaction(conn: Connection) -> Iterator[None]:
    """All or nothing: commits at the end, rolls back on an exception; nested it is a savepoint."""
    with translated(conn), conn.transaction():
        yield


@contextmanager
def pipeline(conn: Connection) -> Iterator[None]:
    """Send statements without waiting for each answer; no COPY inside. Errors come at its end."""
    with translated(conn), conn.pipeline():
        yield


def execute(conn: Connection, sql: str, params: Params = None) -> int:
    """Run one statement; the number of rows it touched (-1 where that means nothing)."""
    with translated(conn):
        return conn.execute(sql, params).rowcount


def query(conn: Connection, sql: str, params: Params = None) -> list[dict[str, Any]]:
    """Rows as dicts by column name; timestamptz as aware UTC datetimes, numeric as Decimal."""
    with translated(conn), conn.cursor(row_factory=dict_row) as cursor:
        return cursor.execute(sql, params).fetchall()


def scalar(conn: Connection, sql: str, params: Params = None) -> Any:
    """The first column of the first row, or None."""
    with translated(conn):
        row = conn.execute(sql, params).fetchone()
    return None if row is None else row[0]


def read_frame(
    conn: Connection, sql: str, params: Params, schema: Frame | Mapping[str, Kind]
) -> pl.DataFrame:
    """A query's rows as a frame with the schema's columns, in the schema's order.

    The query must give the columns in that order. INSTANT comes as int64 us, IDENTITY as 16 bytes.
    Goes through COPY: about 5 us a row of 40 columns.
    """
    with translated(conn):
        text = psycopg.ClientCursor(conn).mogrify(sql, params)
        with conn.cursor() as cursor, cursor.copy(f"COPY ({text}) TO STDOUT") as copy:
            data = b"".join(bytes(block) for block in copy)
    return from_copy_text(data, kinds_of(schema))


def copy_frame(
    conn: Connection,
    table: str,
    frame: pl.DataFrame,
    kinds: Frame | Mapping[str, Kind],
) -> None:
    """Append the frame's rows by COPY; `kinds` names the columns to write and what they hold.

    Null and '' stay apart. A row whose key is already there fails the whole statement.
    """
    columns = kinds_of(kinds)
    if frame.is_empty():
        return
    _copy(conn, quoted(table), frame, columns)


def _copy(conn: Connection, table: str, frame: pl.DataFrame, kinds: Mapping[str, Kind]) -> None:
    names = ", ".join(quoted(name) for name in kinds)
    sql = f"COPY {table} ({names}) FROM STDIN (FORMAT csv)"
    with translated(conn), conn.cursor() as cursor, cursor.copy(sql) as copy:
        copy.write(to_copy_csv(frame, kinds))


def upsert_frame(
    conn: Connection,
    decl: Frame,
    frame: pl.DataFrame,
    recomputed_machines: Sequence[str] = (),
) -> None:
    """Write complete rows by the declaration's key; an existing row is replaced.

    `computed_at` becomes the transaction's time. `revision` stays, and rises by one in replaced
    rows of `recomputed_machines`. Up to SMALL_BATCH rows go as one JSON parameter (one round
    trip, also inside a pipeline), more through COPY into a temporary table of the session.
    """
    if frame.is_empty():
        return
    machines = list(recomputed_machines)
    kinds = written_kinds(decl)
    if frame.height <= SMALL_BATCH:
        with translated(conn):
            conn.execute(
                upsert_rows_sql(decl),
                {"rows": to_json(frame, kinds), "recomputed": machines},
                prepare=True,
            )
        return
    name, create = staging_table(decl)
    alone = conn.info.transaction_status is psycopg.pq.TransactionStatus.IDLE
    with transaction(conn) if alone else translated(conn):
        conn.execute(create)
        _copy(conn, name, frame, kinds)
        conn.execute(upsert_staged_sql(decl), {"recomputed": machines}, prepare=True)


def notify(conn: Connection, channel: str, payload: str) -> None:
    """NOTIFY at commit."""
    execute(conn, "SELECT pg_notify(%s, %s)", (channel, payload))


def listen(conn: Connection, channel: str) -> None:
    """Start to hear a channel on this (autocommit) connection."""
    execute(conn, f"LISTEN {quoted(channel)}")


def notifications(conn: Connection, wait_s: float) -> list[str]:
    """Payloads that arrive within `wait_s` seconds; returns at the first, with all there are."""
    with translated(conn):
        return [n.payload for n in conn.notifies(timeout=wait_s, stop_after=1)]


def server_version(conn: Connection) -> int:
    """The server's version number, such as 150018 or 180004."""
    return conn.info.server_version
