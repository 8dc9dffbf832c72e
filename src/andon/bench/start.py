"""Seconds from `andon up` to the first machine with state and OEE in the dashboard's API."""

from __future__ import annotations

import shutil
import time
from statistics import median

from andon.bench import references
from andon.bench.report import Figure
from andon.bench.rig import Rig, rig

ROUNDS = 3


def run(quick: bool) -> list[Figure]:
    """Cold: an empty state directory. Warm: started again."""
    rounds = 1 if quick else ROUNDS
    cold, warm, bare_cold, bare_warm = [], [], [], []
    for _ in range(rounds):
        with rig() as made:
            bare_cold.append(references.start_postgres(made.folder / "bare", made.settings))
            bare_warm.append(references.start_postgres(made.folder / "bare", made.settings))
            shutil.rmtree(made.folder / "bare")
            cold.append(_seconds(made))
            warm.append(_seconds(made))
    note = f"median of {rounds}"
    return [
        Figure("start", "cold, to the first OEE", median(cold), "s",
               "initdb and start of bare PostgreSQL", median(bare_cold), note),
        Figure("start", "warm, to the first OEE", median(warm), "s",
               "start of bare PostgreSQL", median(bare_warm), note),
    ]  # fmt: skip


def _seconds(made: Rig) -> float:
    began = time.monotonic()
    supervisor = made.up()
    made.wait(lambda: any(_has_oee(each) for each in made.machines()), "the first OEE", every_s=0.1)
    took = time.monotonic() - began
    made.stop(supervisor)
    return took


def _has_oee(machine: dict[str, object]) -> bool:
    return bool(machine.get("state")) and machine.get("oee") is not None
