"""Live updates without a browser: events, limits, slow viewers."""

from __future__ import annotations

import json
import time
import urllib.error
import urllib.request
from collections.abc import Generator
from datetime import UTC, datetime
from typing import Any

import pytest

from andon.store import postgres
from andon.store.postgres import Connection
from andon.web import live
from andon.web.current import Snapshot
from tests.web import plant
from tests.web.conftest import Served


def events(url: str) -> Generator[tuple[str, Any], None, None]:
    """Name and JSON of each event of a stream."""
    with urllib.request.urlopen(url, timeout=15) as answer:  # noqa: S310 - our own server
        name = ""
        for line in answer:
            text = line.decode().strip()
            if text.startswith("event: "):
                name = text[7:]
            elif text.startswith("data: "):
                yield name, json.loads(text[6:])


def test_a_change_arrives_at_once(served: Served, conn: Connection) -> None:
    """The whole at first, then only what changed, within a second of the commit."""
    plant.machine(conn, "M001", datetime.now(UTC))
    plant.machine(conn, "M002", datetime.now(UTC))
    stream = events(f"{served.url}/events")
    _, first = next(stream)
    assert first["whole"]
    assert set(first["tiles"]) == {"M001", "M002"}
    time.sleep(0.5)  # the listener is there
    postgres.execute(
        conn, "UPDATE carry SET state = 'ERROR', interval_start = now() WHERE machine_id = 'M002'"
    )
    committed = time.monotonic()
    plant.commit(conn)
    change = next(data for name, data in stream if name == "change" and "tiles" in data)
    assert time.monotonic() - committed < 1.0
    assert set(change["tiles"]) == {"M002"}
    assert change["tiles"]["M002"]["word"] == "Error"
    assert change["plant"]["n_ERROR"] == "1"
    stream.close()


def test_viewers_are_limited_and_pages_go_on(
    served: Served, conn: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Beyond the limit a viewer is told to poll; pages answer while every stream is taken."""
    plant.machine(conn, "M001", datetime.now(UTC))
    monkeypatch.setattr(served.app.extensions["andon_live"], "_most", 3)
    streams = [events(f"{served.url}/events") for _ in range(3)]
    for stream in streams:
        next(stream)
    with pytest.raises(urllib.error.HTTPError) as refused:
        next(events(f"{served.url}/events"))
    assert refused.value.code == 503
    assert json.load(refused.value)["error"]["code"] == "too_many_viewers"
    poll = f"{served.url}/api/v1/machines?display=1"
    with urllib.request.urlopen(poll, timeout=5) as answer:  # noqa: S310 - our own server
        assert "M001" in json.load(answer)["display"]["tiles"]
    for stream in streams:
        stream.close()


def _snapshot(word: str) -> Snapshot:
    return Snapshot({"at_us": 0}, {"M001": {"word": word, "held": word}}, {}, {}, None)


def test_only_changed_fields() -> None:
    """Fields that time alone changes are the browser's to count."""
    change = live.Difference(_snapshot("Idle"), _snapshot("Error"))
    assert change.tiles == {"M001": {"word": "Error"}}
    assert not live.Difference(_snapshot("Idle"), _snapshot("Idle"))


def test_a_slow_viewer_gets_the_whole() -> None:
    """A full queue is dropped; the next take asks for everything."""
    viewer = live.Viewer(None)
    change = live.Difference(_snapshot("Idle"), _snapshot("Error"))
    for _ in range(live.QUEUE + 1):
        viewer.put(change)
    assert viewer.take(0) is None
    viewer.reset()
    viewer.put(change)
    assert viewer.take(0) == [change]
