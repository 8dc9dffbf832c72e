"""What the engine says of itself: run/engine.json at most once a second, log lines on change."""

from __future__ import annotations

import json
import os
import time
from collections import Counter, deque
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

_EVERY_S = 1.0
_KEPT = 2_000
_RATE_WINDOW_S = 10.0


@dataclass(slots=True)
class Report:
    """Counts since the start, latencies of the newest messages, and what is wrong."""

    file: Path
    counts: Counter[str] = field(default_factory=Counter)
    _latency_ms: deque[float] = field(default_factory=lambda: deque(maxlen=_KEPT))
    _taken: deque[tuple[float, int]] = field(default_factory=deque)
    _written: float = 0.0
    _last: str = ""

    def batch(self, totals: Counter[str], received_us: list[int]) -> None:
        """A batch was committed; received_us: receive times of some of its messages."""
        self.counts.update(totals)
        self.counts["batches"] += 1
        now = time.time() * 1e6
        self._latency_ms.extend((now - us) / 1000 for us in received_us)
        self._taken.append((time.monotonic(), totals["messages"]))

    def rate_per_s(self) -> float:
        """Messages per second over the last 10 s."""
        oldest = time.monotonic() - _RATE_WINDOW_S
        while self._taken and self._taken[0][0] < oldest:
            self._taken.popleft()
        return sum(n for _, n in self._taken) / _RATE_WINDOW_S

    def write(self, facts: dict[str, Any], *, force: bool = False) -> None:
        """Replaces the file in one step, if a second has passed since the last time."""
        if not force and time.monotonic() - self._written < _EVERY_S:
            return
        self._written = time.monotonic()
        ordered = sorted(self._latency_ms)
        values = {
            "at": datetime.now(UTC).isoformat(),
            "pid": os.getpid(),
            **{name: self.counts[name] for name in _COUNTS},
            "rate_per_s": round(self.rate_per_s(), 1),
            "latency_ms_p50": _share(ordered, 0.5),
            "latency_ms_p99": _share(ordered, 0.99),
            **facts,
        }
        text = json.dumps(values)
        part = self.file.with_suffix(".part")
        with suppress(OSError):  # a full disk must not end the engine; the log says that it is full
            part.write_text(text, encoding="utf-8")
            part.replace(self.file)


_COUNTS = (
    "messages",
    "readings",
    "duplicates",
    "late",
    "awaiting_recompute",
    "quarantined",
    "gaps",
    "anomalies",
    "set_aside",
    "ignored",
    "batches",
)


def _share(ordered: list[float], share: float) -> float | None:
    if not ordered:
        return None
    return round(ordered[min(int(len(ordered) * share), len(ordered) - 1)], 1)
