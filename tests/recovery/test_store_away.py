"""The store stands still or is full: the broker holds the messages, memory is bounded."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest

from tests.engine import seed
from tests.engine.live import LivePlant, living
from tests.recovery import compare
from tests.recovery.server import Server

pytestmark = pytest.mark.slow

WINDOW_MIB = 20_000 * 1_500 / 2**20
"""In-flight window: 20,000 messages of at most 900 bytes, with 600 bytes of Python around each."""
SLACK_MIB = 40
"""Python's and the network library's buffers."""
PUBLISHED = 80_000
"""Four windows."""
WORK_MIB = 250
"""One batch of 20,000 on its way: decoded values (4 KB of Python each, 80 MiB), frames and COPY's
text (80 MiB), and the tail of 80,000 readings (measured together: 165 MiB)."""


def pss_mib(pid: int) -> float:
    """Proportional memory of a process."""
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1]) / 1024
    raise AssertionError("no Pss")


def messages(first: int, many: int) -> list[tuple[str, bytes]]:
    """Readings of 100 machines, 900 bytes each, a tenth of a second apart."""
    note, start_ms = "x" * 700, time.time_ns() // 1_000_000 - 120_000
    found = []
    for n in range(first, first + many):
        name = f"M{n % 100:03}"
        body = {
            "machine_id": name, "timestamp": start_ms + n // 100 * 100, "state": "RUNNING",
            "seq": n // 100 + 1, "total_good_units": n // 100, "temperature": n % 90,
        }  # fmt: skip
        payload = json.dumps({**body, "note": note}).encode()
        found.append((f"factory/machines/{name}/telemetry", payload))
    return found


def test_memory_is_bounded_while_postgres_stands_still(server: Server, tmp_path: Path) -> None:
    with living(server.dsn, tmp_path / "state") as plant:
        plant.start()
        sent = messages(0, PUBLISHED)
        plant.drained(plant.publish(sent[:10_000]))
        calm = pss_mib(plant.pid)
        server.freeze()
        held = [calm]
        for piece in range(10_000, PUBLISHED, 5_000):
            plant.publish(sent[piece : piece + 5_000])
            held.append(pss_mib(plant.pid))
        time.sleep(1)
        still = pss_mib(plant.pid)
        server.thaw()
        deadline = time.monotonic() + 120
        while plant.messages() < PUBLISHED:
            held.append(pss_mib(plant.pid))
            time.sleep(0.1)
            assert time.monotonic() < deadline
        print(f"\nPSS {calm:.0f} MiB, frozen {still:.0f} MiB, highest {max(held):.0f} MiB")
        assert still < calm + WINDOW_MIB + SLACK_MIB
        assert max(held) < calm + WINDOW_MIB + WORK_MIB
        assert plant.scalar("SELECT count(*) FROM reading") == PUBLISHED
        assert plant.scalar("SELECT duplicates FROM progress") == 0
        compare.check(plant)


def test_too_little_room_stops_acknowledging_and_says_so(plant: LivePlant) -> None:
    plant.environ["ANDON_STORE__MIN_FREE"] = str(2**60)
    plant.environ["ANDON_ENGINE__MAX_GAP_S"] = "8640000"
    plant.start()
    plant.publish(seed.messages())
    plant.wait(lambda: plant.report().get("inflight") == 925)
    time.sleep(2)
    said = plant.report()
    assert "less than store.min_free" in said["paused"]
    assert said["detail"] == said["paused"]
    assert plant.messages() == 0
    assert plant.scalar("SELECT count(*) FROM reading") == 0
    assert "less than store.min_free" in plant.log()
    assert plant.stop() == 0
    plant.environ["ANDON_STORE__MIN_FREE"] = "1"
    plant.start()
    plant.wait(lambda: plant.messages() == 925)
    assert plant.scalar("SELECT count(*) FROM reading") == 925
    assert plant.report()["paused"] == ""
    compare.check(plant)
