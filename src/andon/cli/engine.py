"""`andon engine`: turn telemetry into states, counts and OEE."""

from __future__ import annotations

from typing import Annotated

import typer

from andon.cli.options import ConfigOption, StateDirOption, settings_of


def engine(
    config: ConfigOption = None,
    state_dir: StateDirOption = None,
    take_over: Annotated[
        bool, typer.Option("--take-over", help="Replace an engine that holds the database.")
    ] = False,
) -> None:
    """Take messages from MQTT, commit, acknowledge, until SIGTERM."""
    from andon.engine import embedded
    from andon.observe import configure_logging

    settings = settings_of(config, state_dir)
    embedded.run(settings, configure_logging(settings.log, "engine"), take_over=take_over)
