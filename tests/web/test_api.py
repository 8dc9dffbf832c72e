"""JSON twins: values, schema, errors, headers, Host names."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from urllib.parse import quote

import pytest
from flask import Flask
from flask.testing import FlaskClient

from andon.store import postgres
from andon.store.postgres import Connection
from tests.web import plant

NOON = datetime.now(UTC)


def test_empty(client: FlaskClient) -> None:
    """No machine: a page that says what to do, an empty list, and a plant without figures."""
    page = client.get("/").get_data(as_text=True)
    assert "mosquitto_pub" in page
    assert "paho.mqtt" in page
    value = client.get("/api/v1/machines").get_json()
    assert value["machines"] == []
    assert value["plant"]["machines"] == 0


def test_machines(client: FlaskClient, conn: Connection) -> None:
    """A tile's value: head, last values, OEE with the integers beside it."""
    plant.machine(conn, "M001", NOON, simulated=True)
    value = client.get("/api/v1/machines").get_json()
    (tile,) = value["machines"]
    assert (tile["machine_id"], tile["state"], tile["simulated"]) == ("M001", "RUNNING", True)
    assert (tile["temperature_c"], tile["speed_rpm"]) == (54.25, 1000.0)
    assert (tile["job_id"], tile["job_progress"]) == ("JOB-1", 0.38)
    assert tile["range"] == "today so far (since local midnight)"
    assert value["stale_since"] is None
    assert tile["availability"] == 0.9
    page = client.get("/").get_data(as_text=True)
    assert page.count('data-id="M001"') == 1
    assert "Simulated" in page


def test_no_rate_is_said(client: FlaskClient, conn: Connection) -> None:
    """No ideal rate: effectiveness and oee null, and the page says why."""
    plant.machine(conn, "M001", NOON, ideal_us=None)
    (tile,) = client.get("/api/v1/machines").get_json()["machines"]
    assert (tile["effectiveness"], tile["oee"], tile["note"]) == (None, None, "ideal rate not set")
    assert "ideal rate not set" in client.get("/").get_data(as_text=True)


def test_oee_of_a_range(client: FlaskClient, conn: Connection) -> None:
    """Whole minutes [from, to): 3 of the 10, as ISO and as epoch milliseconds."""
    plant.machine(conn, "M001", NOON)
    end = plant.minute(NOON) - timedelta(minutes=2)
    start = end - timedelta(minutes=3)
    found = []
    for a, b in (
        (quote(start.isoformat()), quote(end.isoformat())),
        (start.isoformat(), end.isoformat()),  # a plus that the URL turned into a space
        (int(start.timestamp() * 1000), int(end.timestamp() * 1000)),
    ):
        answer = client.get(f"/api/v1/oee?machine=M001&from={a}&to={b}")
        assert answer.status_code == 200, answer.get_json()
        found.append(answer.get_json())
    assert found[0] == found[1] == found[2]
    value = found[0]
    assert (value["pbt_us"], value["apt_us"], value["minutes"]) == (180_000_000, 162_000_000, 3)
    assert (value["units"], value["good_units"], value["ideal_us"]) == (90, 81, 90_000_000)
    assert (value["availability"], value["quality"], value["oee"]) == (0.9, 0.9, 0.45)
    assert (value["coverage"], value["worst"], value["best"], value["flags"]) == (1, 0.45, 0.45, [])
    assert value["unknown_us"] == 0


def test_missing_minutes_are_unknown(client: FlaskClient, conn: Connection) -> None:
    """A missing row between first and newest reading is 60 s UNKNOWN."""
    plant.machine(conn, "M001", NOON)
    gone = plant.minute(NOON) - timedelta(minutes=4)
    postgres.execute(conn, "DELETE FROM machine_minute WHERE minute = %s", (gone,))
    since = plant.minute(NOON) - timedelta(minutes=10)
    value = client.get(f"/api/v1/oee?machine=M001&from={int(since.timestamp() * 1000)}").get_json()
    assert (value["unknown_us"], value["coverage"]) == (60_000_000, 0.9)
    assert value["worst"] < value["oee"] < value["best"]


def test_open_unknown_counts_to_now(client: FlaskClient, conn: Connection) -> None:
    """An open UNKNOWN is in no minute row; the page counts it up to its own now."""
    plant.machine(conn, "M001", NOON - timedelta(minutes=5), state="UNKNOWN")
    since = plant.minute(NOON) - timedelta(minutes=15)
    value = client.get(f"/api/v1/oee?machine=M001&from={int(since.timestamp() * 1000)}").get_json()
    open_us = (datetime.now(UTC) - NOON + timedelta(minutes=5)) // timedelta(microseconds=1)
    assert open_us - 61_000_000 <= value["unknown_us"] <= open_us + 61_000_000


def test_machine(client: FlaskClient, conn: Connection) -> None:
    """The machine page and its twin."""
    plant.machine(conn, "Press 1", NOON)
    value = client.get("/api/v1/machines/Press%201?hours=1").get_json()
    assert value["machine"]["machine_id"] == "Press 1"
    assert len(value["temperature"]) == 10
    assert value["temperature"][0][1:] == [50.0, 54.0, 58.0]
    page = client.get("/machines/Press%201?hours=1")
    assert page.status_code == 200
    assert "Press 1" in page.get_data(as_text=True)


