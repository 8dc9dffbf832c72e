"""Every column of the public views, computed once more from the published messages.

The messages of tests/acceptance/hour.py go over MQTT to a live engine; tests/acceptance/plain.py
derives the figures without the kernel.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from itertools import pairwise
from typing import Any

import pytest

from andon.store import roles
from andon.store.cluster import Cluster
from tests.acceptance import hour
from tests.acceptance.hour import Message
from tests.acceptance.plain import FIVE_US, Machine, Scrap
from tests.conftest import new_database
from tests.engine.live import LivePlant, living

pytestmark = pytest.mark.slow

Row = dict[str, Any]
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
COLUMNS = {
    "machine_metrics_5min": "id machine_id window_start window_end avg_temperature max_temperature "
    "min_temperature avg_speed max_speed avg_oee min_oee production_delta alarm_count "
    "running_seconds maintenance_seconds idle_seconds error_seconds total_readings operator_name "
    "shift location firmware_version created_at job_id job_progress target_units produced_units "
    "good_units scrap_units scrap_rate order_start_time elapsed_time_sec avg_quality_score "
    "defect_count downtime_incidents availability effectiveness quality oee coverage "
    "unknown_seconds planned_busy_seconds",
    "production_scrap": "id machine_id timestamp job_id scrap_units scrap_reason scrap_category "
    "total_produced_units good_units scrap_rate quality_score created_at operator_name shift "
    "span_start",
    "current_machine_status": "machine_id avg_temperature max_temperature avg_speed avg_oee "
    "alarm_count availability_pct error_pct scrap_rate good_units scrap_units produced_units "
    "avg_quality_score defect_count downtime_incidents operator_name shift location window_start "
    "window_end health_score availability effectiveness quality oee coverage",
    "real_time_scrap_tracking": "machine_id job_id scrap_units scrap_reason scrap_category "
    "scrap_rate quality_score timestamp operator_name shift",
    "machine_state_analysis": "machine_id window_start running_seconds idle_seconds "
    "maintenance_seconds error_seconds running_pct idle_pct maintenance_pct error_pct "
    "downtime_incidents defect_count unknown_seconds",
}
"""The design's columns first and in its order, then ours."""


@dataclass(frozen=True)
class Fed:
    """The plant after every message is committed, and what was published."""

    plant: LivePlant
    messages: list[Message]
    began: datetime

    def view(self, name: str) -> tuple[list[Row], dict[str, Machine]]:
        """The view's rows without `now`, and the machines at that same `now`."""
        rows = self.plant.query(f"SELECT now() AS now, v.* FROM {name} v")  # noqa: S608
        now = rows[0]["now"]
        for row in rows:
            assert row.pop("now") == now
        return rows, {m: self.machine(m, now) for m in "ABC"}

    def machine(self, machine_id: str, now: datetime) -> Machine:
        own = [m for m in self.messages if m["machine_id"] == machine_id]
        return Machine(machine_id, _us(now), own)


@pytest.fixture(scope="module")
def fed(postgres: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fed]:
    """The hour, published and committed; the silences of B and C are booked."""
    state_dir = tmp_path_factory.mktemp("hour")
    (state_dir / "andon.toml").write_text(hour.TOML)
    for name in new_database(postgres):
        dsn = postgres.dsn(roles.OWNER, name)
        config = {"ANDON_CONFIG": str(state_dir / "andon.toml")}
        with living(dsn, state_dir, **config) as plant:
            plant.start()
            began = datetime.now(UTC)
            messages = hour.hour(began)
            sent = hour.published(messages)
            # Cut inside shuffled blocks; the last two, on their own, say that no backlog is left.
            cuts = [0, *range(36, len(sent) - 30, 150), len(sent) - 2, len(sent) - 1, len(sent)]
            for first, end in pairwise(cuts):
                plant.drained(plant.messages() + plant.publish(sent[first:end]), 180)
            plant.wait(lambda: _silent(plant) == ["B", "C"], 180)
            yield Fed(plant, messages, began)


