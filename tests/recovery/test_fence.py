"""Two engines on one database: one of them ends, whatever it was doing."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

import pytest

from tests.engine import seed
from tests.engine.live import LivePlant, living
from tests.recovery import compare
from tests.recovery.server import Server

pytestmark = pytest.mark.slow
PATIENCE_S = 45
"""The second engine waits 10 s for the first to end; a busy computer takes long to start it."""


def readings(plant: LivePlant) -> int:
    return int(plant.scalar("SELECT count(*) FROM reading"))


def test_a_second_engine_ends_with_a_clear_message(plant: LivePlant) -> None:
    plant.start()
    written = len(plant.log())
    started = time.monotonic()
    second = plant.spawn()
    assert second.wait(PATIENCE_S) == 9
    print(f"\nended after {time.monotonic() - started:.1f} s")
    said = plant.log()[written:].strip().splitlines()
    assert said[-1].startswith("andon: Another engine works on this database")
    assert str(plant.pid) in said[-1]
    assert "--take-over" in said[-1]
    assert "Traceback" not in plant.log()
    plant.publish(seed.messages())
    plant.wait(lambda: readings(plant) == 925)
    compare.check(plant)


def test_it_is_refused_as_well_after_postgres_was_restarted(server: Server, tmp_path: Path) -> None:
    with living(server.dsn, tmp_path / "state") as plant:
        plant.start()
        server.kill()
        server.start()
        plant.publish(seed.messages()[:100])
        plant.wait(lambda: readings(plant) == 100, 40)
        second = plant.spawn()
        assert second.wait(PATIENCE_S) == 9
        assert not plant.dead()
        compare.check(plant)


@pytest.mark.parametrize("busy", [True, False], ids=["under load", "while nothing is published"])
def test_a_stopped_engine_that_was_replaced_writes_nothing(plant: LivePlant, busy: bool) -> None:
    messages = seed.messages()
    plant.start()
    plant.publish(messages[:300])
    plant.wait(lambda: readings(plant) == 300)
    old = plant.engine
    assert old is not None
    os.kill(old.pid, signal.SIGSTOP)
    try:
        plant.publish(messages[300:600])  # in the stopped engine's hands, not acknowledged
        plant.start("--take-over")
        plant.wait(lambda: readings(plant) == 600)
        plant.wait(lambda: plant.report().get("inflight") == 0)
        before = plant.query("SELECT epoch, engine FROM progress")
        written = len(plant.log())
        os.kill(old.pid, signal.SIGCONT)
        if busy:
            plant.publish(messages[600:])
        assert old.wait(PATIENCE_S) == 9
    finally:
        old.kill()
    said = [x for x in plant.log()[written:].splitlines() if x.startswith("andon: ")]
    assert len(said) == 1
    assert said[0].startswith("andon: Another engine took over this database")
    assert "Traceback" not in plant.log()
    assert plant.query("SELECT epoch, engine FROM progress") == before
    if not busy:
        assert readings(plant) == 600
        plant.publish(messages[600:])
    plant.wait(lambda: readings(plant) == 925)
    plant.wait(lambda: plant.report().get("inflight") == 0)
    found = plant.query("SELECT messages, readings, duplicates FROM progress")[0]
    assert found["messages"] - found["duplicates"] == found["readings"] == 925
    compare.check(plant)


def test_the_woken_engine_acknowledges_nothing(plant: LivePlant, tmp_path: Path) -> None:
    """Its messages are still the broker's: the engine after the next one gets every one of them."""
    del tmp_path
    messages = seed.messages()
    plant.start()
    plant.wait(lambda: plant.report().get("mqtt_connected"))
    old = plant.engine
    assert old is not None
    os.kill(old.pid, signal.SIGSTOP)
    try:
        plant.publish(messages[:500])
        plant.start("--take-over")
        plant.wait(lambda: readings(plant) == 500)
        plant.kill()
        plant.publish(messages[500:])  # nobody is there; then only the old engine wakes
        os.kill(old.pid, signal.SIGCONT)
        assert old.wait(PATIENCE_S) == 9
    finally:
        old.kill()
    assert readings(plant) == 500
    plant.start()
    plant.wait(lambda: readings(plant) == 925)
    compare.check(plant)
