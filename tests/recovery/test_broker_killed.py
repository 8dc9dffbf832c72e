"""Mosquitto killed: what it had not saved is missing, recorded as gaps, and healed by totals."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

import polars as pl
import pytest

from andon.units import SECOND_US
from tests.engine.live import LivePlant
from tests.recovery import compare
from tests.recovery.fleet import Fleet, account, check_sums

AUTOSAVE_S = 5
SLACK_S = 1.5
"""Mosquitto looks at its clock once a second."""


@pytest.mark.slow
def test_a_killed_broker_loses_at_most_its_autosave_interval(
    plant: LivePlant, tmp_path: Path
) -> None:
    plant.environ["ANDON_SIMULATOR__MACHINES"] = "5"
    plant.start()
    fleet = Fleet(plant, tmp_path / "fleet", "--rate", "200", "--duration", "300")
    plant.wait(lambda: plant.messages() > 200)
    time.sleep(2 * AUTOSAVE_S)  # the session itself is saved
    os.kill(plant.pid, signal.SIGSTOP)
    time.sleep(AUTOSAVE_S + 3)  # what comes now is in the broker only
    killed_us = time.time_ns() // 1000
    plant.broker.kill()
    os.kill(plant.pid, signal.SIGCONT)
    time.sleep(0.5)
    plant.broker.start()
    before = plant.messages()
    plant.wait(lambda: plant.messages() > before, 30)
    time.sleep(5)
    fleet.stop()
    sent = fleet.sent()
    last = set(sent.group_by("machine_id").agg(pl.col("identity").last())["identity"].to_list())
    plant.wait(lambda: last <= account(plant, sent).stored, 30)
    rows = compare.check(plant)
    found = account(plant, sent)
    found.check_nothing_foreign()
    missing = sent.filter(pl.col("identity").is_in(list(found.delivered - found.stored)))
    print(f"\n{missing.height} of {len(found.delivered)} messages lost; rows {rows}")
    assert missing.height > 0
    left = sorted(missing["sent"].to_list())
    assert left[-1] <= killed_us
    assert left[0] >= killed_us - int((AUTOSAVE_S + SLACK_S) * SECOND_US)
    gaps = plant.query("SELECT machine_id, boot_id, first_seq, last_seq FROM gap")
    recorded = {
        (g["machine_id"], g["boot_id"], seq)
        for g in gaps
        for seq in range(g["first_seq"], g["last_seq"] + 1)
    }
    assert recorded == set(missing.select("machine_id", "boot_id", "seq").iter_rows())
    assert check_sums(plant, sent, found.stored) == 5