def _silent(plant: LivePlant) -> list[str]:
    """Machines whose silence is booked."""
    rows = plant.query("SELECT machine_id FROM carry WHERE silent ORDER BY 1")
    return [row["machine_id"] for row in rows]


def _us(at: datetime) -> int:
    return (at - EPOCH) // timedelta(microseconds=1)


def _at(us: int) -> datetime:
    return EPOCH + timedelta(microseconds=us)


def rounded(value: Fraction, digits: int = 6) -> Decimal:
    """Rounded once from the exact ratio, half away from zero."""
    scaled: Decimal = Decimal(value.numerator) * 10**digits / Decimal(value.denominator)
    return scaled.quantize(Decimal(1), ROUND_HALF_UP).scaleb(-digits)


def ratio(over: int | Fraction, under: int | Fraction, digits: int = 6) -> Decimal | None:
    """over / under; None where under is 0."""
    return rounded(Fraction(over) / Fraction(under), digits) if under else None


def milli(value: Any) -> int | None:
    """Thousandths of a JSON number; None for what is none."""
    return round(value * 1000.0) if isinstance(value, int | float) else None


def thousandths(value: Any) -> Decimal | None:
    found = milli(value)
    return None if found is None else Decimal(found) / 1000


def seconds(us: int) -> Decimal:
    return Decimal(us) / 1_000_000


def measured(messages: Sequence[Message], name: str) -> list[int]:
    return [found for m in messages if (found := milli(m.get(name))) is not None]


def mean(values: Sequence[int]) -> Decimal | None:
    return ratio(sum(values), 1000 * len(values))


def label(messages: Sequence[Message], name: str) -> Any:
    """The last one that is not null."""
    return next((m[name] for m in reversed(messages) if m.get(name) is not None), None)


def extreme(values: Sequence[int], pick: Any) -> Decimal | None:
    return Decimal(pick(values)) / 1000 if values else None


def metrics(machine: Machine, start: int) -> Row:
    """machine_metrics_5min without id and created_at."""
    messages = machine.of_window(start)
    times, sums = machine.times(start), machine.sums(start)
    temperature, speed = measured(messages, "temperature"), measured(messages, "speed")
    reported, busy = measured(messages, "oee"), times["busy"]
    order = label(messages, "order_start_time")
    return {
        "machine_id": machine.machine_id,
        "window_start": _at(start),
        "window_end": _at(start + FIVE_US),
        "avg_temperature": mean(temperature),
        "max_temperature": extreme(temperature, max),
        "min_temperature": extreme(temperature, min),
        "avg_speed": mean(speed),
        "max_speed": extreme(speed, max),
        "avg_oee": mean(reported),
        "min_oee": extreme(reported, min),
        "production_delta": sums["produced"],
        "alarm_count": sum(m.get("alarm") is True for m in messages),
        "running_seconds": seconds(times["RUNNING"]),
        "maintenance_seconds": seconds(times["MAINTENANCE"]),
        "idle_seconds": seconds(times["IDLE"]),
        "error_seconds": seconds(times["ERROR"]),
        "total_readings": len(messages),
        **{
            name: label(messages, name)
            for name in ("operator_name", "shift", "location", "firmware_version", "job_id")
        },
        "job_progress": thousandths(label(messages, "job_progress")),
        "target_units": label(messages, "target_units"),
        "produced_units": label(messages, "produced_units"),
        "good_units": sums["good"],
        "scrap_units": sums["scrap"],
        "scrap_rate": ratio(sums["scrap"], sums["good"] + sums["scrap"]),
        "order_start_time": order and datetime.fromisoformat(order),
        "elapsed_time_sec": thousandths(label(messages, "elapsed_time_sec")),
        "avg_quality_score": mean(measured(messages, "quality_score")),
        "defect_count": sums["defects"],
        "downtime_incidents": sums["incidents"],
        **factors(machine, start),
        "coverage": rounded(1 - Fraction(times["UNKNOWN"], busy + times["UNKNOWN"]))
        if busy + times["UNKNOWN"]
        else 1,
        "unknown_seconds": seconds(times["UNKNOWN"]),
        "planned_busy_seconds": seconds(busy),
    }


