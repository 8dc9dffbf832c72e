"""`andon down`: end what `andon up` started, and what a killed one left."""

from __future__ import annotations

import contextlib
import os
import signal
import time

import typer

from andon.cli.options import ConfigOption, JsonOption, StateDirOption, settings_of

WAIT_S = 15.0


def down(
    config: ConfigOption = None, state_dir: StateDirOption = None, as_json: JsonOption = False
) -> None:
    """Stop the running plant and wait until every service has ended."""
    from andon.cli.render import print_json, print_table
    from andon.errors import ServiceFailed
    from andon.supervise.lock import running_supervisor
    from andon.supervise.services import NAMES
    from andon.supervise.status import read_status

    settings = settings_of(config, state_dir)
    found = running_supervisor(settings.run_dir)
    rows: list[tuple[str, str]] = []
    if found is None:
        rows = [(name, "ended") for name in _end_stale(settings.run_dir, NAMES)]
    else:
        with contextlib.suppress(ProcessLookupError):
            os.kill(found.pid, signal.SIGTERM)
        deadline = time.monotonic() + WAIT_S
        while running_supervisor(settings.run_dir) and time.monotonic() < deadline:
            time.sleep(0.05)
        if running_supervisor(settings.run_dir):
            raise ServiceFailed(
                f"Process {found.pid} does not end. See {settings.logs_dir}, then "
                f"`kill -9 {found.pid}`; the next `andon up` clears up."
            )
        services = read_status(settings.run_dir)["services"]
        rows = [(service["name"], service["state"]) for service in reversed(services)]
    if as_json:
        print_json({"stopped": [name for name, _ in rows]})
    elif rows:
        print_table(("service", "now"), rows)
    else:
        typer.echo(f"Nothing runs with the state directory {settings.state_dir}.")


def _end_stale(run_dir: os.PathLike[str], names: tuple[str, ...]) -> list[str]:
    from pathlib import Path

    from andon.supervise.process import end_stale

    ended: list[str] = []
    end_stale(Path(run_dir), list(reversed(names)), lambda name, _: ended.append(name))
    return ended
