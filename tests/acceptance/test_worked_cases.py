"""The worked cases of the numbers' definition that need no calendar, over MQTT to a live engine.

One engine for the module and a machine for each case: messages go out as JSON, figures are read
from the API, the views and the tables.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise
from typing import Any

import pytest
from flask.testing import FlaskClient

from andon.settings import load
from andon.store import roles
from andon.store.cluster import Cluster
from andon.web.app import create_app
from tests.acceptance.cases import DAY, ROLL_UP, SCRAP, START, TOML, heartbeat, stories
from tests.conftest import new_database
from tests.engine import seed
from tests.engine.live import LivePlant, as_url, living

pytestmark = pytest.mark.slow


@dataclass(frozen=True)
class Fed:
    """The plant after every message is committed, and a dashboard on the same database."""

    plant: LivePlant
    web: FlaskClient

    def oee(self, machine_id: str | None, start: datetime, seconds: int) -> dict[str, Any]:
        """/api/v1/oee of one machine or of all."""
        asked = {
            "from": str(int(start.timestamp() * 1000)),
            "to": str(int((start + timedelta(seconds=seconds)).timestamp() * 1000)),
            **({"machine": machine_id} if machine_id else {}),
        }
        answer = self.web.get("/api/v1/oee", query_string=asked)
        assert answer.status_code == 200, answer.get_json()
        value = answer.get_json()
        assert isinstance(value, dict)
        return value

    def range(self, machine_id: str, start: datetime, seconds: int) -> dict[str, Any]:
        """The same by the SQL function."""
        sql = "SELECT * FROM oee_range(%s, %s, %s)"
        (row,) = self.plant.query(sql, machine_id, start, start + timedelta(seconds=seconds))
        return row

    def windows(self, machine_id: str, start: datetime, seconds: int) -> dict[str, Any]:
        """Sums of machine_metrics_5min."""
        sums = ("running_seconds", "unknown_seconds", "production_delta", "good_units",
                "planned_busy_seconds", "maintenance_seconds")  # fmt: skip
        columns = ", ".join(f"sum({name}) AS {name}" for name in sums)
        (row,) = self.plant.query(
            f"SELECT {columns} FROM machine_metrics_5min WHERE machine_id = %s "  # noqa: S608
            "AND window_start >= %s AND window_start < %s",
            machine_id,
            start,
            start + timedelta(seconds=seconds),
        )
        return row

    def anomalies(self, machine_id: str) -> list[tuple[str, int, str | None]]:
        """(kind, units, outcome) in their order."""
        rows = self.plant.query(
            "SELECT kind, units, outcome FROM anomaly WHERE machine_id = %s ORDER BY time",
            machine_id,
        )
        return [(row["kind"], row["units"], row["outcome"]) for row in rows]


@pytest.fixture(scope="module")
def fed(postgres: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fed]:
    """Engine and dashboard of the module; everything published and committed."""
    state_dir = tmp_path_factory.mktemp("cases")
    (state_dir / "andon.toml").write_text(TOML)
    for name in new_database(postgres):
        dsn = postgres.dsn(roles.OWNER, name)
        config = {"ANDON_CONFIG": str(state_dir / "andon.toml")}
        with living(dsn, state_dir, **config) as plant:
            plant.start()
            messages = [m for story in stories() for m in story.messages] + seed.messages()
            sent = plant.publish(messages)
            plant.drained(sent, 180)
            for beat in (1, 2):  # what is heard now tells the engine that there is no backlog
                plant.publish(heartbeat())
                plant.drained(sent + beat, 60)
            plant.wait(lambda: _all_judged(plant), 180)
            given = {"store.database_url": as_url(dsn), "store.web_role": ""}
            app = create_app(load(state_dir / "andon.toml", state_dir, given, {}))
            yield Fed(plant, app.test_client())
            app.extensions["andon_live"].stop()
            app.extensions["andon"].store.close()


def _all_judged(plant: LivePlant) -> bool:
    """The silence after every periodic machine's last message is booked."""
    rows = plant.query("SELECT machine_id FROM carry WHERE NOT silent")
    return {row["machine_id"] for row in rows} <= {"on change", "heartbeat"}


