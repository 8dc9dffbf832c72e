"""Prometheus text (0.0.4) from the engine's file, the supervisor's, the store and the board."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from andon.model import State
from andon.observe import Metric, MetricKind, Metrics

Sample = tuple[Mapping[str, str], float | int]


@dataclass(frozen=True, slots=True)
class Web:
    """What the web says of itself: viewers, board refreshes, last refresh in s, start in s."""

    viewers: int
    refreshes: int
    refresh_s: float
    started: float


def exposition(
    engine: Mapping[str, Any],
    status: Mapping[str, Any],
    tallies: Mapping[str, Any] | None,
    board: Mapping[str, Any] | None,
    web: Web,
) -> bytes:
    """All metrics. `tallies` and `board` are None while the store is away."""
    found = Metrics()
    _engine(found, engine)
    _services(found, status)
    _put(found, "andon_store_up", "gauge", "1 while the store answers.", int(tallies is not None))
    if tallies is not None:
        _tallies(found, tallies)
    if board is not None:
        _board(found, board)
    _put(found, "andon_web_viewers", "gauge", "Browsers that hold an event stream.", web.viewers)
    _put(found, "andon_web_refreshes_total", "counter", "Boards read for viewers.", web.refreshes)
    _put(found, "andon_web_refresh_seconds", "gauge", "Time of the last board read.", web.refresh_s)
    _put(
        found,
        "andon_web_start_time_seconds",
        "gauge",
        "Start of the web process, seconds since 1970.",
        web.started,
    )
    return found.render()


def _engine(found: Metrics, engine: Mapping[str, Any]) -> None:
    for key, doc in (
        ("messages", "Messages taken from the broker since the engine's start."),
        ("set_aside", "Optional fields that could not be read since the engine's start."),
        ("batches", "Batches committed since the engine's start."),
    ):
        if isinstance(engine.get(key), int):
            _put(found, f"andon_engine_{key}_total", "counter", doc, engine[key])
    for key, name, doc in (
        ("rate_per_s", "messages_per_second", "Messages taken per second, now."),
        ("inflight", "inflight_messages", "Messages taken and not yet acknowledged."),
    ):
        if isinstance(engine.get(key), int | float):
            _put(found, f"andon_engine_{name}", "gauge", doc, engine[key])
    quantiles: list[Sample] = [
        ({"quantile": quantile}, engine[key] / 1000)
        for key, quantile in (("latency_ms_p50", "0.5"), ("latency_ms_p99", "0.99"))
        if isinstance(engine.get(key), int | float)
    ]
    if quantiles:
        _put_all(
            found,
            "andon_engine_latency_seconds",
            "gauge",
            "From a message's arrival to its commit.",
            quantiles,
        )
    for key, doc in (
        ("mqtt_connected", "1 while the engine is connected to the broker."),
        ("store_ok", "1 while the engine reaches the store."),
        ("paused", "1 while the engine does not acknowledge."),
    ):
        if isinstance(engine.get(key), bool):
            _put(found, f"andon_engine_{key}", "gauge", doc, int(engine[key]))


def _services(found: Metrics, status: Mapping[str, Any]) -> None:
    named = [s for s in status.get("services", []) if isinstance(s, dict) and s.get("name")]
    if not named:
        return
    _put_all(
        found,
        "andon_service_state",
        "gauge",
        "1 for the state that the supervisor gives a service.",
        [({"service": str(s["name"]), "state": str(s.get("state"))}, 1) for s in named],
    )
    _put_all(
        found,
        "andon_service_restarts_total",
        "counter",
        "Restarts since the supervisor's start.",
        [({"service": str(s["name"])}, int(s.get("restarts") or 0)) for s in named],
    )


def _tallies(found: Metrics, tallies: Mapping[str, Any]) -> None:
    for key, doc in (
        ("messages", "Messages committed, all time."),
        ("readings", "Readings stored, all time."),
        ("duplicates", "Duplicates counted and not stored again, all time."),
        ("late", "Readings that came out of order within the allowed lateness, all time."),
        ("quarantined", "Messages refused to quarantine, all time."),
    ):
        _put(found, f"andon_store_{key}_total", "counter", doc, tallies[key])
    for key, name, doc in (
        ("in_quarantine", "quarantine_messages", "Messages that lie in quarantine."),
        ("awaiting_recompute", "awaiting_recompute_readings", "Readings that await recomputation."),
        ("gaps", "gaps_today", "Gaps in message numbers since local midnight."),
        ("gap_messages", "gap_messages_today", "Messages missing in them."),
        ("anomalies", "anomalies_today", "Counter anomalies since local midnight."),
    ):
        _put(found, f"andon_store_{name}", "gauge", doc, tallies[key])


def _board(found: Metrics, board: Mapping[str, Any]) -> None:
    plant, machines = board["plant"], board["machines"]
    _put_all(
        found,
        "andon_machines",
        "gauge",
        "Machines by state.",
        [({"state": s.value}, plant["states"][s.value]) for s in State],
    )
    doc = "Today so far (since local midnight); absent where it is null."
    for key in ("oee", "availability", "effectiveness", "quality", "coverage"):
        samples = [
            ({"machine_id": t["machine_id"]}, t[key]) for t in machines if t[key] is not None
        ]
        if samples:
            _put_all(found, f"andon_machine_{key}_ratio", "gauge", doc, samples)
    for key in ("good_units", "scrap_units"):
        _put_all(
            found,
            f"andon_machine_{key}_today",
            "gauge",
            doc,
            [({"machine_id": t["machine_id"]}, t[key]) for t in machines],
        )
    _put_all(
        found,
        "andon_machine_last_reading_timestamp_seconds",
        "gauge",
        "Event time of the newest reading.",
        [({"machine_id": t["machine_id"]}, t["last_reading_us"] / 1e6) for t in machines],
    )


def _put(found: Metrics, name: str, kind: MetricKind, doc: str, value: float) -> None:
    _put_all(found, name, kind, doc, [({}, value)])


def _put_all(
    found: Metrics, name: str, kind: MetricKind, doc: str, samples: Iterable[Sample]
) -> None:
    given = list(samples)
    labels = tuple(given[0][0]) if given else ()
    values = {tuple(own.values()): float(value) for own, value in given}
    found.add(Metric(name.removeprefix("andon_"), kind, doc, labels), lambda: values)
