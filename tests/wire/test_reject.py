"""Refusals: every reason, with its bytes; previews; status messages; topics."""

from __future__ import annotations

import pytest

from andon.errors import ConfigError
from andon.wire import (
    MAX_ELEMENTS,
    Reason,
    WireRules,
    check_template,
    decode,
    parse_topic,
    preview,
    quarantine_identity,
    status_topic,
    subscription_filter,
    telemetry_topic,
)
from andon.wire.scan import too_deep
from tests.wire.messages import (
    NOW_US,
    ROME,
    RULES,
    STATUS,
    TOPIC,
    both,
    message,
    one,
    refused,
    text,
)

DEEP = '{"a":' * 10_000 + "1" + "}" * 10_000
ID = '"machine_id": "M1"'


def at(stamp: str) -> str:
    return f'{{{ID}, "timestamp": {stamp}}}'


CASES: list[tuple[bytes | str, Reason]] = [
    (b'{"machine_id": "\xff"}', Reason.NOT_UTF8),
    (b"\xff\xfe", Reason.NOT_UTF8),
    (b'{"machine_id": "\xed\xa0\x80"}', Reason.NOT_UTF8),
    ("{", Reason.BAD_JSON),
    ("not json", Reason.BAD_JSON),
    ("[1", Reason.BAD_JSON),
    ("[1,]", Reason.BAD_JSON),
    ("[,]", Reason.BAD_JSON),
    ("[1}", Reason.BAD_JSON),
    ("[1] 2", Reason.BAD_JSON),
    ('["a]', Reason.BAD_JSON),
    (text() + "x", Reason.BAD_JSON),
    (text()[:-1] + ', "speed": NaN}', Reason.BAD_JSON),
    (text()[:-1] + ', "other": Infinity}', Reason.BAD_JSON),
    (text()[:-1] + ', "other": -Infinity}', Reason.BAD_JSON),
    (text()[:-1] + ', "speed": 01}', Reason.BAD_JSON),
    (text()[:-1] + ', "other": 1.}', Reason.BAD_JSON),
    (text()[:-1] + ', "state": "a\nb"}', Reason.BAD_JSON),
    (text()[:-1] + ', "state": "a\0b"}', Reason.BAD_JSON),
    (text()[:-1] + ', "state": "\\x"}', Reason.BAD_JSON),
    (text()[:-1] + ",}", Reason.BAD_JSON),
    (b"\xef\xbb\xbf" + text().encode(), Reason.BAD_JSON),
    ("", Reason.EMPTY),
    (" \r\n\t", Reason.EMPTY),
    (" [ ] ", Reason.EMPTY),
    (text(note="x" * 300_000), Reason.TOO_LARGE),
    ("[" + ",".join("7" * (MAX_ELEMENTS + 1)) + "]", Reason.TOO_LARGE),
    (DEEP, Reason.TOO_DEEP),
    (text()[:-1] + f', "other": {DEEP}}}', Reason.TOO_DEEP),
    ("7", Reason.NOT_AN_OBJECT),
    ('"text"', Reason.NOT_AN_OBJECT),
    ("null", Reason.NOT_AN_OBJECT),
    (text()[:-1] + ', "seq": 1, "seq": 1}', Reason.DUPLICATE_KEY),
    (text()[:-1] + ', "seq" : 1, "seq" :1, "state": ":"}', Reason.DUPLICATE_KEY),
    (text()[:-1] + ', "other": 1, "other": 2}', Reason.DUPLICATE_KEY),
    (text()[:-1] + ', "s\\u0065q": 1, "seq": 2}', Reason.DUPLICATE_KEY),
    (text()[:-1] + ', "machine_id": "M1"}', Reason.DUPLICATE_KEY),
    (text()[:-1] + ', "state": "\\u003a", "seq": 1, "seq": 1}', Reason.DUPLICATE_KEY),
    ("{}", Reason.NO_MACHINE_ID),
    ('{"machine_id": null}', Reason.NO_MACHINE_ID),
    ('{"machine_id": ""}', Reason.BAD_MACHINE_ID),
    ('{"machine_id": 7}', Reason.BAD_MACHINE_ID),
    ('{"machine_id": "a/b"}', Reason.BAD_MACHINE_ID),
    ('{"machine_id": "a+"}', Reason.BAD_MACHINE_ID),
    ('{"machine_id": "#"}', Reason.BAD_MACHINE_ID),
    ('{"machine_id": "a\\u0000"}', Reason.BAD_MACHINE_ID),
    ('{"machine_id": "a\\u0085"}', Reason.BAD_MACHINE_ID),
    ('{"machine_id": "\\udc00"}', Reason.BAD_MACHINE_ID),
    ('{"machine_id": "' + "x" * 65 + '"}', Reason.BAD_MACHINE_ID),
    (text(machine_id="M2"), Reason.WRONG_MACHINE),
    (text(machine_id="m1"), Reason.WRONG_MACHINE),
    (f"{{{ID}}}", Reason.NO_TIMESTAMP),
    (at("null"), Reason.NO_TIMESTAMP),
    (at('""'), Reason.NO_TIMESTAMP),
    (at("true"), Reason.BAD_TIMESTAMP),
    (at('"soon"'), Reason.BAD_TIMESTAMP),
    (at('"2026-11-23"'), Reason.BAD_TIMESTAMP),
    (at('"2026-02-30T00:00:00Z"'), Reason.BAD_TIMESTAMP),
    (at('"1969-12-31T23:59:59Z"'), Reason.BAD_TIMESTAMP),
    (at("-1"), Reason.BAD_TIMESTAMP),
    (at("1" + "0" * 40), Reason.BAD_TIMESTAMP),
    (at("9223372036854775808"), Reason.BAD_TIMESTAMP),
    (at("1e99999999999999999999"), Reason.BAD_TIMESTAMP),
    (at("[]"), Reason.BAD_TIMESTAMP),
    (at('"2026-11-23T11:53:51.000001Z"'), Reason.MAX_FUTURE),
    (at('"9999-12-31T23:59:59Z"'), Reason.MAX_FUTURE),
]


