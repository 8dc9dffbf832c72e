"""`andon store`: run andon's own PostgreSQL in the foreground."""

from __future__ import annotations

import typer

from andon.cli.options import ConfigOption, StateDirOption, settings_of


def store(config: ConfigOption = None, state_dir: StateDirOption = None) -> None:
    """Run the PostgreSQL under the state directory until SIGTERM; take over one that runs."""
    from andon.errors import ConfigError
    from andon.store import embedded_postgres

    settings = settings_of(config, state_dir)
    if not settings.own_store:
        raise ConfigError(
            "store.database_url names a PostgreSQL that exists, so there is none to run. "
            "Empty it to use andon's own."
        )
    settings.ensure_state_dir()
    embedded_postgres.serve(settings, typer.echo)
