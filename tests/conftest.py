"""Real things for tests: a PostgreSQL of the session, and a fresh migrated database per test.

`postgres`     the running server (a Cluster), stopped at the end of the session
`database`     DSN of a new database with the schema, as its owner; dropped after the test
`engine_dsn`   the same database as andon_engine; `web_dsn` as andon_web
"""

from __future__ import annotations

import itertools
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from andon.store import embedded_postgres, migrate, roles
from andon.store import postgres as store_postgres
from andon.store.cluster import Cluster

TEMPLATE = "andon_template"
FAST = {"fsync": "off", "full_page_writes": "off", "max_connections": "60"}
_numbers = itertools.count(1)


def start_server(programs: Path) -> Iterator[Cluster]:
    """A server of these programs in a folder of its own, with the template; stopped at the end."""
    folder = Path(tempfile.mkdtemp(prefix="andon-test-", dir="/tmp"))
    folder.chmod(0o755)
    account = embedded_postgres.server_account()
    cluster = Cluster(programs, folder / "postgres", folder / "postgres.log", account, FAST)
    try:
        with embedded_postgres.running(cluster):
            with_connection(cluster, lambda conn: roles.ensure_database(conn, TEMPLATE))
            migrate.upgrade(cluster.dsn(roles.OWNER, TEMPLATE))
            yield cluster
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def with_connection(cluster: Cluster, use: object) -> None:
    """Call `use` with a superuser's connection."""
    conn = store_postgres.connect(cluster.dsn())
    try:
        use(conn)  # type: ignore[operator]
    finally:
        conn.close()


def new_database(cluster: Cluster) -> Iterator[str]:
    """Name of a copy of the template, dropped afterwards."""
    name = f"test_{os.getpid()}_{next(_numbers)}"
    conn = store_postgres.connect(cluster.dsn())
    try:
        owner = roles.OWNER
        store_postgres.execute(conn, f"CREATE DATABASE {name} TEMPLATE {TEMPLATE} OWNER {owner}")
        yield name
        store_postgres.execute(conn, f"DROP DATABASE {name} WITH (FORCE)")
    finally:
        conn.close()


@pytest.fixture(scope="session")
def postgres() -> Iterator[Cluster]:
    """andon's own PostgreSQL in a temporary folder."""
    yield from start_server(embedded_postgres.programs())


@pytest.fixture
def database_name(postgres: Cluster) -> Iterator[str]:
    """Name of a fresh migrated database on `postgres`."""
    yield from new_database(postgres)


@pytest.fixture
def database(postgres: Cluster, database_name: str) -> str:
    """DSN of a fresh migrated database, as its owner."""
    return postgres.dsn(roles.OWNER, database_name)


@pytest.fixture
def engine_dsn(postgres: Cluster, database_name: str) -> str:
    """DSN of the same database as the engine."""
    return postgres.dsn(roles.ENGINE, database_name)


@pytest.fixture
def web_dsn(postgres: Cluster, database_name: str) -> str:
    """DSN of the same database as the web."""
    return postgres.dsn(roles.WEB, database_name)
