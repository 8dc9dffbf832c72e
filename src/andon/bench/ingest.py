"""Sustained ingest: messages at a rate, with publisher, broker, database and engine together."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime

import psutil  # type: ignore[import-untyped]

from andon.bench import drain, references
from andon.bench.report import Figure
from andon.bench.rig import ANDON, Rig, cpu_seconds, pss_mib, rig
from andon.bench.workload import Fleet
from andon.mqtt import Publisher
from andon.store import postgres

RATE = 15_000
RATES = (2_500, 5_000, 7_500, 10_000, 12_500, 15_000, 17_500, 20_000, 25_000, 30_000)
STEP_S = 12.0
TICK_S = 0.02
KEPT_UP = 1.0
"""A rate is sustained if what is not committed at its end is less than so many seconds of it."""


@dataclass(slots=True)
class Play:
    """Publishes a fleet's messages of now at a rate (messages/s), `seconds` long."""

    publisher: Publisher
    fleet: Fleet
    number: int = 0
    offered: int = 0
    late_s: float = 0.0

    def run(self, rate: float, seconds: float, each_second: Callable[[], None]) -> float:
        """Returns the seconds it took: more than asked where publishing did not keep up."""
        began = told = time.monotonic()
        sent, total = 0, round(rate * seconds)
        while sent < total:
            due = min(round(rate * (time.monotonic() - began)), total)
            if due > sent:
                self.publisher.publish_many(self._now() for _ in range(min(due - sent, 2_000)))
                sent += min(due - sent, 2_000)
            else:
                time.sleep(TICK_S)
            if time.monotonic() - told >= 1.0:
                told += 1.0
                each_second()
        self.offered += sent
        return time.monotonic() - began

    def _now(self) -> tuple[str, bytes]:
        machine = self.number % self.fleet.machines
        message = self.fleet.message(machine, self.number // self.fleet.machines, datetime.now(UTC))
        self.number += 1
        return message


@dataclass(frozen=True, slots=True)
class Steps:
    """Rates to try, in messages/s, each for so many seconds."""

    rates: tuple[int, ...]
    seconds: float


@dataclass(slots=True)
class Watched:
    """What a run did: rates in messages/s, backlog in messages, memory in MiB over time."""

    offered: float
    achieved: float
    backlog: int
    cpu: float
    took_s: float
    held: bool = False
    memory: list[float] = field(default_factory=list)


def run(quick: bool) -> list[Figure]:
    """The highest rate by steps, for the writer and for the engine, then one rate for long."""
    seconds, step_s = (10.0, 3.0) if quick else (300.0, STEP_S)
    steps = Steps((2_500,) if quick else RATES, step_s)
    fleet = Fleet()
    with rig(fleet) as made:
        made.up(without="engine,web,simulator")
        made.wait_ready("broker", "schema")
        postgres.execute(made.conn, references.CREATE)
        drain.open_session(made, drain.REFERENCE_CLIENT)
        process = made.spawn(*drain.writer(made))
        bare = _highest(
            made,
            fleet,
            steps,
            psutil.Process(process.pid),
            lambda: references.committed(drain.book(made)),
        )
        made.stop(process)
        drain.forget_session(made, drain.REFERENCE_CLIENT)
        engine = made.spawn(*ANDON, "engine")
        made.wait(lambda: (made.settings.run_dir / "engine.json").exists(), "the engine")
        process = psutil.Process(engine.pid)
        ours = _highest(made, fleet, steps, process, made.committed)
        rate = 1_000.0 if quick else min(float(RATE), ours.offered)
        long = _watch(made, fleet, rate, seconds, process, made.committed)
        lost = _lost(made)
    return [*_figures(ours, bare, step_s), *_sustained(long, seconds, lost)]


def _figures(ours: Watched, bare: Watched, step_s: float) -> list[Figure]:
    unit, name = "messages/s", "minimal paho + COPY of raw rows"
    note = f"{_words(ours)}; the writer {_words(bare)}"
    return [
        Figure(
            "ingest",
            f"highest rate held {step_s:g} s",
            ours.achieved,
            unit,
            name,
            bare.achieved,
            note,
        )
    ]


def _words(found: Watched) -> str:
    held = "" if found.held else ", which was not held"
    return f"offered {found.offered:,.0f}/s{held}"


def _sustained(long: Watched, seconds: float, lost: int) -> list[Figure]:
    start, middle, end = (long.memory[i] for i in (0, len(long.memory) // 2, -1))
    words = f"offered {long.offered:,.0f}/s; {long.backlog} in backlog at the end; {lost} lost"
    cpu = f"engine {100 * long.cpu:.0f} % of a core"
    memory = f"start {start:.0f}, middle {middle:.0f}, end {end:.0f}"
    return [
        Figure(
            "ingest",
            f"sustained {seconds:g} s",
            long.achieved,
            "messages/s",
            note=f"{words}; {cpu}",
        ),
        Figure("ingest", "engine memory, end to start", end, "MiB PSS", "start", start, memory),
    ]


def _highest(
    made: Rig,
    fleet: Fleet,
    steps: Steps,
    process: psutil.Process,
    committed: Callable[[], int],
) -> Watched:
    """The last step that was kept up with; the first one where none was."""
    best: Watched | None = None
    for rate in steps.rates:
        found = _watch(made, fleet, rate, steps.seconds, process, committed)
        kept = found.backlog < KEPT_UP * rate and found.took_s < 1.05 * steps.seconds
        if best is None or kept:
            best = found
        best.held = best.held or kept
        if not kept:
            break
    assert best is not None
    return best


def _watch(
    made: Rig,
    fleet: Fleet,
    rate: float,
    seconds: float,
    process: psutil.Process,
    committed: Callable[[], int],
) -> Watched:
    """One rate; returns once all is committed."""
    before, memory = committed(), [pss_mib([process])]
    publisher = made.publisher()
    play = Play(publisher, fleet, number=before)
    used = cpu_seconds([process])

    def look() -> None:
        if len(memory) < 5 or len(memory) % 5 == 0 or seconds < 60:
            memory.append(pss_mib([process]))
        else:
            memory.append(memory[-1])

    took = play.run(rate, seconds, look)
    achieved = committed() - before
    used = cpu_seconds([process]) - used
    publisher.close(60)
    made.wait(lambda: committed() - before >= play.offered, "the backlog", timeout_s=600)
    memory.append(pss_mib([process]))
    settled = memory[min(5, len(memory) - 1) :]
    return Watched(
        rate, achieved / took, play.offered - achieved, used / took, took, memory=settled
    )


def _lost(made: Rig) -> int:
    """Messages committed that are neither a reading, nor a duplicate, nor in quarantine."""
    row = postgres.query(
        made.conn,
        "SELECT sum(messages - readings - duplicates - quarantined) AS unexplained, "
        "sum(readings) AS readings, (SELECT count(*) FROM reading) AS stored FROM progress",
    )[0]
    return int(row["unexplained"]) + int(row["readings"]) - int(row["stored"])
