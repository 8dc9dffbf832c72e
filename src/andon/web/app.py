"""The web application: joins pages, security and errors. `create_app` is pure of listeners."""

from __future__ import annotations

import logging
from typing import Any, cast

from flask import Flask, Response, current_app, jsonify, render_template, request
from flask.json.provider import DefaultJSONProvider
from werkzeug.exceptions import HTTPException

from andon.errors import AndonError, SchemaError, StoreUnreachable
from andon.plant import load_plant
from andon.settings import Settings
from andon.units import seconds_us
from andon.web.current import Current, Plant
from andon.web.live import Live
from andon.web.pages import api, events, health, machine, overview
from andon.web.refusal import Refusal, store_away
from andon.web.security import allowed_names, guard
from andon.web.source import RunFiles, Store
from andon.web.strings import STRINGS

MOST_VIEWERS = 24
"""Browsers that hold an event stream at once; each needs a thread, further ones poll."""

log = logging.getLogger(__name__)


class Json(DefaultJSONProvider):
    """Keys in the order in which they were made, text as it is."""

    sort_keys = False
    ensure_ascii = False
    compact = True


def create_app(settings: Settings) -> Flask:
    """The application over a store that may or may not be there yet. Opens no listener."""
    app = Flask("andon.web", static_url_path="/static")
    app.json = Json(app)
    app.jinja_env.trim_blocks = True
    app.jinja_env.lstrip_blocks = True
    plant = load_plant(settings.file, settings)
    store = Store(settings.dsn("web"))
    current = Current(
        store,
        RunFiles(settings.state_dir),
        seconds_us(settings.engine.allowed_lateness_s),
        Plant(
            plant.site or plant.enterprise,
            plant.time_zone,
            settings.mqtt.host,
            settings.mqtt.port,
            settings.mqtt.topic,
        ),
    )
    app.extensions["andon"] = current
    app.extensions["andon_live"] = Live(current, MOST_VIEWERS)
    for page in (overview, machine, events, api, health):
        app.register_blueprint(page.blueprint)
    app.context_processor(
        lambda: {
            "s": STRINGS,
            "plant_name": current.plant.name,
            "time_zone": str(current.plant.time_zone),
        }
    )
    guard(app, allowed_names(settings.web.host, settings.web.allowed_hosts))
    _errors(app)
    return app


def current_of(app: Flask | None = None) -> Current:
    """The app's board."""
    return cast(Current, (app or current_app).extensions["andon"])


def _errors(app: Flask) -> None:
    def refused(error: Refusal) -> tuple[Response | str, int]:
        return _answer(error)

    def away(error: AndonError) -> tuple[Response | str, int]:
        code = "schema" if isinstance(error, SchemaError) else "store_unreachable"
        refusal = store_away(str(error))
        refusal.code = code
        return _answer(refusal)

    def http(error: HTTPException) -> tuple[Response | str, int]:
        status = error.code or 500
        code = {404: "not_found", 405: "read_only", 400: "bad_request"}.get(status, "http_error")
        return _answer(Refusal(status, code, STRINGS.get(f"error_{status}", error.name)))

    def crashed(error: Exception) -> tuple[Response | str, int]:
        log.exception("page %s failed", request.path)
        return _answer(Refusal(500, "failed", STRINGS["error_500"]))

    app.register_error_handler(Refusal, refused)
    app.register_error_handler(StoreUnreachable, away)
    app.register_error_handler(SchemaError, away)
    app.register_error_handler(HTTPException, http)
    app.register_error_handler(Exception, crashed)


def _answer(refusal: Refusal) -> tuple[Response | str, int]:
    machine_reads = ("/api/", "/events", "/healthz", "/readyz", "/metrics")
    if request.path.startswith(machine_reads):
        return jsonify(refusal.value()), refusal.status
    title = STRINGS.get(f"error_{refusal.status}_title", STRINGS["error_500_title"])
    if refusal.code == "unknown_machine":
        title = STRINGS["error_machine_title"]
    page: Any = render_template("error.html", title=title, refusal=refusal)
    return page, refusal.status
