"""The database's roles: an owner that migrates, an engine that writes, a web that looks, a reader.

A role is optional: where the user of an existing database may not create roles, everything runs
as that user, and `missing_roles` says so.
"""

from __future__ import annotations

from dataclasses import dataclass

from andon.errors import AccessRefused
from andon.store import postgres
from andon.store.postgres import Connection
from andon.store.sql import quoted

OWNER = "andon_owner"
ENGINE = "andon_engine"
WEB = "andon_web"
READER = "andon_reader"


@dataclass(frozen=True, slots=True)
class Roles:
    """Names of the roles that get rights; '' is none (the owner does that work itself)."""

    engine: str = ENGINE
    web: str = WEB
    reader: str = READER

    @property
    def names(self) -> tuple[str, ...]:
        """The roles that should exist."""
        return tuple(name for name in (self.engine, self.web, self.reader) if name)


def ensure_roles(conn: Connection, roles: Roles, *, login: bool) -> tuple[str, ...]:
    """Create what is missing and may be created; return the roles that are there.

    login: roles may connect themselves (andon's own server); else the connected user becomes a
    member, so that SET ROLE works. Each role is tried by itself: a refusal leaves the others.
    """
    for name in missing_roles(conn, roles):
        try:
            with postgres.transaction(conn):
                option = "LOGIN" if login else "NOLOGIN"
                postgres.execute(conn, f"CREATE ROLE {quoted(name)} {option}")
                if not login:
                    postgres.execute(conn, f"GRANT {quoted(name)} TO CURRENT_USER")
        except AccessRefused:
            continue
    missing = missing_roles(conn, roles)
    return tuple(name for name in roles.names if name not in missing)


def missing_roles(conn: Connection, roles: Roles) -> tuple[str, ...]:
    """The roles that do not exist: that work is done as the connected user."""
    rows = postgres.query(
        conn, "SELECT rolname FROM pg_roles WHERE rolname = ANY(%s)", (list(roles.names),)
    )
    there = {row["rolname"] for row in rows}
    return tuple(name for name in roles.names if name not in there)


def ensure_owner(conn: Connection) -> None:
    """Create the owner of andon's own database, which may neither create roles nor databases."""
    if not postgres.query(conn, "SELECT 1 FROM pg_roles WHERE rolname = %s", (OWNER,)):
        postgres.execute(conn, f"CREATE ROLE {quoted(OWNER)} LOGIN")


def ensure_database(conn: Connection, name: str) -> None:
    """Create a database of the owner that nobody else may connect to without a grant."""
    if not postgres.query(conn, "SELECT 1 FROM pg_database WHERE datname = %s", (name,)):
        postgres.execute(
            conn,
            f"CREATE DATABASE {quoted(name)} OWNER {quoted(OWNER)} TEMPLATE template0 "
            "ENCODING 'UTF8' LC_COLLATE 'C' LC_CTYPE 'C'",
        )
