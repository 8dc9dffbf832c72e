"""run/status.json: what the supervisor says of its services."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

State = Literal[
    "waiting", "starting", "running", "restarting", "stopping", "stopped", "done", "failed"
]


@dataclass
class ServiceStatus:
    """One row: since is when this state began (ISO 8601, UTC), restarts count from `andon up`."""

    name: str
    state: State = "waiting"
    pid: int | None = None
    since: str = ""
    restarts: int = 0
    detail: str = ""


def now_text() -> str:
    """The time now as status.json writes it."""
    return datetime.now(UTC).isoformat(timespec="milliseconds")


def write_status(run_dir: Path, services: list[ServiceStatus]) -> None:
    """Write whole or not at all."""
    file = run_dir / "status.json"
    part = file.with_name("status.json.part")
    document = {"at": now_text(), "services": [asdict(service) for service in services]}
    part.write_text(json.dumps(document) + "\n")
    part.replace(file)


def read_status(run_dir: Path) -> dict[str, Any]:
    """{"at", "services"}; empty without a readable file."""
    try:
        found = json.loads((run_dir / "status.json").read_text())
    except (OSError, ValueError):
        return {"at": None, "services": []}
    return found if isinstance(found, dict) else {"at": None, "services": []}