def test_outage(fed: Fed) -> None:
    value = fed.oee("outage", START, 3600)
    assert (value["apt_us"], value["pbt_us"]) == (3_060_000_000, 3_060_000_000)
    assert (value["unknown_us"], value["coverage"]) == (540_000_000, 0.85)
    assert (value["units"], value["good_units_in_oee"]) == (2754, 2754)
    assert (value["units_uncovered"], value["produced_units"]) == (486, 3240)
    assert (value["availability"], value["effectiveness"], value["quality"]) == (1, 0.9, 1)
    assert (value["oee"], value["worst"], value["best"]) == (0.9, 0.9, 0.9)
    windows = fed.windows("outage", START, 3600)
    assert (windows["running_seconds"], windows["unknown_seconds"]) == (3060, 540)
    assert (windows["production_delta"], windows["planned_busy_seconds"]) == (3240, 3060)
    row = fed.range("outage", START, 3600)
    assert (row["apt_us"], row["pbt_us"]) == (3_060_000_000, 3_060_000_000)
    assert (row["unknown_us"], row["healed_us"]) == (540_000_000, 540_000_000)
    assert (row["produced_covered"], row["good_in_unknown"]) == (2754, 486)
    assert (row["coverage"], row["worst"]) == (Decimal("0.85"), Decimal("0.9"))
    assert row["best"] == Decimal("0.9")


def test_slow_counter(fed: Fed) -> None:
    value = fed.oee("slow counter", START, 1800)
    assert (value["units_uncovered"], value["units"], value["produced_units"]) == (0, 1440, 1440)
    assert (value["apt_us"], value["unknown_us"], value["effectiveness"]) == (1_800_000_000, 0, 0.8)


def test_state_once_then_only_counts(fed: Fed) -> None:
    value = fed.oee("periodic", START, 600)
    assert (value["apt_us"], value["unknown_us"], value["coverage"]) == (600_000_000, 0, 1)
    assert value["units_uncovered"] == 0


def test_silence_of_61_s_is_unknown_until_the_next_state(fed: Fed) -> None:
    value = fed.oee("silent", START, 720)
    assert (value["apt_us"], value["unknown_us"]) == (420_000_000, 300_000_000)
    rows = fed.plant.query(
        "SELECT state, extract(epoch FROM start - %s)::int AS second FROM state_interval "
        "WHERE machine_id = 'silent' ORDER BY start",
        START,
    )
    assert [(row["state"], row["second"]) for row in rows] == [
        ("RUNNING", 0),
        ("UNKNOWN", 360),
        ("RUNNING", 660),
        ("UNKNOWN", 780),
    ]


def test_on_change_holds_through_silence(fed: Fed) -> None:
    value = fed.oee("on change", START, 720)
    assert (value["apt_us"], value["unknown_us"], value["coverage"]) == (720_000_000, 0, 1)
    (interval,) = fed.plant.query("SELECT * FROM state_interval WHERE machine_id = 'on change'")
    assert (interval["state"], interval["end"]) == ("RUNNING", None)


@pytest.mark.parametrize(
    ("machine_id", "pieces", "anomalies"),
    [
        ("glitch", 1, [("suspicious_total", 0, "refuted")]),
        ("modulus", 1, [("suspicious_total", 0, "refuted")]),
        ("lower", 20, [("suspicious_total", 10, "confirmed")]),
        ("jitter", 0, [("suspicious_total", 0, "refuted")]),
        ("new boot lower", 0, [("suspicious_total", 0, None)]),
        ("plc", 50, []),
        ("rollover", 10, [("counter_rollover", 10, None)]),
    ],
)
def test_counter(
    fed: Fed, machine_id: str, pieces: int, anomalies: list[tuple[str, int, str | None]]
) -> None:
    assert fed.oee(machine_id, START, 60)["produced_units"] == pieces
    assert fed.windows(machine_id, START, 60)["production_delta"] == pieces
    assert fed.anomalies(machine_id) == anomalies


def test_pending_total_is_no_baseline(fed: Fed) -> None:
    (head,) = fed.plant.query("SELECT * FROM carry WHERE machine_id = 'new boot lower'")
    assert (head["main_total"], head["main_pending"]) == (10_000, 9_000)


def test_roll_up(fed: Fed) -> None:
    for machine_id, oee, quality in (("fast cycle", 0.5, 0.5), ("slow cycle", 1, 1)):
        value = fed.oee(machine_id, ROLL_UP, 120)
        assert (value["pbt_us"], value["apt_us"]) == (100_000_000, 100_000_000)
        assert (value["oee"], value["quality"], value["effectiveness"]) == (oee, quality, 1)
    value = fed.oee(None, ROLL_UP, 120)
    assert (value["pbt_us"], value["unknown_us"]) == (200_000_000, 0)
    assert (value["oee"], value["quality"], value["piece_yield"]) == (0.75, 0.75, 0.545455)
    assert (value["effectiveness"], value["availability"], value["note"]) == (1, 1, None)


