"""Faults on a live plant. Tests marked `soak` are longer; `pytest -m soak` runs them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.engine.live import LivePlant, living
from tests.recovery.server import Server, serving


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leaves the long versions out, visibly, unless they are asked for."""
    if "soak" in (config.option.markexpr or ""):
        return
    for item in items:
        if item.get_closest_marker("soak"):
            item.add_marker(pytest.mark.skip(reason="long: pytest -m soak"))


@pytest.fixture
def plant(database: str, tmp_path: Path) -> Iterator[LivePlant]:
    """A broker and a fresh database; the engine is started by the test."""
    with living(database, tmp_path / "state") as found:
        yield found


@pytest.fixture
def server() -> Iterator[Server]:
    """A PostgreSQL that the test may kill."""
    with serving() as found:
        yield found
