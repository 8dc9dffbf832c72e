"""The store stands still or is full: the broker holds the messages, memory is bounded."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from tests.engine import seed
from tests.engine.live import LivePlant, living
from tests.recovery import compare
from tests.recovery.fleet import Fleet, account
from tests.recovery.server import Server

pytestmark = pytest.mark.slow

WINDOW_MIB = 20_000 * 1_500 / 2**20
"""In-flight window: 20,000 messages of at most 900 bytes, with 600 bytes of Python around each."""
WORK_MIB = 130
"""One batch of 20,000 messages on its way through decode, kernel and COPY (measured: 50 to 90)."""


def pss_mib(pid: int) -> float:
    """Proportional memory of a process."""
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1]) / 1024
    raise AssertionError("no Pss")


def test_memory_is_bounded_while_postgres_stands_still(server: Server, tmp_path: Path) -> None:
    with living(server.dsn, tmp_path / "state") as plant:
        plant.start()
        fleet = Fleet(
            plant, tmp_path / "fleet", "--machines", "100", "--rate", "4000", "--duration", "300"
        )
        plant.wait(lambda: plant.messages() > 12_000, 60)
        calm = pss_mib(plant.pid)
        frozen_at = plant.messages()
        server.freeze()
        held, deadline = [calm], time.monotonic() + 15
        while time.monotonic() < deadline:
            time.sleep(0.25)
            held.append(pss_mib(plant.pid))
        server.thaw()
        fleet.stop()
        sent = fleet.sent()
        assert sent.height - frozen_at > 1.5 * 20_000, "more than a window was published"
        while not account(plant, sent).complete:
            held.append(pss_mib(plant.pid))
            time.sleep(0.25)
            assert time.monotonic() < deadline + 90
        print(f"\nPSS {calm:.0f} MiB, highest {max(held):.0f} MiB; {sent.height} messages")
        assert max(held) < calm + WINDOW_MIB + WORK_MIB
        assert plant.scalar("SELECT duplicates FROM progress") == 0
        account(plant, sent).check()
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
