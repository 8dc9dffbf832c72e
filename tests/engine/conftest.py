"""The live plant of a test, on the session's PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.engine.live import LivePlant, living


@pytest.fixture
def plant(database: str, tmp_path: Path) -> Iterator[LivePlant]:
    """A broker and a fresh database; the engine is started by the test."""
    with living(database, tmp_path / "state") as found:
        yield found
