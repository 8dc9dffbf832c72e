"""Poison through MQTT: each in quarantine once with its bytes and reason, its neighbours stored."""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.engine.live import LivePlant
from tests.recovery import compare

TOPIC = "factory/machines/M1/telemetry"
STATUS = "factory/machines/M1/status"
HUGE = 300_000
DEEP = 10_000


def message(seq: int, **fields: Any) -> bytes:
    """A message of M1 that can be read."""
    at = datetime.now(UTC).isoformat()
    body = {"machine_id": "M1", "timestamp": at, "state": "RUNNING", "seq": seq, **fields}
    return json.dumps(body).encode()


def with_raw(seq: int, member: bytes) -> bytes:
    """A readable message with one more raw member."""
    return message(seq)[:-1] + b"," + member + b"}"


def cases(n: int) -> list[tuple[str, bytes, str]]:
    """(topic, payload, reason) of every kind; n makes payloads differ."""
    note = b'"note":"%d"' % n
    later = (datetime.now(UTC) + timedelta(days=1)).isoformat()
    return [
        (TOPIC, message(n)[:-1], "bad_json"),
        (TOPIC, b"not json at all %d" % n, "bad_json"),
        (TOPIC, message(n) + b" {}", "bad_json"),
        (TOPIC, with_raw(n, b'"note":"\xff\xfe"'), "not_utf8"),
        (TOPIC, with_raw(n, b'"note":"\x00"'), "bad_json"),
        (TOPIC, b"\x00\x00" + note, "bad_json"),
        (TOPIC, b"", "empty"),
        (TOPIC, b" " * (n + 1), "empty"),
        (TOPIC, with_raw(n, b'"note":"%s"' % (b"x" * HUGE)), "too_large"),
        (TOPIC, with_raw(n, b'"note":' + b"[" * DEEP + b"]" * DEEP), "too_deep"),
        (TOPIC, with_raw(n, b'"pressure":NaN'), "bad_json"),
        (TOPIC, with_raw(n, b'"pressure":-Infinity'), "bad_json"),
        (TOPIC, b'{"machine_id":"M1","timestamp":%d}' % (2**63 + n), "bad_timestamp"),
        (TOPIC, with_raw(n, b'"machine_id":"M1"'), "duplicate_key"),
        (TOPIC, b'{"timestamp":"2026-03-02T00:00:00Z",' + note + b"}", "no_machine_id"),
        (TOPIC, message(n, machine_id=17), "bad_machine_id"),
        (TOPIC, message(n, machine_id="a/b"), "bad_machine_id"),
        (TOPIC, b'{"machine_id":"M1",' + note + b"}", "no_timestamp"),
        (TOPIC, message(n, timestamp=["2026-03-02"]), "bad_timestamp"),
        (TOPIC, message(n, timestamp="yesterday"), "bad_timestamp"),
        (TOPIC, message(n, machine_id="M2"), "wrong_machine"),
        (TOPIC, message(n, timestamp=later), "max_future"),
        (TOPIC, b"%d" % n, "not_an_object"),
        (STATUS, b'{"machine_id":"M1","online":"no",' + note + b"}", "bad_status"),
    ]


@pytest.mark.slow
def test_each_kind_is_kept_once_and_its_neighbours_are_stored(plant: LivePlant) -> None:
    plant.start()
    poison = cases(0)
    mixed = [(TOPIC, message(1))]
    for seq, (topic, payload, _) in enumerate(poison, start=2):
        mixed += [(topic, payload), (TOPIC, message(seq))]
    plant.drained(plant.publish(mixed))
    check(plant, poison, seen=1)
    plant.drained(len(mixed) + plant.publish((t, p) for t, p, _ in poison))
    check(plant, poison, seen=2)
    assert plant.scalar("SELECT count(*) FROM reading") == len(poison) + 1
    assert plant.scalar("SELECT quarantined FROM progress") == 2 * len(poison)
    assert plant.query("SELECT machine_id FROM machine") == [{"machine_id": "M1"}]
    compare.check(plant)


def check(plant: LivePlant, poison: list[tuple[str, bytes, str]], seen: int) -> None:
    """Every poison is in quarantine once, byte for byte."""
    rows = plant.query("SELECT topic, payload, reason, element, seen, detail FROM quarantine")
    found = {(r["topic"], bytes(r["payload"])): (r["reason"], r["element"]) for r in rows}
    assert found == {(topic, payload): (reason, None) for topic, payload, reason in poison}
    assert len(rows) == len(poison)
    assert {row["seen"] for row in rows} == {seen}
    assert all(row["detail"] for row in rows)


def test_bad_elements_of_an_array_have_their_index_and_bytes(plant: LivePlant) -> None:
    plant.start()
    elements = [message(1), b"17", message(2), b'{"machine_id": "M1"}', b"[]", message(3)]
    plant.drained(plant.publish([(TOPIC, b"[" + b" , ".join(elements) + b"]")]))
    rows = plant.query("SELECT element, payload, reason, seen FROM quarantine ORDER BY element")
    assert [(r["element"], bytes(r["payload"]), r["reason"], r["seen"]) for r in rows] == [
        (1, b"17", "not_an_object", 1),
        (3, b'{"machine_id": "M1"}', "no_timestamp", 1),
        (4, b"[]", "not_an_object", 1),
    ]
    assert [r["seq"] for r in plant.query("SELECT seq FROM reading ORDER BY seq")] == [1, 2, 3]


def test_a_field_that_cannot_be_read_rejects_nothing(plant: LivePlant) -> None:
    plant.start()
    odd = with_raw(2, b'"good_units":9223372036854775808,"temperature":"warm"')
    plant.drained(plant.publish([(TOPIC, message(1)), (TOPIC, odd), (TOPIC, message(3))]))
    assert plant.scalar("SELECT count(*) FROM quarantine") == 0
    rows = plant.query("SELECT good_units, temperature_milli, set_aside FROM reading ORDER BY seq")
    assert [r["set_aside"] is None for r in rows] == [True, False, True]
    assert rows[1]["good_units"] is None
    assert rows[1]["temperature_milli"] is None
    kept = json.loads(rows[1]["set_aside"])
    assert kept == {"good_units": "9223372036854775808", "temperature": '"warm"'}


@pytest.mark.slow
def test_ten_thousand_in_a_row(plant: LivePlant) -> None:
    plant.start()
    kinds = [k for k in range(len(cases(0))) if len(cases(0)[k][1]) < 5_000]
    poison: list[tuple[str, bytes, str]] = []
    for n in range(1, 10_000):
        if len(poison) >= 10_000:
            break
        made = cases(n)
        poison += [made[k] for k in kinds if made[k][1] and (made[k][2] != "empty" or n < 200)]
    poison = poison[:10_000]
    assert len({(t, p) for t, p, _ in poison}) == 10_000
    wrapped = [(TOPIC, message(1)), *((t, p) for t, p, _ in poison), (TOPIC, message(2))]
    started = time.monotonic()
    plant.drained(plant.publish(wrapped))
    print(f"\n10,000 poisonous messages in {time.monotonic() - started:.1f} s")
    check(plant, poison, seen=1)
    assert [r["seq"] for r in plant.query("SELECT seq FROM reading ORDER BY seq")] == [1, 2]
