"""The engine dies between commit and acknowledgement: all comes again, nothing twice."""

from __future__ import annotations

import pytest

from tests.engine import seed
from tests.engine.live import LivePlant
from tests.engine.test_seed import check
from tests.recovery import compare

DIES_AFTER_COMMIT = """
import itertools, os, signal
from andon.engine.embedded import Engine
from andon.observe import configure_logging
from andon.settings import load

numbers = itertools.count(1)

def die() -> None:
    if next(numbers) == int(os.environ["DIE_AT"]):
        os.kill(os.getpid(), signal.SIGKILL)

settings = load()
settings.ensure_state_dir()
Engine(settings, configure_logging(settings.log, "engine"), after_commit=die).run()
"""


@pytest.mark.slow
def test_killed_between_commit_and_acknowledgement(plant: LivePlant) -> None:
    plant.environ["ANDON_ENGINE__MAX_GAP_S"] = "8640000"
    messages = seed.messages()
    published = 0
    for die_at in (1, 2, 1, 3):
        plant.environ["DIE_AT"] = str(die_at)
        plant.start(code=DIES_AFTER_COMMIT)
        for _ in range(die_at + 1):
            if plant.dead():
                break
            before = plant.messages()
            published += plant.publish(messages[published : published + 50])
            plant.wait(lambda before=before: plant.dead() or plant.messages() > before, 20)
        plant.wait(plant.dead)
        assert plant.engine is not None
        assert plant.engine.returncode == -9
    committed = plant.messages()
    plant.start()
    plant.wait(lambda: plant.messages() > committed)
    plant.publish(messages)
    plant.wait(lambda: plant.scalar("SELECT count(*) FROM reading") == len(messages))
    check(plant)
    found = plant.query("SELECT messages, readings, duplicates, quarantined FROM progress")[0]
    assert found["readings"] == len(messages)
    assert found["quarantined"] == 0
    assert found["duplicates"] == found["messages"] - found["readings"] > len(messages) // 2
    compare.check(plant)
