"""Room on the disk: below `store.min_free` the engine stops acknowledging and says so."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

_EVERY_S = 1.0


@dataclass(slots=True)
class Space:
    """Watches the file system of `place`. min_free: bytes to keep free of that many in total."""

    place: Path
    min_free: Callable[[int], int]
    _checked: float = field(default=-_EVERY_S, init=False)
    _problem: str = field(default="", init=False)

    def problem(self) -> str:
        """One sentence while there is too little room, else ''. Looks once a second."""
        if time.monotonic() - self._checked < _EVERY_S:
            return self._problem
        self._checked = time.monotonic()
        found = os.statvfs(self.place)
        free, total = found.f_bavail * found.f_frsize, found.f_blocks * found.f_frsize
        least = self.min_free(total)
        self._problem = (
            ""
            if free >= least
            else f"Only {free / 2**20:,.0f} MiB are free at {self.place}, less than store.min_free "
            f"({least / 2**20:,.0f} MiB): nothing is acknowledged until there is room. The broker "
            "keeps the messages meanwhile."
        )
        return self._problem
