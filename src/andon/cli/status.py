"""`andon status`: what runs, since when, how fast."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import typer

from andon.cli.options import ConfigOption, JsonOption, StateDirOption, settings_of

if TYPE_CHECKING:
    from andon.settings import Settings


def status(
    config: ConfigOption = None, state_dir: StateDirOption = None, as_json: JsonOption = False
) -> None:
    """Show each service: state, process, since when, restarts; the exit code is 1 if none runs."""
    from andon.cli.render import print_json, print_table

    settings = settings_of(config, state_dir)
    found = gather(settings)
    if as_json:
        print_json(found)
    elif not found["running"]:
        typer.echo(f"Nothing runs with the state directory {settings.state_dir}: `andon up`.")
    else:
        rows = [
            (s["name"], s["state"], s["pid"], _age(s["since"]), s["restarts"], s["detail"])
            for s in found["services"]
        ]
        columns = ("service", "state", "process", "for", "restarts", "")
        print_table(columns, rows, right=("process", "for", "restarts"))
        for line in _words(found):
            typer.echo(line)
    raise typer.Exit(0 if found["running"] else 1)


def gather(settings: Settings) -> dict[str, Any]:
    """What the files under run/ say: services, broker, engine; running: a supervisor lives."""
    from andon.supervise.lock import running_supervisor
    from andon.supervise.ready import engine_facts
    from andon.supervise.status import read_status

    supervisor = running_supervisor(settings.run_dir)
    said = read_status(settings.run_dir)
    try:
        broker = json.loads((settings.run_dir / "broker.json").read_text())
    except (OSError, ValueError):
        broker = None
    return {
        "running": supervisor is not None,
        "supervisor": {"pid": supervisor.pid} if supervisor else None,
        "state_dir": settings.state_dir,
        "at": said["at"],
        "services": said["services"],
        "broker": broker,
        "engine": engine_facts(settings) or None,
    }


def _words(found: dict[str, Any]) -> list[str]:
    lines = [""]
    if broker := found["broker"]:
        place = f"{broker['kind']} {broker['version']} on {broker['host']}:{broker['port']}"
        lines.append(f"broker  {place}; {broker['loses']}")
    if engine := found["engine"]:
        lines.append(
            f"engine  {engine.get('rate_per_s') or 0:g} messages/s, receive to commit "
            f"p50 {engine.get('latency_ms_p50')} ms, p99 {engine.get('latency_ms_p99')} ms; "
            f"{engine.get('readings', 0)} readings, {engine.get('quarantined', 0)} in quarantine, "
            f"{engine.get('gaps', 0)} gaps"
        )
    return lines


def _age(since: str) -> str:
    try:
        seconds = (datetime.now(UTC) - datetime.fromisoformat(since)).total_seconds()
    except ValueError:
        return ""
    for size, unit in ((86_400, "d"), (3_600, "h"), (60, "min")):
        if seconds >= size:
            return f"{seconds / size:.1f} {unit}"
    return f"{seconds:.0f} s"