def factors(machine: Machine, start: int) -> Row:
    """A, E, Q and OEE; all null without planned busy time, E and OEE without a rate."""
    times, sums = machine.times(start), machine.sums(start)
    busy, running = times["busy"], times["RUNNING"]
    rated = machine.machine_id != "C" and not sums["unrated"] and busy > 0
    quality = ratio(sums["good_covered"], sums["produced_covered"])
    if rated:
        quality = ratio(sums["ideal_good"], sums["ideal_produced"])
    return {
        "availability": ratio(running, busy),
        "effectiveness": ratio(sums["ideal_produced"], running) if rated else None,
        "quality": quality if busy else None,
        "oee": ratio(sums["ideal_good"], busy) if rated else None,
    }


def scrap_row(machine: Machine, event: Scrap) -> Row:
    """production_scrap without id and created_at."""
    m = event.message
    return {
        "machine_id": machine.machine_id,
        "timestamp": _at(m["us"]),
        "job_id": event.job_id,
        "scrap_units": event.units,
        "scrap_reason": event.reason,
        "scrap_category": event.category,
        "total_produced_units": event.produced,
        "good_units": event.good,
        "scrap_rate": ratio(event.produced - event.good, event.produced),
        "quality_score": thousandths(m.get("quality_score")),
        "operator_name": m.get("operator_name"),
        "shift": m.get("shift"),
        "span_start": _at(event.span_start),
    }


def names(fed: Fed, view: str) -> list[str]:
    """The view's columns in their order."""
    sql = "SELECT attname FROM pg_attribute WHERE attrelid = %s::regclass AND attnum > 0"
    return [row["attname"] for row in fed.plant.query(sql + " ORDER BY attnum", view)]


@pytest.mark.parametrize("view", COLUMNS)
def test_columns(fed: Fed, view: str) -> None:
    assert names(fed, view) == COLUMNS[view].split()


def test_the_hour_has_everything(fed: Fed) -> None:
    """So that no column is compared on nothing."""
    machines = {m: fed.machine(m, fed.began + timedelta(minutes=2)) for m in "ABC"}
    assert all(machine.scrap for machine in machines.values())
    states = {s.state for m in machines.values() for s in m.stretches}
    assert states == {"RUNNING", "IDLE", "ERROR", "MAINTENANCE", "UNKNOWN"}
    stops = [s for m in machines.values() for s in m.stretches if s.state == "MAINTENANCE"]
    assert {s.repair for s in stops} == {True, False}
    assert any(s.state == "UNKNOWN" for s in machines["B"].stretches)
    assert {e.reason for m in machines.values() for e in m.scrap} > {"CRACK", "UNREPORTED"}
    uncovered = [u["produced"] - u["produced_covered"] for _, u in machines["C"].units]
    assert any(uncovered)
    idle = [w for w in machines["C"].windows() if not machines["C"].times(w)["busy"]]
    assert any(machines["C"].sums(w)["produced_covered"] for w in idle)
    assert fed.plant.scalar("SELECT sum(duplicates) FROM progress") > 10
    assert fed.plant.scalar("SELECT sum(late) FROM progress") > 0
    assert fed.plant.scalar("SELECT sum(awaiting_recompute) FROM progress") == 0
    assert fed.plant.scalar("SELECT count(*) FROM reading") == len(fed.messages)


def test_machine_metrics_5min(fed: Fed) -> None:
    rows, machines = fed.view("machine_metrics_5min")
    expected = {
        (m.machine_id, _at(w)): metrics(m, w) for m in machines.values() for w in m.windows()
    }
    assert {(row["machine_id"], row["window_start"]) for row in rows} == expected.keys()
    for row in rows:
        want = expected[row["machine_id"], row["window_start"]]
        assert row.keys() == {"id", "created_at", *want}
        assert {name: row[name] for name in want} == want
        assert fed.began <= row["created_at"] <= datetime.now(UTC)
    check_ids(fed, "machine_metrics_5min", rows, ("machine_id", "window_start"))


