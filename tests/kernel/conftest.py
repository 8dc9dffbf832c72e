"""Every rule is told twice: all readings in one batch, and each in a batch of its own."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Protocol

import pytest

from andon.plan import Plan
from andon.testing import Book
from tests.kernel.story import told, told_one_by_one


class Tell(Protocol):
    """Readings of the machine, a plan, and `now` in seconds (0: the newest reading) to a book."""

    def __call__(
        self, rows: Iterable[Mapping[str, Any]], plan: Plan | None = None, now: float = 0
    ) -> Book: ...


@pytest.fixture(
    params=[
        pytest.param(told, id="one batch"),
        pytest.param(told_one_by_one, id="one by one", marks=pytest.mark.slow),
    ]
)
def tell(request: pytest.FixtureRequest) -> Tell:
    """The way the story is told."""
    way: Tell = request.param
    return way


def pytest_configure(config: pytest.Config) -> None:
    """`-m soak` runs what is too long for every day."""
    config.addinivalue_line("markers", "soak: much longer than slow; only with -m soak")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Without -m soak there is no soak."""
    if "soak" in (config.option.markexpr or ""):
        return
    left_out = [item for item in items if item.get_closest_marker("soak")]
    if left_out:
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if item not in left_out]
