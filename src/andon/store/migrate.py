"""Leads a database to this program's schema, one at a time, all or nothing.

Tables change by Alembic's versions. Views, functions and grants are derived: they are dropped and
made again from their files whenever these have changed. Alembic takes no lock; the advisory lock
here is held for the whole transaction.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from importlib.metadata import version as installed_version
from pathlib import Path

from andon.errors import AccessRefused, SchemaError
from andon.store import postgres, roles, schema, sql
from andon.store.grants import grant_statements
from andon.store.postgres import Connection
from andon.store.roles import Roles

LOCK = 4_121_970_001
OLDEST_SERVER = 15


@dataclass(frozen=True, slots=True)
class Upgrade:
    """What an upgrade did: versions before and after (0 is empty), the roles that have rights."""

    before: int
    after: int
    changed: bool
    roles: tuple[str, ...]
    missing_roles: tuple[str, ...]


def current(conn: Connection) -> tuple[int, str]:
    """Version of the schema and hash of what is derived; (0, '') for an empty database."""
    if postgres.scalar(conn, "SELECT to_regclass('public.schema_info')") is None:
        return 0, ""
    rows = postgres.query(conn, "SELECT version, derived FROM public.schema_info")
    return (int(rows[0]["version"]), str(rows[0]["derived"])) if rows else (0, "")


def check(conn: Connection) -> None:
    """Raise SchemaError unless the schema is exactly this program's."""
    version, _ = current(conn)
    if version > schema.VERSION:
        raise SchemaError(_newer(version))
    if version < schema.VERSION:
        raise SchemaError(
            f"The database's schema has version {version}, this andon needs {schema.VERSION}. "
            "Run `andon db upgrade`."
        )


def _newer(version: int) -> str:
    return (
        f"The database's schema has version {version}, this andon knows {schema.VERSION}. "
        "Use the andon that upgraded it, or restore a backup made before."
    )


def upgrade(dsn: str, wanted: Roles | None = None) -> Upgrade:
    """Bring the schema to this version. Does nothing where it is there already.

    Raises SchemaError (newer schema, PostgreSQL too old), AccessRefused, StoreUnreachable.
    """
    wanted = wanted or Roles()
    conn = postgres.connect(dsn, "andon db upgrade", autocommit=False)
    with ExitStack() as closing:
        closing.callback(conn.close)
        alembic = None
        if current(conn)[0] < schema.VERSION:
            conn.rollback()
            alembic = closing.enter_context(_alembic_on(conn))
        conn.rollback()
        _become_owner(conn)
        _check_server(conn)
        postgres.execute(conn, "SELECT pg_advisory_xact_lock(%s)", (LOCK,))
        before, derived = current(conn)
        if before > schema.VERSION:
            raise SchemaError(_newer(before))
        there = roles.ensure_roles(conn, wanted, login=False)
        missing = tuple(name for name in wanted.names if name not in there)
        target = _derived_hash(wanted, there)
        changed = before < schema.VERSION or derived != target
        if changed:
            _drop_derived(conn)
            if alembic is not None and before < schema.VERSION:
                alembic()
            _make_derived(conn, target, wanted, there)
        conn.commit()
    return Upgrade(before, schema.VERSION, changed, there, missing)


def _drop_derived(conn: Connection) -> None:
    with postgres.translated(conn):
        for view in reversed(sql.views()):
            conn.execute(f"DROP VIEW IF EXISTS public.{sql.quoted(view.name)}")
        for name, _ in reversed(sql.functions()):
            _drop_function(conn, name)


def _make_derived(conn: Connection, target: str, wanted: Roles, there: tuple[str, ...]) -> None:
    with postgres.translated(conn):
        conn.execute("COMMENT ON TABLE alembic_version IS 'Version of the tables (Alembic).'")
        conn.execute("COMMENT ON COLUMN alembic_version.version_num IS 'The newest migration.'")
        for _, statement in sql.functions():
            conn.execute(statement)
        for statement in view_statements():
            conn.execute(statement)
        for statement in grant_statements(wanted, there):
            conn.execute(statement)
        conn.execute(
            "INSERT INTO schema_info (version, derived, program) VALUES (%s, %s, %s) "
            "ON CONFLICT (one) DO UPDATE SET version = excluded.version, "
            "derived = excluded.derived, program = excluded.program, upgraded_at = now()",
            (schema.VERSION, target, installed_version("andon")),
        )


def view_statements() -> list[str]:
    """CREATE VIEW and COMMENT statements of every view."""
    made = []
    for view in sql.views():
        made.append(f"CREATE VIEW public.{view.name} AS\n{view.select}")
        made.append(f"COMMENT ON VIEW public.{view.name} IS {sql.literal(view.doc)}")
        made.extend(
            f"COMMENT ON COLUMN public.{view.name}.{sql.quoted(column)} IS {sql.literal(doc)}"
            for column, doc in view.columns.items()
        )
    return made


def _drop_function(conn: Connection, name: str) -> None:
    found = conn.execute(
        "SELECT oid::regprocedure::text FROM pg_proc "
        "WHERE proname = %s AND pronamespace = 'public'::regnamespace",
        (name,),
    ).fetchall()
    for (signature,) in found:
        conn.execute(f"DROP FUNCTION {signature}")


@contextmanager
def _alembic_on(conn: Connection) -> Iterator[Callable[[], None]]:
    """Yield what runs Alembic's pending versions in the open transaction of `conn`.

    SQLAlchemy rolls back when it first meets a connection: enter this before the transaction.
    """
    from alembic import command
    from alembic.config import Config
    from sqlalchemy import create_engine
    from sqlalchemy.pool import StaticPool

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    engine = create_engine("postgresql+psycopg://", creator=lambda: conn, poolclass=StaticPool)
    with engine.connect() as connection:
        config.attributes["connection"] = connection
        yield lambda: command.upgrade(config, "head")


def _derived_hash(wanted: Roles, there: tuple[str, ...]) -> str:
    parts = [text for _, text in sql.functions()]
    parts += view_statements()
    parts += grant_statements(wanted, there)
    return hashlib.blake2b("\0".join(parts).encode(), digest_size=16).hexdigest()


def _become_owner(conn: Connection) -> None:
    """On andon's own server the superuser works as the owner, so that nothing belongs to it."""
    if postgres.scalar(
        conn,
        "SELECT EXISTS (SELECT FROM pg_roles WHERE rolname = %s) AND r.rolsuper "
        "FROM pg_roles r WHERE r.rolname = current_user",
        (roles.OWNER,),
    ):
        postgres.execute(conn, f"SET ROLE {sql.quoted(roles.OWNER)}")


def _check_server(conn: Connection) -> None:
    major = postgres.server_version(conn) // 10_000
    if major < OLDEST_SERVER:
        raise SchemaError(
            f"PostgreSQL {major} is too old: andon needs {OLDEST_SERVER} to 18. Upgrade the server."
        )
    if not postgres.scalar(conn, "SELECT has_schema_privilege(current_user, 'public', 'CREATE')"):
        raise AccessRefused(
            "The user of store.database_url may not create tables in schema public. "
            "Make it the owner of the database, or grant CREATE on schema public."
        )
