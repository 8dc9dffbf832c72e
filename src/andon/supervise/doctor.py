"""What of this computer and this configuration may hinder andon, before or while it runs."""

from __future__ import annotations

import os
import platform
import resource
import shutil
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import psutil  # type: ignore[import-untyped]

from andon import broker
from andon.errors import AndonError, PortTaken
from andon.settings import Settings
from andon.supervise import ports, ready
from andon.supervise.lock import running_supervisor
from andon.supervise.services import table

Level = Literal["good", "note", "bad"]

MESSAGE_BYTES = 800
"""A usual telemetry message, for estimates."""

LEAST_MEMORY = 1024**3
LEAST_FILES = 1_024


@dataclass(frozen=True)
class Finding:
    """One thing looked at; a note may surprise somebody, a bad one stops or endangers andon."""

    name: str
    level: Level
    detail: str


def examine(settings: Settings) -> list[Finding]:
    """Every finding; nothing is started or changed."""
    looks: tuple[tuple[str, Callable[[Settings], Finding]], ...] = (
        ("python", _python),
        ("state directory", _state_dir),
        ("disk", _disk),
        ("memory", _memory),
        ("open files", _files),
        ("broker", _broker),
        ("outage", _outage),
        ("database", _database),
        ("time zone", _time_zone),
    )
    return [_safely(settings, name, look) for name, look in looks] + list(_ports(settings))


def _safely(settings: Settings, name: str, look: Callable[[Settings], Finding]) -> Finding:
    try:
        return look(settings)
    except AndonError as error:
        return Finding(name, "bad", str(error))


def _python(_settings: Settings) -> Finding:
    fine = sys.version_info >= (3, 11)
    where = f"{platform.python_version()} on {platform.system()} {platform.machine()}"
    return Finding("python", "good" if fine else "bad", where)


def _state_dir(settings: Settings) -> Finding:
    top = settings.state_dir
    if not top.exists():
        nearest = next(folder for folder in top.parents if folder.exists())
        if not os.access(nearest, os.W_OK | os.X_OK):
            return Finding(
                "state directory", "bad",
                f"{top} cannot be created in {nearest}: choose another one by --state-dir",
            )  # fmt: skip
        return Finding("state directory", "good", f"{top} will be created")
    settings.ensure_state_dir()
    return Finding("state directory", "good", str(top))


def _disk(settings: Settings) -> Finding:
    top = _existing(settings.state_dir)
    usage = shutil.disk_usage(top)
    least = settings.min_free_bytes(usage.total)
    level: Level = "good" if usage.free > 2 * least else "note" if usage.free > least else "bad"
    words = f"{usage.free / 2**30:.1f} GiB free; below {least / 2**30:.1f} GiB the engine pauses"
    return Finding("disk", level, words)


def _existing(path: Path) -> Path:
    return path if path.exists() else next(folder for folder in path.parents if folder.exists())


def _memory(_settings: Settings) -> Finding:
    memory = psutil.virtual_memory()
    level: Level = "good" if memory.available > LEAST_MEMORY else "note"
    words = f"{memory.available / 2**30:.1f} of {memory.total / 2**30:.1f} GiB available"
    return Finding("memory", level, words)


def _files(_settings: Settings) -> Finding:
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    level: Level = "good" if soft >= LEAST_FILES else "note"
    return Finding("open files", level, f"{soft} allowed for a process (ulimit -n)")


def _broker(settings: Settings) -> Finding:
    said = broker.describe(settings)
    place = f"{said.kind} {said.version} on {said.host}:{said.port}".replace("  ", " ")
    if said.kind == "iotcore":
        return Finding(
            "broker", "note", f"{place}: {said.loses}. The package mosquitto would keep it on disk."
        )
    return Finding("broker", "good", f"{place}: {said.loses}")


def _outage(settings: Settings) -> Finding:
    """How long the broker can hold what comes in while the engine is away."""
    said = broker.describe(settings)
    if said.queue_bytes is None:
        return Finding("outage", "note", "what the broker holds for an absent engine is its own")
    rate = ready.engine_facts(settings).get("rate_per_s") or 0
    basis = "at the present rate"
    if not rate:
        rate, basis = settings.simulator.machines / settings.simulator.interval_s, "at the expected"
    messages = said.queue_bytes / MESSAGE_BYTES
    if said.kind == "mosquitto":
        messages = min(messages, settings.mqtt.max_queued)
    hours = messages / rate / 3600
    words = f"{basis} {rate:g} messages/s the broker holds {_span(hours)} for an absent engine"
    return Finding("outage", "good" if hours > 1 else "note", words)


def _span(hours: float) -> str:
    if hours >= 48:
        return f"{hours / 24:.0f} days"
    return f"{hours:.1f} hours" if hours >= 1 else f"{hours * 60:.0f} minutes"


def _database(settings: Settings) -> Finding:
    if settings.own_store and ready.store(settings, 0.0):
        return Finding("database", "good", "andon's own PostgreSQL does not run now")
    from andon.store import postgres

    conn = postgres.connect(settings.dsn("owner"), "andon doctor")
    try:
        rows = postgres.query(conn, "SELECT current_setting('server_version_num') AS number", None)
    finally:
        conn.close()
    version = int(rows[0]["number"]) // 10_000
    fine = 15 <= version <= 18
    wanted = "" if fine else "; andon wants 15 to 18"
    return Finding("database", "good" if fine else "bad", f"PostgreSQL {version}{wanted}")


def _time_zone(settings: Settings) -> Finding:
    from andon.plant import load_plant

    zone = load_plant(None, settings).time_zone
    return Finding("time zone", "good", f"the plant's is {zone.key}")


def _ports(settings: Settings) -> Iterator[Finding]:
    ours = running_supervisor(settings.run_dir) is not None
    for service in table(settings):
        for port in service.ports:
            name = f"port {port.number}"
            try:
                ports.require_free(port)
                yield Finding(name, "good", f"free for {service.name} ({port.setting})")
            except PortTaken as error:
                if ours:
                    yield Finding(name, "good", f"in use by andon, which runs ({port.setting})")
                else:
                    yield Finding(name, "bad", str(error))
