"""The broker that comes with pip: the recorded messages come out the same."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.engine import seed
from tests.engine.live import living
from tests.engine.test_seed import check
from tests.recovery import compare


@pytest.mark.slow
def test_recorded_messages_through_iotcore(database: str, tmp_path: Path) -> None:
    patient = {"ANDON_ENGINE__MAX_GAP_S": "8640000"}
    with living(database, tmp_path / "state", kind="iotcore", **patient) as plant:
        messages = seed.messages()
        plant.start()
        plant.publish(messages[:500])
        plant.wait(lambda: plant.scalar("SELECT count(*) FROM reading") > 0)
        plant.kill()
        plant.publish(messages[500:])
        plant.start()
        plant.wait(lambda: plant.scalar("SELECT count(*) FROM reading") == len(messages))
        check(plant)
        compare.check(plant)
