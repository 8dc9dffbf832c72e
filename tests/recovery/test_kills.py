"""Engine and PostgreSQL killed under a faulty fleet: nothing lost, nothing twice, sums right.

simulator --2,000/s, all faults--> broker --> engine (killed 20 times) --> PostgreSQL (10 times)
"""

from __future__ import annotations

import random
import time
from dataclasses import dataclass
from pathlib import Path

import pytest

from andon.mqtt import broker_facts
from tests.engine.live import LivePlant, living
from tests.recovery import compare
from tests.recovery.fleet import Fleet, account, check_sums
from tests.recovery.server import SLOW_COMMIT, Server, serving

MACHINES = 100
FAULTS = "all,silence=0.00002:95"
PLANT = {"ANDON_SIMULATOR__MACHINES": str(MACHINES), "ANDON_ENGINE__MAX_GAP_S": "5"}


@dataclass(frozen=True, slots=True)
class Trial:
    """How often an engine, a PostgreSQL is killed; how long the latter is away once, s.

    publish_s: how long the fleet publishes; rest_s: between two faults, shortest and longest.
    """

    engine_kills: int
    postgres_kills: int
    away_s: float
    publish_s: float
    rest_s: tuple[float, float]


SHORT = Trial(engine_kills=20, postgres_kills=10, away_s=20, publish_s=110, rest_s=(0.2, 1.5))
LONG = Trial(engine_kills=60, postgres_kills=30, away_s=60, publish_s=600, rest_s=(1.0, 8.0))


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_engine_and_postgres_killed_under_faults(tmp_path: Path) -> None:
    run(SHORT, tmp_path)


@pytest.mark.slow
@pytest.mark.soak
@pytest.mark.timeout(3600)
def test_engine_and_postgres_killed_for_ten_minutes(tmp_path: Path) -> None:
    run(LONG, tmp_path)


def run(trial: Trial, folder: Path) -> None:
    """Breaks things while the fleet publishes, drains, and compares everything."""
    with (
        serving(**SLOW_COMMIT) as server,
        living(server.dsn, folder / "state", **PLANT) as plant,
    ):
        plant.start()
        fleet = Fleet(
            plant, folder / "fleet", "--machines", str(MACHINES), "--rate", "2000",
            "--faults", FAULTS, "--duration", str(trial.publish_s),
        )  # fmt: skip
        started = time.monotonic()
        plant.wait(lambda: plant.messages() > 2_000, 60)
        caught = break_things(trial, plant, server, fleet)
        plant.wait(lambda: not fleet.running(), trial.publish_s + 60)
        fleet.stop()
        busy_s = time.monotonic() - started
        assert caught, "PostgreSQL was never seen in COMMIT"
        sent = fleet.sent()
        plant.wait(lambda: account(plant, sent).complete, 300)
        drained_s = time.monotonic() - started - busy_s
        rows = compare.check(plant)
        found = account(plant, sent)
        found.check()
        steady = check_sums(plant, sent, found.stored)
        tallies = plant.query(
            "SELECT messages, duplicates, late, awaiting_recompute, epoch FROM progress"
        )
        print(
            f"\n{len(found.delivered)} readings and {len(found.poison)} poison in {busy_s:.0f} s, "
            f"drained in {drained_s:.0f} s; "
            f"{steady} of {MACHINES} machines without a reboot; {tallies[0]}; rows {rows}"
        )
        assert steady > MACHINES // 5
        # Identities have shown above that nothing was dropped; Mosquitto does not always tell.
        dropped = broker_facts(plant.broker.url, listen_s=10).dropped
        print(f"dropped by the broker: {dropped}")
        assert not dropped


def break_things(trial: Trial, plant: LivePlant, server: Server, fleet: Fleet) -> bool:
    """Kills in random order; whether PostgreSQL was killed during a COMMIT."""
    dice = random.Random(5)
    steps = ["engine"] * trial.engine_kills + ["postgres"] * (trial.postgres_kills - 1)
    dice.shuffle(steps)
    steps.insert(len(steps) // 2, "away")
    steps.insert(len(steps) // 3, "commit")
    caught = False
    for step in steps:
        time.sleep(dice.uniform(*trial.rest_s))
        assert not plant.dead(), plant.log()[-3000:]
        match step:
            case "engine":
                plant.kill()
                plant.start()
                continue
            case "postgres":
                server.kill()
            case "commit":
                caught = server.kill_during_commit()
            case "away":
                server.stop()
                time.sleep(trial.away_s)
        server.start()
        if dice.random() < 0.7:
            before = plant.messages()
            # A slow computer may still be killing when the fleet has ended and all is committed.
            plant.wait(lambda before=before: plant.messages() > before or not fleet.running(), 120)
    return caught
