"""`andon bench`: a quick run of each works and prints its figures; how fast is not tested."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import UTC, datetime
from typing import Any

import polars as pl
import pytest

from andon.bench import references
from andon.bench.kernel import Case, measure
from andon.bench.report import COLUMNS, Figure, markdown, percentile
from andon.bench.workload import RULES, Fleet
from andon.broker import find_mosquitto
from andon.cli.bench import BENCHES
from andon.units import MINUTE_US
from andon.wire import decode

LEAST = {
    "kernel": {"batches of 50,000", "batches of 5,000", "batches of 50"},
    "drain": {"20,000 queued messages, QoS 1"},
    "ingest": {"highest rate held 3 s", "sustained 10 s", "engine memory, end to start"},
    "latency": {
        "publish -> browser p50, 200 machines x 1 Hz",
        "publish -> browser p99, 200 machines x 1 Hz",
    },
    "start": {"cold, to the first OEE", "warm, to the first OEE"},
    "footprint": {
        "memory, 5 machines x 1 Hz",
        "CPU, 5 machines x 1 Hz",
        "memory, nothing publishes",
        "CPU, nothing publishes",
    },
}


def bench(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "andon.cli.main", "bench", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=280, check=False)


@pytest.mark.slow
@pytest.mark.parametrize("name", BENCHES)
def test_a_quick_run_prints_its_figures(name: str) -> None:
    if name == "drain" and find_mosquitto() is None:
        pytest.skip("only Mosquitto queues for a session that was never there")
    done = bench(name, "--quick", "--json")
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    assert found["quick"] is True
    assert found["computer"]["cores"] >= 1
    figures = {figure["name"]: figure for figure in found["figures"]}
    assert figures.keys() >= LEAST[name]
    assert all(figure["value"] >= 0 for figure in figures.values())
    lossless = [figure["note"] for figure in figures.values() if " lost" in figure["note"]]
    assert all(note.startswith("0 lost") or "; 0 lost" in note for note in lossless)


def test_an_unknown_benchmark_is_named() -> None:
    done = bench("speed")
    assert done.returncode == 2
    assert "kernel, drain, ingest, latency, start, footprint, all" in " ".join(done.stderr.split())


def test_the_fleet_sends_unequal_sound_messages_in_order() -> None:
    fleet = Fleet(machines=7)
    decoded = decode(fleet.received(7 * 200), RULES)
    readings = decoded.readings
    assert not decoded.rejected
    assert readings.height == 1_400
    assert readings["identity"].n_unique() == 1_400
    assert readings["machine_id"].n_unique() == 7
    assert readings["time"].is_sorted()
    assert len(fleet.message(0, 0, datetime.now(UTC))[1]) > 700  # as recorded


def test_the_reference_groups_by_machine_and_minute() -> None:
    readings = decode(Fleet(machines=5).received(5 * 60), RULES).readings
    grouped = references.group_by(readings)
    minutes = readings.select("machine_id", pl.col("time") // MINUTE_US).unique().height
    assert grouped.height == minutes
    assert grouped["len"].sum() == readings.height
    assert grouped["good_units_sum"].sum() == readings["good_units"].sum()


def test_the_kernel_is_measured_with_late_readings_too() -> None:
    figures = measure((Case(100, 400, late=True),), 1)
    assert figures[0]["name"] == "batches of 100, 1 % up to 30 s late"
    assert figures[0]["value"] > 0


def test_a_figure_shows_its_ratio() -> None:
    figure = Figure("drain", "n", 30_000.0, "messages/s", "writer", 20_000.0, load=1.0)
    cells = dict(zip(COLUMNS, figure.row(), strict=True))
    assert (cells["andon"], cells["beside it"], cells["ratio"]) == ("30,000", "20,000", "1.50")
    assert Figure("x", "n", 1.0, "s", load=0.0).ratio is None
    assert markdown([figure]).count("\n") == 2


def test_percentiles() -> None:
    assert percentile([], 0.99) == 0
    assert percentile([float(n) for n in range(100)], 0.5) == 50
    assert percentile([1.0, 2.0], 0.99) == 2
