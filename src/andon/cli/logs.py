"""`andon logs`: what the services wrote."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Annotated

import typer

from andon.cli.options import ConfigOption, StateDirOption, settings_of

_READ_BYTES = 1024 * 1024


def logs(
    service: Annotated[
        str | None, typer.Argument(help="One service; else all of them.", show_default=False)
    ] = None,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on with new lines.")] = False,
    lines: Annotated[int, typer.Option("--lines", "-n", min=0, help="Last lines of each.")] = 20,
    raw: Annotated[bool, typer.Option("--raw", help="Lines as they were written.")] = False,
    config: ConfigOption = None,
    state_dir: StateDirOption = None,
) -> None:
    """Show the last log lines of one service or of all, in the order of the path."""
    from andon.errors import ConfigError
    from andon.supervise.services import NAMES

    settings = settings_of(config, state_dir)
    found = {path.stem: path for path in settings.logs_dir.glob("*.log")}
    if service is not None and service not in {*found, *NAMES}:
        raise ConfigError(f"No log of {service!r}; known are {', '.join({**found} or NAMES)}.")
    order = [name for name in NAMES if name in found] + sorted(set(found) - set(NAMES))
    wanted = [name for name in order if service in (None, name)]
    if not wanted:
        typer.echo(f"No log lines in {settings.logs_dir} yet.")
    ends: dict[str, int] = {}
    for name in wanted:
        ends[name] = found[name].stat().st_size
        for line in _last(found[name], lines):
            _show(name, line, raw)
    while follow:
        time.sleep(0.3)
        for name in wanted:
            ends[name] = _show_new(name, found[name], ends[name], raw)


def _last(path: Path, count: int) -> list[str]:
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - _READ_BYTES))
        found = file.read().decode(errors="replace").splitlines()
    return found[-count:] if count else []


def _show_new(name: str, path: Path, start: int, raw: bool) -> int:
    """Show whole lines from `start` on; returns where to go on. A shortened file begins anew."""
    try:
        with path.open("rb") as file:
            size = path.stat().st_size
            file.seek(start if size >= start else 0)
            data = file.read(_READ_BYTES)
            whole = data[: data.rfind(b"\n") + 1]
            for line in whole.decode(errors="replace").splitlines():
                _show(name, line, raw)
            return file.tell() - len(data) + len(whole)
    except OSError:
        return 0


def _show(name: str, line: str, raw: bool) -> None:
    typer.echo(f"{name:<10} {line if raw else readable(line)}")


def readable(line: str) -> str:
    """A JSON line as `time level event key=value`, any other line as it is."""
    try:
        found = json.loads(line)
        if not isinstance(found, dict):
            return line
    except ValueError:
        return line
    at, level, event = (str(found.pop(key, "")) for key in ("at", "level", "event"))
    found.pop("service", None)
    trace = found.pop("exception", "")
    more = " ".join(f"{key}={value}" for key, value in found.items())
    words = [at[:19].replace("T", " "), f"{level:<7}", event, more]
    return " ".join(word for word in words if word.strip()) + (f"\n{trace}" if trace else "")
