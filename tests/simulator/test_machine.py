"""What a machine may do, whatever the dice say."""

from __future__ import annotations

from random import Random

import polars as pl
import pytest

from andon.model import State
from andon.simulator.fleet import ideal, machine_id, traits
from andon.simulator.machine import NEXT_STATES, SCRAP_REASONS, Machine, dwell_us
from andon.simulator.shifts import PlantTime
from andon.units import HOUR_US, SECOND_US, milli
from tests.simulator.plants import ROME, START_US, lived, meant_frame, plant


def _dice(seed: int) -> Random:
    return Random(seed)  # a simulation


@pytest.fixture(scope="module")
def meant() -> pl.DataFrame:
    """Five machines, one hour."""
    return meant_frame(lived(plant(), 3600).meant)


def test_error_is_reached_from_running_and_idle_and_left_mostly_through_maintenance() -> None:
    meant = meant_frame(lived(plant(20), 3600).meant)
    rows = meant.sort("machine_id", "time").with_columns(
        before=pl.col("state").shift().over("machine_id")
    )
    steps = rows.filter(pl.col("before") != pl.col("state")).select("before", "state")
    seen = {(before, after): n for before, after, n in steps.group_by(pl.all()).len().rows()}
    allowed = {(a.value, b.value) for a, follow in NEXT_STATES.items() for b, _ in follow}
    assert set(seen) <= allowed
    assert seen[("RUNNING", "ERROR")] > 0
    assert seen[("IDLE", "ERROR")] > 0
    left = {after: n for (before, after), n in seen.items() if before == "ERROR"}
    assert left["MAINTENANCE"] > 0.7 * sum(left.values())
    assert seen[("MAINTENANCE", "RUNNING")] > 5 * seen.get(("MAINTENANCE", "IDLE"), 0)


def test_dwell_times_have_bounds_and_spread() -> None:
    dice = _dice(1)
    for state in (State.RUNNING, State.IDLE, State.ERROR, State.MAINTENANCE):
        times = [dwell_us(state, dice) for _ in range(500)]
        assert min(times) >= 2 * SECOND_US
        assert max(times) <= HOUR_US
        assert len(set(times)) > 300


def test_pieces_are_made_only_by_the_running_state_held_before(meant: pl.DataFrame) -> None:
    #  t      0     1     2     3
    #  state  R-----I-----R-----R
    #  pieces 0     n     0     n
    held = meant.sort("machine_id", "time").with_columns(
        held=pl.col("state").shift().over("machine_id"),
        made=pl.col("good_units") + pl.col("scrap_units"),
    )
    assert held.filter(pl.col("held").fill_null("") != "RUNNING")["made"].sum() == 0
    assert held.filter(pl.col("held") == "RUNNING")["made"].sum() > 0


def test_totals_are_the_sums_of_increments(meant: pl.DataFrame) -> None:
    sums = meant.sort("machine_id", "time").with_columns(
        good=pl.col("good_units").cum_sum().over("machine_id"),
        scrap=pl.col("scrap_units").cum_sum().over("machine_id"),
    )
    assert sums.filter(pl.col("good") != pl.col("total_good_units")).is_empty()
    assert sums.filter(pl.col("scrap") != pl.col("total_scrap_units")).is_empty()


def test_scrap_has_a_reason_with_its_category_and_nothing_else_has(meant: pl.DataFrame) -> None:
    reasons = set(
        meant.filter(pl.col("scrap_units") > 0)
        .select("scrap_reason", "scrap_category")
        .unique()
        .rows()
    )
    assert reasons <= set(SCRAP_REASONS.items())
    assert {category for _, category in reasons} == set(SCRAP_REASONS.values())
    none = meant.filter(pl.col("scrap_units") == 0)
    assert none["scrap_reason"].null_count() == len(none) == none["scrap_category"].null_count()


