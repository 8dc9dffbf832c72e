"""When is a service ready: each check answers at once, with "" or with what it still waits for."""

from __future__ import annotations

import contextlib
import http.client
import json
import socket
import struct
from typing import Any
from urllib.parse import urlsplit

from andon.errors import BrokerUnreachable
from andon.mqtt.probe import check
from andon.settings import Settings


def broker(settings: Settings, _started: float) -> str:
    """An MQTT client is let in. Raises AccessRefused."""
    try:
        check(settings.mqtt_url, timeout_s=1.0)
    except BrokerUnreachable:
        return "no answer on MQTT yet"
    return ""


def store(settings: Settings, _started: float) -> str:
    """andon's own PostgreSQL lets the owner into its database.

    Speaks the first packet of PostgreSQL's protocol itself: the supervisor stays small and quick
    without a database driver.
    """
    user = urlsplit(settings.dsn("owner")).username or "postgres"
    path = settings.postgres_dir / ".s.PGSQL.5432"
    words = b"".join(word.encode() + b"\0" for word in ("user", user, "database", "andon", ""))
    try:
        with contextlib.closing(socket.socket(socket.AF_UNIX)) as sock:
            sock.settimeout(1.0)
            sock.connect(str(path))
            sock.sendall(struct.pack("!II", 8 + len(words), 196_608) + words)
            answer = sock.recv(1)
            sock.sendall(b"X\0\0\0\4")
    except OSError:
        return "PostgreSQL does not listen yet"
    return "" if answer == b"R" else "PostgreSQL is starting"


def engine_facts(settings: Settings) -> dict[str, Any]:
    """run/engine.json, {} without one."""
    try:
        found = json.loads((settings.run_dir / "engine.json").read_text())
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def engine_heartbeat(settings: Settings) -> float | None:
    """Seconds since 1970 when the engine last wrote its file; None without one."""
    try:
        return (settings.run_dir / "engine.json").stat().st_mtime
    except OSError:
        return None


def engine(settings: Settings, started: float) -> str:
    """The engine has written its file since its start, and has broker and store."""
    beat, facts = engine_heartbeat(settings), engine_facts(settings)
    if beat is None or beat < started:
        return "the engine has not said anything yet"
    if not facts.get("store_ok"):
        return "the engine has no connection to PostgreSQL yet"
    if not facts.get("mqtt_connected"):
        return "the engine has no connection to the broker yet"
    return ""


def web(settings: Settings, _started: float) -> str:
    """GET /readyz answers 200."""
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(settings.web.host, settings.web.host)  # noqa: S104
    connection = http.client.HTTPConnection(host, settings.web.port, timeout=2.0)
    try:
        connection.request("GET", "/readyz")
        answer = connection.getresponse()
        text = answer.read(200).decode(errors="replace")
    except (OSError, http.client.HTTPException):
        return "no answer on HTTP yet"
    finally:
        connection.close()
    return "" if answer.status == 200 else f"/readyz answers {answer.status}: {text.strip()}"