def test_failure(fed: Fed) -> None:
    row = fed.range("failure", START, 180)
    assert (row["failures_begun"], row["failures_ended"], row["incidents"]) == (1, 1, 1)
    assert Fraction(row["repair_time_us"], row["failures_ended"]) == 60_000_000
    assert (row["maintenance_us"], row["error_us"], row["repair_us"]) == (0, 10_000_000, 50_000_000)
    assert (row["pbt_us"], row["apt_us"]) == (180_000_000, 120_000_000)
    (found,) = fed.plant.query("SELECT * FROM failure WHERE machine_id = 'failure'")
    assert found["start"] == START + timedelta(seconds=100)
    assert found["end"] == START + timedelta(seconds=160)
    assert fed.windows("failure", START, 180)["maintenance_seconds"] == 50


@pytest.mark.parametrize("machine_id", ["scrap field withheld", "scrap message withheld"])
def test_scrap_withheld(fed: Fed, machine_id: str) -> None:
    rows = fed.plant.query(
        "SELECT * FROM production_scrap WHERE machine_id = %s ORDER BY timestamp", machine_id
    )
    assert sum(row["scrap_units"] for row in rows) == sum(units for units, _ in SCRAP)
    by_reason: dict[str, int] = {}
    for row in rows:
        reason = row["scrap_reason"]
        by_reason[reason] = by_reason.get(reason, 0) + row["scrap_units"]
    assert by_reason == {"CRACK": 3, "BURR": 1, "UNREPORTED": 6}
    assert fed.oee(machine_id, START, 60)["scrap_units"] == 10
    unreported = [row for row in rows if row["scrap_reason"] == "UNREPORTED"]
    assert [row["scrap_category"] for row in unreported] == [None, None]
    whole = START + timedelta(seconds=20)
    assert unreported[0]["span_start"] == whole
    for before, after in pairwise(rows):
        assert (before["timestamp"], before["scrap_reason"]) != (
            after["timestamp"],
            after["scrap_reason"],
        )


def test_rate_per_hour_is_exact_over_a_day(fed: Fed) -> None:
    value = fed.oee("28000 an hour", DAY, 86_400)
    assert value["produced_units"] == value["units"] == 24 * 28_000
    assert Fraction(*value["ideal_exact"]) == 86_400_000_000
    assert (value["effectiveness"], value["oee"], value["coverage"]) == (1, 1, 1)


def test_no_rate(fed: Fed) -> None:
    value = fed.oee("no rate", START, 60)
    assert (value["effectiveness"], value["oee"], value["note"]) == (
        None,
        None,
        "ideal rate not set",
    )
    assert (value["worst"], value["best"], value["ideal_us"]) == (None, None, None)
    assert (value["availability"], value["quality"]) == (1, 0.8)
    tile = fed.web.get("/api/v1/machines/no%20rate?hours=3").get_json()["machine"]
    assert (tile["effectiveness"], tile["oee"], tile["note"]) == (None, None, "ideal rate not set")
    (row,) = fed.plant.query("SELECT * FROM machine_metrics_5min WHERE machine_id = 'no rate'")
    assert (row["effectiveness"], row["oee"], row["quality"]) == (None, None, Decimal("0.8"))


STATES = """
    SELECT machine_id, sum(running_us) AS "RUNNING",
        sum(idle_job_us + idle_no_job_us) AS "IDLE",
        sum(maintenance_us + repair_us) AS "MAINTENANCE", sum(error_us) AS "ERROR",
        sum(unknown_us) AS unknown, sum(good_units) AS good, sum(scrap_units) AS scrap,
        sum(readings) AS readings, sum(alarm_count) AS alarms, sum(incidents) AS incidents
    FROM machine_minute WHERE machine_id = ANY(%s) GROUP BY machine_id
"""


def test_recorded_messages_with_the_later_clock(fed: Fed) -> None:
    """max_gap of the last state, then UNKNOWN, and nothing else differs."""
    last = {
        json.loads(payload)["machine_id"]: json.loads(payload) for _, payload in seed.messages()
    }
    rows = {row["machine_id"]: row for row in fed.plant.query(STATES, list(seed.expected()))}
    for machine_id, wanted in seed.expected().items():
        states = dict.fromkeys(("RUNNING", "IDLE", "MAINTENANCE", "ERROR"), 0)
        states |= wanted["state_us"]
        states[last[machine_id]["state"]] += 60_000_000
        row = rows[machine_id]
        assert {state: row[state] for state in states} == states
        assert row["unknown"] == 0
        assert (row["good"], row["scrap"]) == (wanted["good_units"], wanted["scrap_units"])
        assert (row["readings"], row["alarms"]) == (wanted["messages"], wanted["alarm_count"])
        assert row["incidents"] == wanted["incidents"]
        (ended,) = fed.plant.query(
            'SELECT start, state FROM state_interval WHERE machine_id = %s AND "end" IS NULL',
            machine_id,
        )
        at = datetime.fromisoformat(last[machine_id]["timestamp"])
        assert (ended["state"], ended["start"]) == ("UNKNOWN", at + timedelta(seconds=60))
