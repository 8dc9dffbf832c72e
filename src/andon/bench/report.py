"""Figures and what they stand beside; the computer they were measured on."""

from __future__ import annotations

import os
import platform
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from importlib.metadata import version
from typing import Any

import psutil  # type: ignore[import-untyped]

PACKAGES = ("andon", "polars", "paho-mqtt", "psycopg", "msgspec", "waitress")
COLUMNS = ("measured", "andon", "unit", "reference", "beside it", "ratio", "load", "note")


@dataclass(frozen=True, slots=True)
class Figure:
    """One measured value and the reference of the same run, in the same unit.

    load: the computer's load average over one minute when it was written down.
    """

    bench: str
    name: str
    value: float
    unit: str
    reference: str = ""
    beside: float | None = None
    note: str = ""
    load: float = field(default_factory=lambda: round(os.getloadavg()[0], 1))

    @property
    def ratio(self) -> float | None:
        """andon's value in parts of the reference's."""
        return self.value / self.beside if self.beside else None

    def row(self) -> tuple[str, ...]:
        """Cells of COLUMNS."""
        ratio = "" if self.ratio is None else f"{self.ratio:.2f}"
        beside = "" if self.beside is None else shown(self.beside)
        name = f"{self.bench}: {self.name}"
        load = f"{self.load:.1f}"
        return name, shown(self.value), self.unit, self.reference, beside, ratio, load, self.note

    def plain(self) -> dict[str, Any]:
        """For JSON."""
        return {**asdict(self), "ratio": self.ratio}


def shown(value: float) -> str:
    """A number with as many digits as mean something."""
    if abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}"


def computer() -> dict[str, Any]:
    """Cores, memory, kernel and versions."""
    return {
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "cores": os.cpu_count(),
        "memory_gib": round(psutil.virtual_memory().total / 2**30, 1),
        "system": f"{platform.system()} {platform.release()} {platform.machine()}",
        "python": platform.python_version(),
        "packages": {name: version(name) for name in PACKAGES},
        "load": os.getloadavg(),
    }


def words(computer: dict[str, Any]) -> str:
    """The same in two lines for a person."""
    packages = ", ".join(f"{name} {number}" for name, number in computer["packages"].items())
    return (
        f"{computer['at']}: {computer['cores']} cores, {computer['memory_gib']} GiB, "
        f"{computer['system']}, Python {computer['python']}, "
        f"load average {computer['load'][0]:.1f} before\n{packages}"
    )


def markdown(figures: Sequence[Figure]) -> str:
    """The table for docs/benchmarks.md."""
    rows = [COLUMNS, tuple("---" for _ in COLUMNS), *(figure.row() for figure in figures)]
    return "\n".join("| " + " | ".join(row) + " |" for row in rows)


def percentile(values: Sequence[float], share: float) -> float:
    """The value below which `share` of them lie; 0 without any."""
    ordered = sorted(values)
    return ordered[min(int(len(ordered) * share), len(ordered) - 1)] if ordered else 0.0
