"""Is each part well right now: asked, not remembered."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass

from andon.errors import AndonError
from andon.mqtt.probe import broker_facts, check
from andon.settings import Settings
from andon.store import postgres
from andon.supervise import ready
from andon.supervise.status import read_status

HEARTBEAT_S = 10.0
"""An engine that has not written its file for so long is not well."""


@dataclass(frozen=True)
class Health:
    """One check: what was asked, whether all is well, how long the answer took, in words."""

    name: str
    well: bool
    seconds: float
    detail: str


def examine(settings: Settings) -> list[Health]:
    """Every check in path order; those of services left out by --without are not made."""
    checks: dict[str, Callable[[Settings], tuple[bool, str]]] = {
        "broker": _broker,
        "store": _store,
        "engine": _engine,
        "web": _web,
        "disk": _disk,
    }
    rows = read_status(settings.run_dir)["services"]
    present = {row["name"] for row in rows if row["state"] != "stopped"}
    wanted = {"broker", "store", "disk"} | (present or set(checks))
    return [_timed(settings, name, ask) for name, ask in checks.items() if name in wanted]


def _timed(settings: Settings, name: str, ask: Callable[[Settings], tuple[bool, str]]) -> Health:
    began = time.perf_counter()
    try:
        well, detail = ask(settings)
    except AndonError as error:
        well, detail = False, str(error)
    return Health(name, well, time.perf_counter() - began, detail)


def _broker(settings: Settings) -> tuple[bool, str]:
    seconds = check(settings.mqtt_url, timeout_s=3)
    facts = broker_facts(settings.mqtt_url)
    words = [f"ping {seconds * 1000:.1f} ms"]
    if facts.stored_messages is not None:
        words.append(f"{facts.stored_messages} messages stored")
    if facts.dropped is not None:
        words.append(f"{facts.dropped} dropped since its start")
    return not facts.dropped, ", ".join(words)


def _store(settings: Settings) -> tuple[bool, str]:
    conn = postgres.connect(settings.dsn("owner"), "andon health")
    try:
        rows = postgres.query(conn, "SELECT current_setting('server_version') AS version", None)
    finally:
        conn.close()
    return True, f"PostgreSQL {rows[0]['version']}"


def _engine(settings: Settings) -> tuple[bool, str]:
    beat, facts = ready.engine_heartbeat(settings), ready.engine_facts(settings)
    if beat is None:
        return False, "it has not said anything since the start"
    age = max(time.time() - beat, 0.0)
    if age > HEARTBEAT_S:
        return False, f"its last word is {age:.0f} s old: see its log"
    if waits := ready.engine(settings, 0.0):
        return False, waits
    if facts.get("paused"):
        return False, str(facts.get("detail") or "it acknowledges nothing for lack of space")
    rate, late = facts.get("rate_per_s") or 0, facts.get("latency_ms_p99")
    return True, f"{rate:g} messages/s, p99 {late} ms, last word {age:.0f} s ago"


def _web(settings: Settings) -> tuple[bool, str]:
    waits = ready.web(settings, 0.0)
    return not waits, waits or f"http://{settings.web.host}:{settings.web.port}"


def _disk(settings: Settings) -> tuple[bool, str]:
    try:
        usage = shutil.disk_usage(settings.state_dir)
    except OSError as error:
        return False, f"{settings.state_dir}: {error.strerror}"
    least = settings.min_free_bytes(usage.total)
    words = f"{usage.free / 2**30:.1f} GiB free, {least / 2**30:.1f} GiB needed"
    return usage.free > least, words
