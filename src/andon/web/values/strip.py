"""The strip: each service's state, and what the path of a reading says of itself."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from andon.web.values.clock import instant_us, iso

SERVICES = ("broker", "store", "simulator", "engine", "web")
"""In the order of the path, the web last; others that the supervisor names follow."""

STALE_AFTER_US = 15_000_000
"""An engine that has not been heard for this long is called not running (it writes every 5 s)."""

WELL = frozenset({"running", "starting", "waiting", "done"})


def heard_us(engine: Mapping[str, Any], tallies: Mapping[str, Any]) -> int | None:
    """The engine's newest sign of life: its own file or its last commit, whichever is newer."""
    signs = [_instant(engine.get("at")), instant_us(tallies.get("updated_at"))]
    known = [s for s in signs if s is not None]
    return max(known) if known else None


def services(status: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The supervisor's services, ours in path order first. Empty without a supervisor."""
    named = {str(s.get("name")): s for s in status.get("services", []) if isinstance(s, dict)}
    order = [n for n in SERVICES if n in named] + sorted(n for n in named if n not in SERVICES)
    return [
        {
            "name": name,
            "state": named[name].get("state"),
            "well": str(named[name].get("state", "")).lower() in WELL,
            "since": named[name].get("since"),
            "restarts": named[name].get("restarts", 0),
            "detail": named[name].get("detail"),
        }
        for name in order
    ]


def strip(
    engine: Mapping[str, Any],
    status: Mapping[str, Any],
    tallies: Mapping[str, Any],
    now_us: int,
) -> dict[str, Any]:
    """The strip as JSON. Rates and latencies are null while the engine is not heard."""
    heard = heard_us(engine, tallies)
    live = heard is not None and now_us - heard <= STALE_AFTER_US
    broker = engine.get("broker")
    return {
        "services": services(status),
        "engine_heard": iso(heard),
        "engine_heard_us": heard,
        "engine_live": live,
        "stale_since": None if live or heard is None else iso(heard),
        "paused": bool(engine.get("paused")) and live,
        "detail": engine.get("detail") if live else None,
        "mqtt_connected": engine.get("mqtt_connected") if live else None,
        "broker": broker,
        "broker_memory_only": broker == "iotcore",
        "rate_per_s": engine.get("rate_per_s") if live else None,
        "latency_ms_p50": engine.get("latency_ms_p50") if live else None,
        "latency_ms_p99": engine.get("latency_ms_p99") if live else None,
        "inflight": engine.get("inflight") if live else None,
        "quarantined": tallies.get("in_quarantine"),
        "gaps_today": tallies.get("gaps"),
        "gap_messages_today": tallies.get("gap_messages"),
        "anomalies_today": tallies.get("anomalies"),
        "duplicates": tallies.get("duplicates"),
        "late": tallies.get("late"),
        "awaiting_recompute": tallies.get("awaiting_recompute"),
        "messages": tallies.get("messages"),
        "readings": tallies.get("readings"),
    }


def _instant(text: object) -> int | None:
    if not isinstance(text, str):
        return None
    try:
        return instant_us(datetime.fromisoformat(text))
    except ValueError:
        return None
