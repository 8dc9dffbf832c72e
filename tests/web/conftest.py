"""A dashboard over a fresh database: a client without a listener, and a real server."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import quote

import pytest
from flask import Flask
from flask.testing import FlaskClient

from andon.settings import Settings, load
from andon.store import postgres as store_postgres
from andon.store.postgres import Connection
from andon.web.app import create_app
from andon.web.server import listener
from tests.web import plant


@pytest.fixture
def conn(database: str) -> Iterator[Connection]:
    """The owner's connection, in place of the engine's."""
    connection = store_postgres.connect(database, "andon tests")
    yield connection
    connection.close()


@pytest.fixture
def settings(web_dsn: str, tmp_path: Path) -> Settings:
    """Settings that lead to the fresh database as the web's role."""
    words = dict(word.split("=", 1) for word in web_dsn.split())
    host = quote(words["host"].strip("'"), safe="")
    place = f"{words['dbname']}?host={host}&port={words['port']}"
    url = f"postgresql://{words['user']}@/{place}"
    given = {"store.database_url": url, "store.web_role": ""}
    return load(None, tmp_path, given, {})


@pytest.fixture
def app(settings: Settings) -> Iterator[Flask]:
    """The application with an engine that has just been heard."""
    plant.engine_file(settings.state_dir, datetime.now(UTC))
    made = create_app(settings)
    yield made
    made.extensions["andon_live"].stop()
    made.extensions["andon"].store.close()


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    """A client without a listener."""
    return app.test_client()


@dataclass(frozen=True)
class Served:
    """A running dashboard."""

    url: str
    app: Flask
    state_dir: Path


@pytest.fixture
def served(app: Flask, settings: Settings) -> Iterator[Served]:
    """The dashboard behind waitress on a free port."""
    server = listener(app, "127.0.0.1", 0)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    yield Served(f"http://127.0.0.1:{server.effective_port}", app, settings.state_dir)
    app.extensions["andon_live"].stop()
    server.task_dispatcher.shutdown()
    server.close()