def test_incidents_are_entries_into_error_and_raise_the_alarm(meant: pl.DataFrame) -> None:
    rows = meant.sort("machine_id", "time").with_columns(
        entered=((pl.col("state") == "ERROR") & (pl.col("state").shift() != "ERROR")).over(
            "machine_id"
        )
    )
    counted = rows.with_columns(
        n=pl.col("entered").cast(pl.Int64).fill_null(0).cum_sum().over("machine_id")
    )
    assert counted["downtime_incidents"].to_list() == counted["n"].to_list()
    assert rows.filter(pl.col("state") == "ERROR")["alarm"].all()
    errors = rows.filter("entered")
    assert errors["last_error_time"].to_list() == errors["time"].to_list()


def test_speed_and_temperature_follow_the_state(meant: pl.DataFrame) -> None:
    means = {
        state: (temperature, speed)
        for state, temperature, speed in meant.group_by("state")
        .agg(pl.col("temperature_milli").mean(), pl.col("speed_milli").mean())
        .rows()
    }
    assert means["RUNNING"][1] > 800_000 > 400_000 > means["IDLE"][1] > 0
    assert means["MAINTENANCE"][1] < 200_000
    assert means["RUNNING"][0] > means["IDLE"][0] > means["MAINTENANCE"][0]


def _rate(made: pl.DataFrame) -> float:
    return float(made["scrap_units"].sum()) / float(made["made"].sum())


def test_quality_falls_with_deviation_and_scrap_follows_quality(meant: pl.DataFrame) -> None:
    made = meant.with_columns(made=pl.col("good_units") + pl.col("scrap_units")).filter(
        pl.col("made") > 0
    )
    worse = made.filter(pl.col("quality_score_milli") < 900)
    better = made.filter(pl.col("quality_score_milli") >= 950)
    assert _rate(worse) > 1.5 * _rate(better)
    machine = Machine(traits(7, 1), PlantTime(ROME), _dice(1))
    off = [
        machine._off_temperature(round(1000 * machine.traits.nominal_c) + 5000 * n)
        for n in (0, 1, 2)
    ]
    assert off == sorted(off)
    assert off[0] < off[2]


def test_measures_survive_the_way_through_a_json_number(meant: pl.DataFrame) -> None:
    for name in ("temperature_milli", "speed_milli", "oee_milli", "quality_score_milli"):
        for value in meant[name].unique():
            assert milli(float(repr(value / 1000))) == value


def test_a_job_counts_its_pieces_up_to_its_target(meant: pl.DataFrame) -> None:
    jobs = (
        meant.filter(pl.col("job_id").is_not_null())
        .group_by("machine_id", "job_id")
        .agg(
            made=(pl.col("good_units") + pl.col("scrap_units")).sum(),
            produced=pl.col("produced_units").max(),
            targets=pl.col("target_units").n_unique(),
            target=pl.col("target_units").first(),
        )
    )
    assert len(jobs) > 10
    assert jobs["made"].to_list() == jobs["produced"].to_list()
    assert (jobs["targets"] == 1).all()
    assert (jobs["produced"] <= jobs["target"] + 1).all()
    assert meant["job_id"].null_count() > 0


def test_a_plant_is_believable_over_a_shift() -> None:
    """OEE from 0.5 to 0.85: planned maintenance is outside, repair inside."""
    meant = meant_frame(lived(plant(5), 2 * 3600).meant)
    for number in range(1, 6):
        rows = meant.filter(pl.col("machine_id") == machine_id(number))
        busy = running = 0
        repair = False
        for state in rows["state"]:
            repair = state == "ERROR" or (repair and state != "RUNNING")
            running += state == "RUNNING"
            busy += state != "MAINTENANCE" or repair
        oee = float(rows["good_units"].sum()) * 60 / ideal(number) / busy
        assert 0.5 < oee < 0.85, number
        assert running / busy > 0.7


def test_after_a_stop_of_the_plant_no_time_has_passed() -> None:
    machine = Machine(traits(7, 1), PlantTime(ROME), _dice(3))
    machine.step(START_US)
    machine.state.last_us = None
    record = machine.step(START_US + 10 * HOUR_US)
    assert record.good_units == record.scrap_units == 0
    assert machine.state.until_us > record.time
