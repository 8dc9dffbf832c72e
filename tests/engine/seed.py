"""The recorded messages, and what must come out of them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

DATA = Path(__file__).parent.parent / "data"


def messages() -> list[tuple[str, bytes]]:
    """(topic, payload) of the recorded messages in their order."""
    found = []
    for line in (DATA / "seed-messages.jsonl").read_bytes().splitlines():
        machine_id = json.loads(line)["machine_id"]
        found.append((f"factory/machines/{machine_id}/telemetry", line))
    return found


def expected() -> dict[str, dict[str, Any]]:
    """Figures by machine."""
    text = (DATA / "seed-messages-expected.json").read_text(encoding="utf-8")
    found: dict[str, dict[str, Any]] = json.loads(text)["machines"]
    return found