def check_ids(fed: Fed, view: str, rows: list[Row], key: tuple[str, ...]) -> None:
    """Unique, and the same for the same row when asked again."""
    ids = {row["id"]: tuple(row[name] for name in key) for row in rows}
    assert len(ids) == len(rows)
    again, _ = fed.view(view)
    assert {row["id"]: tuple(row[name] for name in key) for row in again} == ids


def test_production_scrap(fed: Fed) -> None:
    rows, machines = fed.view("production_scrap")
    key = ("machine_id", "timestamp", "scrap_reason")
    wanted = [scrap_row(m, event) for m in machines.values() for event in m.scrap]
    expected = {tuple(row[name] for name in key): row for row in wanted}
    assert len(expected) == len(wanted) == len(rows)
    for row in rows:
        want = expected[tuple(row[name] for name in key)]
        assert row.keys() == {"id", "created_at", *want}
        assert {name: row[name] for name in want} == want
        assert fed.began <= row["created_at"] <= datetime.now(UTC)
    check_ids(fed, "production_scrap", rows, key)


def test_real_time_scrap_tracking(fed: Fed) -> None:
    """The last hour of production_scrap: the edge of the hour moves, so by the view's own now."""
    rows, machines = fed.view("real_time_scrap_tracking")
    columns = COLUMNS["real_time_scrap_tracking"].split()
    now = _at(machines["A"].now)
    expected = [
        {name: row[name] for name in columns}
        for m in machines.values()
        for row in (scrap_row(m, event) for event in m.scrap)
        if row["timestamp"] > now - timedelta(hours=1)
    ]
    assert expected

    def order(row: Row) -> tuple[Any, ...]:
        return row["machine_id"], row["timestamp"], row["scrap_reason"]

    assert sorted(rows, key=order) == sorted(expected, key=order)


def test_machine_state_analysis(fed: Fed) -> None:
    rows, machines = fed.view("machine_state_analysis")
    expected = {
        (m.machine_id, _at(w)): analysis(m, w) for m in machines.values() for w in m.windows()
    }
    assert {(row["machine_id"], row["window_start"]) for row in rows} == expected.keys()
    for row in rows:
        assert row == expected[row["machine_id"], row["window_start"]]


def analysis(machine: Machine, start: int) -> Row:
    """machine_state_analysis: percent are shares of the known time."""
    times, of = machine.times(start), metrics(machine, start)
    states = ("RUNNING", "IDLE", "MAINTENANCE", "ERROR")
    known = sum(times[state] for state in states)
    copied = ("machine_id", "window_start", "downtime_incidents", "defect_count", "unknown_seconds")
    return {
        **{name: of[name] for name in copied},
        **{f"{state.lower()}_seconds": of[f"{state.lower()}_seconds"] for state in states},
        **{f"{state.lower()}_pct": ratio(100 * times[state], known, 4) for state in states},
    }


def test_current_machine_status(fed: Fed) -> None:
    """A and B, which were heard; C's last window ended more than 5 minutes ago."""
    rows, machines = fed.view("current_machine_status")
    assert sorted(row["machine_id"] for row in rows) == ["A", "B"]
    for row in rows:
        machine = machines[row["machine_id"]]
        start = max(w for w in machine.windows() if machine.of_window(w))
        of, times, sums = metrics(machine, start), machine.times(start), machine.sums(start)
        want = {name: of[name] for name in row.keys() & of.keys()}
        want["availability_pct"] = ratio(100 * times["RUNNING"], times["busy"], 4)
        want["error_pct"] = ratio(100 * times["ERROR"], times["busy"], 4)
        health = row.pop("health_score")
        assert row == want
        made = sums["good"] + sums["scrap"]
        if of["oee"] is None or not made:
            assert health is None
            continue
        exact = min(Fraction(sums["ideal_good"], times["busy"]), Fraction(1))
        exact *= (1 - Fraction(sums["scrap"], made)) * (1 - Fraction(times["ERROR"], times["busy"]))
        assert abs(Fraction(health) - exact) < Fraction(2, 10**6)  # from printed factors