@pytest.mark.parametrize(("payload", "reason"), CASES)
def test_refused_once_with_its_bytes(payload: bytes | str, reason: Reason) -> None:
    """Each is refused for its reason; a neighbour in the batch is stored."""
    rejected = refused(payload)
    data = payload if isinstance(payload, bytes) else payload.encode()
    assert rejected.reason is reason
    assert (rejected.payload, rejected.topic, rejected.element) == (data, TOPIC, None)
    assert (rejected.machine_id, rejected.received_us) == ("M1", NOW_US)
    assert rejected.identity == quarantine_identity(TOPIC, data)
    assert rejected.detail.isprintable()
    assert 0 < len(rejected.detail) < 400
    found = both([message(text()), message(payload), message(text(seq=2))])
    assert (found.readings.height, len(found.rejected)) == (2, 1)


def test_every_reason_has_a_case_or_another_owner() -> None:
    """Topic and status have tests of their own; horizon and discovery are the engine's."""
    elsewhere = {Reason.BAD_TOPIC, Reason.BAD_STATUS}
    engine = {Reason.BEFORE_HORIZON, Reason.TOO_MANY_MACHINES}
    assert {reason for _, reason in CASES} | elsewhere | engine == set(Reason)


def test_max_future_keeps_its_basis() -> None:
    """At the limit it is a reading, a microsecond beyond a refusal that says on what basis."""
    assert one(at('"2026-11-23T11:53:51Z"'))["time"] == NOW_US + RULES.max_future_us
    rejected = refused(at('"2026-11-23T11:53:51.000001Z"'))
    for number in (NOW_US + RULES.max_future_us + 1, NOW_US, RULES.max_future_us):
        assert str(number) in rejected.detail


def test_naive_timestamp_by_rule() -> None:
    naive = at('"2026-11-23T12:53:20.5"')
    assert one(naive)["time"] == NOW_US - 500_000
    rejected = refused(naive, WireRules(ROME, naive_timestamp="reject"))
    assert rejected.reason is Reason.BAD_TIMESTAMP


@pytest.mark.parametrize(
    "topic", ["factory/machines/M1/other", "x", "", "factory/machines//telemetry"]
)
def test_bad_topic(topic: str) -> None:
    rejected = refused(text(), topic=topic)
    assert (rejected.reason, rejected.machine_id) == (Reason.BAD_TOPIC, None)


def test_topic_that_names_no_sound_machine() -> None:
    """The name in the topic is judged like the one in the message."""
    name = "x" * 65
    rejected = refused(text(machine_id=name), topic=telemetry_topic(RULES.topic, name))
    assert (rejected.reason, rejected.machine_id) == (Reason.BAD_MACHINE_ID, None)
    odd = refused("{}", topic="factory/machines/\ud800\0/telemetry")
    assert odd.machine_id is None
    assert odd.topic.isprintable()


def test_limits_are_met_at_equality() -> None:
    exactly = text()
    rules = WireRules(ROME, max_bytes=len(exactly), max_depth=2)
    assert one(exactly, rules)["machine_id"] == "M1"
    assert refused(exactly + " ", rules).reason is Reason.TOO_LARGE
    rules = WireRules(ROME, max_depth=2)
    assert one(text(other={"a": 1}), rules)["extra"] == '{"other": {"a": 1}}'
    assert refused(text(other={"a": []}), rules).reason is Reason.TOO_DEEP
    assert one(text(other="[[[[{{"), rules)["extra"] == '{"other": "[[[[{{"}'
    rules = WireRules(ROME, max_depth=1)
    assert one(f"[{exactly}]", rules)["seq"] is None  # the array's own bracket does not count
    name = "x" * 64
    topic = telemetry_topic(RULES.topic, name)
    assert one(text(machine_id=name), topic=topic)["machine_id"] == name


