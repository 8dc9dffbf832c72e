"""Recorded messages through MQTT, engine and PostgreSQL: every published figure, exactly.

The engine's later clock adds max_gap of the last state and then UNKNOWN (SEMANTICS, worked cases);
with max_gap out of reach the last message holds for nothing, as the expected figures say.
"""

from __future__ import annotations

import random
from typing import Any

import pytest

from andon.units import to_us
from tests.engine import seed
from tests.engine.live import LivePlant

STATE_US = """
    SELECT machine_id,
        sum(running_us) AS running, sum(idle_job_us + idle_no_job_us) AS idle,
        sum(maintenance_us + repair_us) AS maintenance, sum(error_us) AS error,
        sum(unknown_us) AS unknown, sum(good_units) AS good, sum(scrap_units) AS scrap,
        sum(readings) AS readings, sum(alarm_count) AS alarms, sum(incidents) AS incidents
    FROM machine_minute GROUP BY machine_id
"""


def check(plant: LivePlant) -> None:
    """Compares tables and views with the expected figures."""
    rows = {row["machine_id"]: row for row in plant.query(STATE_US)}
    assert rows.keys() == seed.expected().keys()
    for machine_id, wanted in seed.expected().items():
        check_machine(plant, rows[machine_id], machine_id, wanted)


def check_machine(
    plant: LivePlant, row: dict[str, Any], machine_id: str, wanted: dict[str, Any]
) -> None:
    states = wanted["state_us"]
    assert row["running"] == states.get("RUNNING", 0)
    assert row["idle"] == states.get("IDLE", 0)
    assert row["maintenance"] == states.get("MAINTENANCE", 0)
    assert (row["error"], row["unknown"]) == (states.get("ERROR", 0), 0)
    assert (row["good"], row["scrap"]) == (wanted["good_units"], wanted["scrap_units"])
    assert row["readings"] == wanted["messages"]
    assert row["alarms"] == wanted["alarm_count"]
    assert row["incidents"] == wanted["incidents"]
    events = plant.query(
        "SELECT scrap_category || '/' || scrap_reason AS key, sum(scrap_units)::bigint AS units, "
        "count(*) AS events FROM production_scrap WHERE machine_id = %s GROUP BY 1",
        machine_id,
    )
    assert {e["key"]: e["units"] for e in events} == wanted["scrap_units_by_category_and_reason"]
    assert sum(e["events"] for e in events) == wanted["scrap_events"]
    for measure, key in (("temperature", "temperature_milli"), ("speed", "speed_milli")):
        (found,) = plant.query(
            "SELECT sum(n)::bigint AS n, sum(sum_milli)::bigint AS sum, min(min_milli) AS min, "
            "max(max_milli) AS max FROM measure_minute WHERE machine_id = %s AND measure = %s",
            machine_id,
            measure,
        )
        assert found == wanted[key]
    (oee,) = plant.query(
        "SELECT sum(n)::bigint AS n, sum(sum_milli)::bigint AS sum FROM measure_minute "
        "WHERE machine_id = %s AND measure = 'oee'",
        machine_id,
    )
    assert oee == wanted["reported_oee_milli"]
    (span,) = plant.query(
        "SELECT min(time) AS first, max(time) AS last, count(DISTINCT job_id) AS jobs "
        "FROM reading WHERE machine_id = %s",
        machine_id,
    )
    assert to_us(span["first"]) == wanted["first_us"]
    assert to_us(span["last"]) == wanted["last_us"]
    assert span["jobs"] == wanted["distinct_job_ids"]


@pytest.fixture
def patient(plant: LivePlant) -> LivePlant:
    """The engine's clock never reaches the end of the last state."""
    plant.environ["ANDON_ENGINE__MAX_GAP_S"] = "8640000"
    return plant


def test_in_order(patient: LivePlant) -> None:
    patient.start()
    patient.drained(patient.publish(seed.messages()))
    check(patient)


def blocks(messages: list[tuple[str, bytes]], rng: random.Random) -> list[tuple[str, bytes]]:
    """Shuffled in blocks of 60 s: 300 messages of five machines."""
    out: list[tuple[str, bytes]] = []
    for start in range(0, len(messages), 300):
        block = messages[start : start + 300]
        rng.shuffle(block)
        out += block
    return out


def test_shuffled_in_blocks_of_a_minute(patient: LivePlant) -> None:
    patient.start()
    patient.drained(patient.publish(blocks(seed.messages(), random.Random(1))))
    check(patient)


def test_three_times_over(patient: LivePlant) -> None:
    patient.start()
    patient.drained(patient.publish(seed.messages() * 3))
    check(patient)
    assert patient.scalar("SELECT count(*) FROM reading") == 925
    assert patient.scalar("SELECT sum(duplicates) FROM progress") == 2 * 925


def test_engine_killed_ten_times_meanwhile(patient: LivePlant) -> None:
    rng = random.Random(2)
    messages = blocks(seed.messages(), rng)
    patient.start()
    for kill in range(10):
        patient.publish(messages[kill * 93 : (kill + 1) * 93])
        patient.wait(lambda: not patient.dead())
        if rng.random() < 0.5:
            before = patient.messages()
            patient.wait(lambda before=before: patient.messages() > before, 20)
        patient.kill()
        patient.start()
    patient.wait(lambda: patient.scalar("SELECT count(*) FROM reading") == 925)
    check(patient)
