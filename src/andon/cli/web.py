"""`andon web`: serve the dashboard."""

from __future__ import annotations

from typing import Annotated

import typer

from andon.cli.options import ConfigOption, StateDirOption, settings_of


def web(
    config: ConfigOption = None,
    state_dir: StateDirOption = None,
    host: Annotated[
        str | None, typer.Option("--host", help="Address to listen on (web.host).")
    ] = None,
    port: Annotated[
        int | None, typer.Option("--port", help="Port to listen on (web.port).")
    ] = None,
) -> None:
    """Serve the dashboard until SIGTERM or Ctrl-C. It waits for the store by itself."""
    settings = settings_of(config, state_dir, {"web.host": host, "web.port": port})
    # Imported late: it takes longer than `--help` should.
    from andon.observe import configure_logging
    from andon.web.server import serve

    configure_logging(settings.log, "web")
    raise typer.Exit(serve(settings))