def test_a_depth_limit_beyond_the_reader_is_no_crash() -> None:
    assert refused(DEEP, WireRules(ROME, max_depth=10**6)).reason is Reason.TOO_DEEP


def test_depth_counts_brackets_outside_texts() -> None:
    assert not too_deep(b'{"a": "[[[[", "b": ["]"]}', 2)
    assert too_deep(b'["]", ["]", ["]"]]]', 2)
    assert too_deep(b'["\\"]", ["]", ["]"]]]', 2)


def death(boot: str = '"b7"', online: str = "false") -> str:
    return f'{{"machine_id":"M1","boot_id":{boot},"online":{online}}}'


def test_death_message_is_a_reading_at_its_arrival() -> None:
    """Its identity is made over the bytes and the arrival time (b2sum -l 128)."""
    moment = 1_763_899_999_123_456
    found = decode([message(death(), STATUS)._replace(received_us=moment)], RULES)
    row = found.readings.row(0, named=True)
    assert (row["is_death"], row["time"], row["received"]) == (True, moment, moment)
    assert (row["boot_id"], row["job_ended"], row["extra"]) == ("b7", False, None)
    assert row["identity"].hex() == "fbf4827dfba0a78993d6537fae530e6c"
    assert both([message(text()), message(death("7"), STATUS)]).readings["is_death"].to_list() == [
        False,
        True,
    ]


def test_death_without_a_readable_boot_still_counts() -> None:
    assert one('{"machine_id":"M1","online":false}', topic=STATUS)["boot_id"] is None
    row = one(death("[1]"), topic=STATUS)
    assert (row["boot_id"], row["set_aside"]) == (None, '{"boot_id": "[1]"}')
    assert one(death("42"), topic=STATUS)["boot_id"] == "42"


def test_status_that_says_nothing_is_ignored_and_counted() -> None:
    online, kept = message(death(online="true"), STATUS), message(death(), STATUS, retained=True)
    found = both([online, kept, message("", STATUS)])
    assert (found.ignored, found.readings.height, found.rejected) == (3, 0, [])


@pytest.mark.parametrize("online", ["null", "0", '"false"'])
def test_bad_status(online: str) -> None:
    assert refused(death(online=online), topic=STATUS).reason is Reason.BAD_STATUS


def test_status_is_held_to_the_envelope() -> None:
    assert refused("[]", topic=STATUS).reason is Reason.NOT_AN_OBJECT
    assert refused("{", topic=STATUS).reason is Reason.BAD_JSON
    wrong = refused(death(), topic=status_topic(RULES.status_topic, "M2"))
    assert wrong.reason is Reason.WRONG_MACHINE


def test_golden_identity_of_a_refusal() -> None:
    """b2sum -l 128 over topic, a zero byte and the bytes."""
    assert refused(b"\xff\xfe").identity.hex() == "a027434f27c23f97bc18dfdc415646d7"


def test_preview_is_one_printable_line() -> None:
    assert preview(b'{"a": "\xc3\xa8\xff\x00\n"}') == '{"a": "è\\xff\\x00\\n"}'
    long = preview(b"x" * 5000, 10)
    assert long == "xxxxxxxxxx… (5,000 bytes)"
    assert preview(b"") == ""


def test_topics() -> None:
    assert telemetry_topic(RULES.topic, "M1") == TOPIC
    assert subscription_filter(RULES.topic) == "factory/machines/+/telemetry"
    assert subscription_filter("plant/m-{machine_id}/t") == "plant/+/t"
    assert parse_topic("plant/m-{machine_id}/t", "plant/m-7/t") == "7"
    assert parse_topic("plant/m-{machine_id}/t", "plant/x-7/t") is None
    assert parse_topic("{machine_id}", "7") == "7"
    assert parse_topic(RULES.topic, "factory/machines/a/b/telemetry") is None


@pytest.mark.parametrize(
    "template",
    ["", "a/b", "{machine_id}/{machine_id}", "{machine_id}/{x}", "a/+/{machine_id}", "#"],
)
def test_template_must_name_the_machine_once(template: str) -> None:
    with pytest.raises(ConfigError, match="topic"):
        check_template("mqtt.topic", template)
    with pytest.raises(ConfigError, match="topic"):
        WireRules(ROME, topic=template)
