"""`/healthz`, `/readyz` and `/metrics`: for supervisors and Prometheus."""

from __future__ import annotations

import time
from typing import Any

from flask import Blueprint, Response, current_app, jsonify

from andon.errors import AndonError, StoreUnreachable
from andon.observe import CONTENT_TYPE
from andon.units import from_us
from andon.web.current import Current
from andon.web.live import Live
from andon.web.values.metrics import Web, exposition

blueprint = Blueprint("health", __name__)
STARTED = time.time()


@blueprint.get("/healthz")
def healthz() -> Response:
    """The process lives."""
    return jsonify({"status": "ok"})


@blueprint.get("/readyz")
def readyz() -> tuple[Response, int]:
    """The store answers and its schema is the one these pages read."""
    current: Current = current_app.extensions["andon"]
    try:
        current.store.check()
    except AndonError as error:
        return jsonify({"status": "unready", "why": str(error)}), 503
    return jsonify({"status": "ready"}), 200


@blueprint.get("/metrics")
def metrics() -> Response:
    """Prometheus text. Without the store its own metrics are left out and andon_store_up is 0."""
    current: Current = current_app.extensions["andon"]
    live: Live = current_app.extensions["andon_live"]
    tallies: dict[str, Any] | None = None
    board: dict[str, Any] | None = None
    try:
        since = from_us(current.moment().midnight_us)
        tallies = current.store.rows("tallies", {"since": since})[0]
        board = current.snapshot(fresh_s=5.0).value
    except StoreUnreachable:
        pass
    web = Web(live.viewers, live.refreshes, live.refresh_s, STARTED)
    text = exposition(current.run.engine(), current.run.status(), tallies, board, web)
    return Response(text, content_type=CONTENT_TYPE)