def test_plant(client: FlaskClient, conn: Connection) -> None:
    """Sums over machines, by state."""
    plant.machine(conn, "M001", NOON)
    plant.machine(conn, "M002", NOON, state="ERROR")
    value = client.get("/api/v1/plant").get_json()["plant"]
    assert (value["states"]["RUNNING"], value["states"]["ERROR"]) == (1, 1)
    assert value["availability"] == 0.9


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("/api/v1/machines/none", 404, "unknown_machine"),
        ("/api/v1/oee?machine=none", 404, "unknown_machine"),
        ("/api/v1/oee?from=yesterday", 400, "bad_from"),
        ("/api/v1/oee?from=2026-11-23T06:00:00", 400, "bad_from"),
        ("/api/v1/oee?to=99999999999999999999", 400, "bad_to"),
        ("/api/v1/oee?from=2&to=1", 400, "empty_range"),
        ("/api/v1/oee?machines=M001", 400, "unknown_parameter"),
        ("/api/v1/machines/none?hours=900", 400, "bad_hours"),
        ("/api/v1/nothing", 404, "not_found"),
    ],
)
def test_errors_say_what_would_be_right(
    client: FlaskClient, path: str, status: int, code: str
) -> None:
    """Errors are JSON with a code, a message and a hint; never a trace."""
    answer = client.get(path)
    error = answer.get_json()["error"]
    assert (answer.status_code, error["code"]) == (status, code)
    assert error["message"]
    assert "Traceback" not in answer.get_data(as_text=True)


def test_foreign_host_is_refused(client: FlaskClient) -> None:
    """DNS rebinding: a name that is not ours gets 400 and learns nothing."""
    for host in ("evil.example", "evil.example:5000", "127.0.0.1.evil.example", ""):
        answer = client.get("/api/v1/machines", headers={"Host": host})
        assert answer.status_code == 400
        assert answer.get_json()["error"]["code"] == "foreign_host"
    for host in ("localhost", "127.0.0.1:5000", "[::1]:5000", "LOCALHOST."):
        assert client.get("/healthz", headers={"Host": host}).status_code == 200


def test_only_reads(client: FlaskClient) -> None:
    """Everything but GET and HEAD is refused."""
    for method in ("POST", "PUT", "DELETE", "PATCH", "OPTIONS"):
        assert client.open("/", method=method).status_code == 405


def test_headers(client: FlaskClient) -> None:
    """Strict policy on pages, JSON, errors and files."""
    for path in ("/", "/api/v1/machines", "/nothing", "/static/js/live.js"):
        headers = client.get(path).headers
        policy = headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Referrer-Policy"] == "no-referrer"


def test_nothing_inline(client: FlaskClient, conn: Connection) -> None:
    """No inline script, style or handler: the policy would refuse it."""
    plant.machine(conn, "M001", NOON)
    for path in ("/", "/machines/M001", "/nothing"):
        page = client.get(path).get_data(as_text=True)
        assert " style=" not in page
        assert "<style" not in page
        assert " onclick=" not in page
        for tag in page.split("<script")[1:]:
            assert "src=" in tag.split(">")[0] or 'type="application/json"' in tag.split(">")[0]


def test_ids_are_escaped(client: FlaskClient, conn: Connection) -> None:
    """A machine may call itself anything."""
    name = "<script>alert(1)</script>"[:64].replace("/", "")
    plant.machine(conn, name, NOON)
    page = client.get("/").get_data(as_text=True)
    assert name not in page
    assert client.get(f"/machines/{quote(name, safe='')}").status_code == 200


def test_health_and_metrics(client: FlaskClient, conn: Connection) -> None:
    """Liveness, readiness and Prometheus text that its own parser accepts."""
    from prometheus_client.parser import text_string_to_metric_families

    plant.machine(conn, 'M"1', NOON)
    assert client.get("/healthz").get_json() == {"status": "ok"}
    assert client.get("/readyz").status_code == 200
    text = client.get("/metrics").get_data(as_text=True)
    families = {f.name: f for f in text_string_to_metric_families(text)}
    assert families["andon_store_up"].samples[0].value == 1
    oee = families["andon_machine_oee_ratio"].samples[0]
    assert (oee.labels, oee.value) == ({"machine_id": 'M"1'}, 0.45)


def test_store_away(app: Flask, client: FlaskClient, conn: Connection) -> None:
    """The page keeps the last known values and says so; the API answers 503; both recover."""
    plant.machine(conn, "M001", NOON)
    assert client.get("/").status_code == 200
    store = app.extensions["andon"].store
    right, store._dsn = store._dsn, store._dsn.replace("host=", "host=%2Fnowhere")
    store.close()
    app.extensions["andon"]._made_at = float("-inf")
    page = client.get("/")
    assert page.status_code == 200
    assert 'data-id="M001"' in page.get_data(as_text=True)
    assert 'data-store-at=""' not in page.get_data(as_text=True)
    answer = client.get("/api/v1/machines")
    assert (answer.status_code, answer.get_json()["error"]["code"]) == (503, "store_unreachable")
    assert client.get("/readyz").status_code == 503
    assert client.get("/metrics").status_code == 200
    store._dsn, store._retry_at = right, 0.0
    app.extensions["andon"]._made_at = float("-inf")
    assert client.get("/api/v1/machines").status_code == 200
