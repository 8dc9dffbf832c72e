"""`andon`: the list of commands in path order, and the exit code of every error.

A command's module is imported when the command runs, so that `andon --help` stays quick. It holds
either `app` (a Typer with sub-commands) or a function named like the command.
"""

from __future__ import annotations

import importlib
import os
import sys
from dataclasses import dataclass
from typing import Annotated, Any

import typer
from typer.core import TyperCommand, TyperGroup

from andon.errors import AndonError


@dataclass(frozen=True, slots=True)
class Entry:
    """One command: its name, the module that holds it, one sentence, whether help lists it."""

    name: str
    module: str
    doc: str
    hidden: bool = False


COMMANDS: tuple[Entry, ...] = (
    Entry("up", "andon.cli.up", "Start the plant: broker, store, engine, web, simulator."),
    Entry("down", "andon.cli.down", "Stop what `andon up` started."),
    Entry("status", "andon.cli.status", "Show each service: state, since when, restarts."),
    Entry("health", "andon.cli.health", "Check each service; exit 1 where one is not well."),
    Entry("logs", "andon.cli.logs", "Show the services' log lines."),
    Entry("doctor", "andon.cli.doctor", "Check this computer and the configuration."),
    Entry("simulate", "andon.cli.simulate", "Play machines that publish over MQTT."),
    Entry("broker", "andon.cli.broker", "Run andon's own MQTT broker.", hidden=True),
    Entry("engine", "andon.cli.engine", "Turn telemetry into states, counts and OEE."),
    Entry("store", "andon.cli.store", "Run andon's own PostgreSQL.", hidden=True),
    Entry("web", "andon.cli.web", "Serve the dashboard."),
    Entry("db", "andon.cli.db", "The database: url, upgrade."),
    Entry("config", "andon.cli.config", "The configuration: init, show, validate."),
    Entry("bench", "andon.cli.bench", "Measure this computer against references."),
    Entry("docs", "andon.cli.docs", "Write the generated pages of docs/.", hidden=True),
)
"""Every command, in the order of the path and then of the work on it."""


class Lazy(TyperCommand):
    """A command that is known by name and sentence, and imported when it is used."""

    def __init__(self, entry: Entry) -> None:
        super().__init__(entry.name, help=entry.doc, hidden=entry.hidden)
        self._entry = entry

    def load(self) -> Any:
        """The real command or group."""
        module = importlib.import_module(self._entry.module)
        app = getattr(module, "app", None)
        if not isinstance(app, typer.Typer):
            app = typer.Typer(
                add_completion=False, pretty_exceptions_enable=False, rich_markup_mode=None
            )
            app.command(self.name)(getattr(module, self._entry.name.replace("-", "_")))
        command = typer.main.get_command(app)
        command.name = self.name
        return command

    def make_context(self, info_name: str | None, args: list[str], *more: Any, **extra: Any) -> Any:
        """The real command's context: from here on it is the one that runs."""
        return self.load().make_context(info_name, args, *more, **extra)


class Commands(TyperGroup):
    """The group of COMMANDS."""

    def list_commands(self, ctx: Any) -> list[str]:
        """Names in the order of COMMANDS."""
        return [entry.name for entry in COMMANDS]

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """The command of that name, not yet imported."""
        return next((Lazy(entry) for entry in COMMANDS if entry.name == cmd_name), None)


app = typer.Typer(
    cls=Commands,
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


def _version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        typer.echo(f"andon {version('andon')}")
        raise typer.Exit


@app.callback()
def andon(
    version: Annotated[
        bool, typer.Option("--version", help="Print the version.", callback=_version, is_eager=True)
    ] = False,
) -> None:
    """Machine states, production, scrap and OEE from MQTT telemetry."""


def main() -> None:
    """Run the command line and exit: 0, 1 (not well), 2 (usage), 130 (Ctrl-C), or the error's."""
    try:
        app()
    except AndonError as error:
        sys.stdout.flush()
        print(f"andon: {error}", file=sys.stderr)
        sys.exit(error.exit_code)
    except KeyboardInterrupt:
        sys.exit(130)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)


if __name__ == "__main__":
    main()
