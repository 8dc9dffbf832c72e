"""The store's tests run on every PostgreSQL at hand: the package's, and the system's 15 to 18."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.conftest import new_database, start_server

from andon.store import embedded_postgres, roles
from andon.store import postgres as store_postgres
from andon.store.cluster import Cluster
from andon.store.postgres import Connection

SYSTEM = sorted(Path("/usr/lib/postgresql").glob("1[5-8]/bin"))


@pytest.fixture(scope="session", params=["package", *SYSTEM], ids=str)
def server(request: pytest.FixtureRequest) -> Iterator[Cluster]:
    """A running PostgreSQL of each kind."""
    if request.param == "package":
        yield request.getfixturevalue("postgres")
    else:
        yield from start_server(request.param)


@pytest.fixture
def conn(server: Cluster) -> Iterator[Connection]:
    """A connection as owner to a fresh migrated database on each server."""
    for name in new_database(server):
        connection = store_postgres.connect(server.dsn(roles.OWNER, name), "andon tests")
        yield connection
        connection.close()


@pytest.fixture
def programs() -> Path:
    """The package's programs."""
    return embedded_postgres.programs()
