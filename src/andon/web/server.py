"""The listener: waitress, which sends each event at once (it flushes every chunk a page yields)."""

from __future__ import annotations

import errno
import signal
import sys
import threading
from contextlib import suppress
from types import FrameType
from typing import cast

from flask import Flask
from waitress.server import (  # type: ignore[import-untyped]
    BaseWSGIServer,
    MultiSocketServer,
    create_server,
)

from andon.errors import AndonError, PortTaken
from andon.observe import logger
from andon.settings import Settings
from andon.web.app import MOST_VIEWERS, create_app
from andon.web.current import Current
from andon.web.live import Live

PAGE_THREADS = 6
"""Threads left for pages when every event stream is taken."""


def serve(settings: Settings) -> int:
    """Listen until SIGTERM or SIGINT. Raises PortTaken."""
    app = create_app(settings)
    run(app, settings.web.host, settings.web.port)
    return 0


def _warm(app: Flask) -> None:
    """Read today once, so that the first page of a large plant does not wait for it."""
    with suppress(AndonError):
        cast(Current, app.extensions["andon"]).snapshot()


def listener(app: Flask, host: str, port: int) -> BaseWSGIServer | MultiSocketServer:
    """A bound server that is not yet running; port 0 takes a free one. Raises PortTaken."""
    try:
        return create_server(
            app,
            host=host,
            port=port,
            threads=MOST_VIEWERS + PAGE_THREADS,
            connection_limit=400,
            channel_timeout=60,
            # Sees a closed connection while a page is still being sent, so that viewers who leave
            # give back their thread at the next pulse.
            channel_request_lookahead=1,
            asyncore_use_poll=True,
            max_request_body_size=65_536,
            ident=None,
        )
    except OSError as error:
        if error.errno in (errno.EADDRINUSE, errno.EACCES):
            raise PortTaken(
                f"Port {port} on {host} cannot be used: {error.strerror}. "
                "Free it, or choose another with web.port (ANDON_WEB__PORT)."
            ) from error
        raise PortTaken(
            f"Cannot listen on {host}:{port}: {error}. Correct web.host or web.port."
        ) from error


def run(app: Flask, host: str, port: int) -> None:
    """Serve `app` on host and port; returns after a signal."""
    live = cast(Live, app.extensions["andon_live"])
    server = listener(app, host, port)
    logger("web").info("listening", url=f"http://{host}:{port}/")

    def end(number: int, frame: FrameType | None) -> None:
        live.stop()
        sys.exit(0)

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, end)
    threading.Thread(target=_warm, args=(app,), name="andon-warm", daemon=True).start()
    try:
        server.run()
    except SystemExit:
        pass
    finally:
        live.stop()
        server.close()
