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


@pytest.fixture(params=[told, told_one_by_one], ids=["one batch", "one by one"])
def tell(request: pytest.FixtureRequest) -> Tell:
    """The way the story is told."""
    way: Tell = request.param
    return way
