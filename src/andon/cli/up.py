"""`andon up`: start the plant and stay until Ctrl-C."""

from __future__ import annotations

import json
import sys
import time
from typing import TYPE_CHECKING, Annotated

import typer

from andon.cli.options import ConfigOption, StateDirOption, settings_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from andon.settings import Settings
    from andon.supervise.services import Service
    from andon.supervise.supervisor import Event

_GREEN, _YELLOW, _PLAIN = "\x1b[32m", "\x1b[33m", "\x1b[0m"


def up(
    without: Annotated[
        str, typer.Option("--without", metavar="NAMES", help="Services to leave out: a,b.")
    ] = "",
    mqtt_url: Annotated[
        str | None,
        typer.Option("--mqtt-url", metavar="URL", help="Use this broker (mqtt://user:pw@host)."),
    ] = None,
    database_url: Annotated[
        str | None,
        typer.Option("--database-url", metavar="URL", help="Use this PostgreSQL (15 to 18)."),
    ] = None,
    port: Annotated[
        int | None, typer.Option("--port", help="Port of the dashboard (web.port).")
    ] = None,
    config: ConfigOption = None,
    state_dir: StateDirOption = None,
    json_lines: Annotated[
        bool, typer.Option("--json-lines", help="Say what happens as one JSON object a line.")
    ] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Say only what goes wrong.")] = False,
) -> None:
    """Start broker, store, engine, web and simulator, and keep them running until Ctrl-C."""
    from andon.supervise import preflight
    from andon.supervise.services import table
    from andon.supervise.supervisor import Supervisor

    given = {"mqtt.url": mqtt_url, "store.database_url": database_url, "web.port": port}
    settings = settings_of(config, state_dir, given)
    left_out = [name.strip() for name in without.split(",") if name.strip()]
    services = table(settings, left_out)
    teller = _JsonTeller() if json_lines else _Teller(settings, services, quiet)
    settings.ensure_state_dir()
    supervisor = Supervisor(
        settings,
        services,
        teller.event,
        teller.ready,
        prepare=lambda: preflight.prepare(settings, "broker" not in left_out),
    )
    teller.begin()
    supervisor.run()
    teller.end()


class _Teller:
    """For a person: a line for each service, then what to do next."""

    def __init__(self, settings: Settings, services: Sequence[Service], quiet: bool) -> None:
        self._settings, self._quiet = settings, quiet
        self._docs = {service.name: service.doc for service in services}
        self._began = time.monotonic()
        self._colour = sys.stdout.isatty()

    def _say(self, text: str, colour: str = "", mark: str = " ") -> None:
        mark = f"{colour}{mark}{_PLAIN}" if self._colour and colour else mark
        print(f"{mark} {text}", flush=True)

    def begin(self) -> None:
        if not self._quiet:
            self._say(f"andon starts; data and logs are in {self._settings.state_dir}")

    def event(self, event: Event) -> None:
        name = f"{event.service:<10}"
        match event.kind:
            case "stale":
                self._say(
                    f"{name} left by an earlier run (process {event.text}): ended", _YELLOW, "!"
                )
            case "crashed":
                self._say(f"{name} {event.text}", _YELLOW, "!")
            case "killed":
                self._say(f"{name} did not end and was killed", _YELLOW, "!")
            case _ if self._quiet:
                return
            case "ready":
                doc = f"{self._docs.get(event.service, ''):<24}"
                self._say(
                    f"{name} {doc} {event.seconds:5.1f} s{self._more(event.service)}", _GREEN, "✓"
                )
            case "ended":
                self._say(f"{name} has ended by itself: {event.text}")
            case "stopped":
                self._say(f"{name} stopped after {event.seconds:.1f} s")

    def _more(self, name: str) -> str:
        if name != "broker":
            return ""
        try:
            said = json.loads((self._settings.run_dir / "broker.json").read_text())
        except (OSError, ValueError):
            return ""
        memory = "" if said["persistent"] else ", holds its queue in memory only"
        return f"   {said['kind']} {said['version']} on port {said['port']}{memory}"

    def ready(self) -> None:
        if self._quiet:
            return
        settings, seconds = self._settings, time.monotonic() - self._began
        broker = settings.mqtt_url.rpartition("@")[2].removeprefix("mqtt://")
        lines = [f"Everything runs after {seconds:.1f} s."]
        if "web" in self._docs:
            host = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(settings.web.host, settings.web.host)  # noqa: S104
            lines.append(f"  dashboard   http://{host}:{settings.web.port}")
        lines += [
            f"  MQTT        {broker}, topic {settings.mqtt.topic}",
            "  look        andon status, andon health, andon logs engine -f",
            "  stop        Ctrl-C here, or andon down",
        ]
        self._say("\n".join(("", *lines, "")))

    def end(self) -> None:
        if not self._quiet:
            self._say("andon has stopped; started again it goes on where it was.")


class _JsonTeller:
    """For a machine: one object a line."""

    def _say(self, **fields: object) -> None:
        print(json.dumps({"at": time.time(), **fields}), flush=True)

    def begin(self) -> None:
        self._say(kind="begin")

    def event(self, event: Event) -> None:
        self._say(kind=event.kind, service=event.service, seconds=event.seconds, text=event.text)

    def ready(self) -> None:
        self._say(kind="all_ready")

    def end(self) -> None:
        self._say(kind="end")
