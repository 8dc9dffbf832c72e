"""Readings out of messages: the recorded ones, every kind of field, arrays, identities."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from andon.errors import ConfigError
from andon.model import READINGS
from andon.wire import FIELDS, Message, Reason, WireRules, decode, encode, identity, telemetry_topic
from andon.wire.fields import BY_NAME, KNOWN, POSITION, REQUIRED
from andon.wire.recall import with_measures
from tests.wire.messages import (
    NOW_US,
    ROME,
    RULES,
    STAMP,
    STAMP_US,
    both,
    column,
    message,
    one,
    text,
    with_raw,
)

DATA = Path(__file__).parent.parent / "data"


def recorded() -> list[Message]:
    lines = (DATA / "seed-messages.jsonl").read_bytes().splitlines()
    topics = [telemetry_topic(RULES.topic, json.loads(line)["machine_id"]) for line in lines]
    return [Message(t, line, 1_795_435_000_000_000) for t, line in zip(topics, lines, strict=True)]


def test_recorded_messages_come_out_whole() -> None:
    """925 recorded messages: all readings, nothing set aside, sums as expected."""
    found = both(recorded())
    assert found.readings.height == 925
    assert found.rejected == []
    assert dict(found.set_aside) == {}
    assert dict(found.empty_times) == {"last_error_time": 925}
    assert column(found.readings, "last_error_time") == [None] * 925
    expected = json.loads((DATA / "seed-messages-expected.json").read_text())["machines"]
    for name, machine in expected.items():
        of = found.readings.filter(machine_id=name)
        assert of.height == machine["messages"]
        assert (of["time"].min(), of["time"].max()) == (machine["first_us"], machine["last_us"])
        assert of["good_units"].sum() == machine["good_units"]
        assert of["scrap_units"].sum() == machine["scrap_units"]
        assert of["alarm"].sum() == machine["alarm_count"]
        assert of["job_id"].n_unique() == machine["distinct_job_ids"]
        assert of["oee_milli"].sum() == machine["reported_oee_milli"]["sum"]
        for measure in ("temperature_milli", "speed_milli"):
            values, wanted = of[measure], machine[measure]
            assert values.count() == wanted["n"]
            assert values.sum() == wanted["sum"]
            assert (values.min(), values.max()) == (wanted["min"], wanted["max"])


def test_recorded_maintenance_without_offset_is_plant_time() -> None:
    row = both(recorded()[:1]).readings.row(0, named=True)
    assert row["last_maintenance"] == 1_793_706_801_057_852 - 3_600_000_000  # 11:53:21 in Rome


def test_schema_is_the_one_of_readings() -> None:
    for found in (decode([], RULES), decode([message(text())], RULES)):
        assert dict(found.readings.schema) == READINGS.schema


def test_every_field_of_the_wire_reaches_its_column() -> None:
    """Each field alone gives a value in its column and in no other."""
    samples = {"text": "x", "text or integer": "x", "true or false": True, "number": 1.5}
    samples |= {"whole number >= 0": 7, "time": "2026-01-01T00:00:00Z"}
    bare = one(text())
    for field in FIELDS:
        row = one(text(**{field.name: samples[field.kind]}))
        differing = {k for k in row if row[k] != bare[k]} - {"identity"}
        assert differing == {field.column}


def test_fields_fill_readings() -> None:
    """The table of fields and the frame name the same things."""
    made = {"machine_id", "time", "identity", "is_death", "job_ended", "extra", "set_aside"}
    made |= {"received", "awaiting_recompute"}
    assert {f.column for f in FIELDS} | made == set(READINGS.names)
    assert set(BY_NAME) | set(REQUIRED) == KNOWN == set(POSITION)


@pytest.mark.parametrize(
    ("raw", "milli"),
    [
        ("23.13", 23130),
        ("1086", 1_086_000),
        ("-0.0", 0),
        ("0.0005", 0),  # half to even
        ("0.0015", 2),
        ("0.0025", 2),
        ("1.0005", 1000),
        ("1e3", 1_000_000),
        ("9007199254740993", 9_007_199_254_740_992_000),
        ("9.223372036854774e15", 9_223_372_036_854_773_760),
        ("-9223372036854775", -(2**63)),
    ],
)
def test_thousandths_are_those_of_the_double(raw: str, milli: int) -> None:
    """SEMANTICS 0a: the double times 1000, rounded half to even."""
    assert one(with_raw(temperature=raw))["temperature_milli"] == milli
    assert round(float(raw) * 1000.0) == milli


@pytest.mark.parametrize(
    ("name", "raw"),
    [
        ("temperature", "true"),
        ("temperature", '"23.1"'),
        ("temperature", "1e999"),
        ("temperature", "9.3e15"),
        ("temperature", "9.223372036854775e15"),
        ("temperature", "9223372036854775808"),
        ("temperature", "[1]"),
        ("good_units", "-1"),
        ("good_units", "2.5"),
        ("good_units", "9223372036854775808"),
        ("good_units", "1e19"),
        ("good_units", "true"),
        ("good_units", '"5"'),
        ("seq", "1" + "0" * 5000),
        ("alarm", "1"),
        ("alarm", '"true"'),
        ("state", "5"),
        ("state", '"RUN\\u0000"'),
        ("state", '"\\ud800"'),
        ("state", '"\\ud800 and on"'),
        ("location", '"' + "x" * 1025 + '"'),
        ("boot_id", "1.5"),
        ("boot_id", "false"),
        ("boot_id", "1" + "0" * 2000),
        ("job_id", "17"),
        ("last_error_time", '"yesterday"'),
        ("last_error_time", '"0001-01-01T00:00:00"'),
        ("last_error_time", "true"),
        ("last_error_time", "-1.5"),
        ("simulated", "{}"),
    ],
)
def test_unreadable_field_is_set_aside_with_its_raw_text(name: str, raw: str) -> None:
    """An optional field never refuses a message; the others of the message stand."""
    payload = with_raw(**{name: raw, "production_count": "12"})
    found = both([message(payload)])
    assert found.rejected == []
    row = found.readings.row(0, named=True)
    assert row[BY_NAME[name].column] is None
    assert row["production_count"] == 12
    assert not row["job_ended"]
    assert json.loads(row["set_aside"]) == {name: raw}
    assert found.set_aside == {name: 1}


@pytest.mark.parametrize(
    ("name", "raw", "value"),
    [
        ("good_units", "5.0", 5),
        ("good_units", "-0", 0),
        ("good_units", "1e2", 100),
        ("good_units", "9223372036854775807", 2**63 - 1),
        ("boot_id", "17", "17"),
        ("boot_id", "-9223372036854775809", "-9223372036854775809"),
        ("boot_id", '"a"', "a"),
        ("boot_id", '" "', None),
        ("state", '" Running "', " Running "),  # byte for byte
        ("state", '"  "', None),
        ("scrap_reason", '""', None),
        ("scrap_reason", "null", None),
        ("operator_name", '"Niccol\\u00f2"', "Niccolò"),
        ("operator_name", '"\\ud83d\\ude00"', "😀"),
        ("location", '"Line A: 3"', "Line A: 3"),
        ("location", '"\\u003a\\u003A"', "::"),
        ("location", '"\\\\u0000"', "\\u0000"),
        ("last_error_time", '""', None),
        ("last_error_time", '"2026-01-01"', 1_767_222_000_000_000),
        ("last_error_time", "1767222000000", 1_767_222_000_000_000),
        ("last_error_time", "1767222000000.0019", 1_767_222_000_000_001),
        ("simulated", "true", True),
    ],
)
def test_readable_forms(name: str, raw: str, value: object) -> None:
    row = one(with_raw(**{name: raw}))
    assert row[BY_NAME[name].column] == value
    assert row["set_aside"] is None


def test_job_null_or_blank_ends_the_job_absent_keeps_it() -> None:
    """SEMANTICS 24."""
    payloads = [text(job_id="B1"), text(job_id=None), text(job_id=" "), text()]
    found = both([message(p) for p in payloads]).readings
    assert column(found, "job_id") == ["B1", None, None, None]
    assert column(found, "job_ended") == [False, True, True, False]


def test_unknown_fields_keep_their_raw_text() -> None:
    """Number texts stay as received; a measure of the plan also gets its column."""
    payload = with_raw(vibration="1.50", big="1" + "0" * 40, tags='{"a": [1, {"b": 2}]}', n="null")
    row = one(payload, WireRules(ROME, measures=("temperature", "vibration", "n")))
    assert row["extra"] == (
        '{"vibration": 1.50, "big": 1' + "0" * 40 + ', "tags": {"a": [1, {"b": 2}]}, "n": null}'
    )
    assert row["vibration_milli"] == 1500
    assert row["n_milli"] is None
    assert row["set_aside"] is None


def test_measure_that_is_no_number_is_set_aside_and_kept() -> None:
    rules = WireRules(ROME, measures=("vibration",))
    row = one(with_raw(vibration='"high"'), rules)
    assert row["vibration_milli"] is None
    assert json.loads(row["set_aside"]) == {"vibration": '"high"'}
    assert json.loads(row["extra"]) == {"vibration": "high"}


def test_measures_come_back_from_extra() -> None:
    """What the table keeps inside `extra` gives the same column again."""
    rules = WireRules(ROME, measures=("vibration", "level"))
    raws = ("1.25", '"x"', "1e999", "null", '3, "odd": "\\ud800"', '4, "\\ud800": 1')
    found = both([message(with_raw(vibration=raw, level="2")) for raw in raws], rules).readings
    again = with_measures(found.drop("vibration_milli", "level_milli"), rules.measures)
    assert column(found, "vibration_milli") == [1250, None, None, None, 3000, 4000]
    assert again.equals(found, null_equal=True)


def test_measure_named_like_a_field_is_a_config_error() -> None:
    assert WireRules(ROME, measures=("scrap_rate", "speed")).extra_measures == ()
    for name in ("state", "good_units", "elapsed_time", "timestamp"):
        with pytest.raises(ConfigError, match=name):
            WireRules(ROME, measures=(name,))


def test_array_is_judged_element_by_element() -> None:
    """A bad element is refused with its own bytes and index; its neighbours are readings."""
    good, other = text(seq=1), text(seq=2)
    deep = "[" * 50 + "]" * 50
    for element in ("7", '{"machine_id": NaN}', "{} {}", '{"a": "\\x"}', '"\\ud800"', deep):
        found = both([message(f" [ {good} ,{element},\n{other}]\n")])
        assert column(found.readings, "seq") == [1, 2]
        assert column(found.readings, "identity") == [
            identity("M1", good.encode()),
            identity("M1", other.encode()),
        ]
        (rejected,) = found.rejected
        assert (rejected.element, rejected.payload) == (1, element.encode())
        assert found.origin(1).element == 2


def test_element_of_bad_bytes_leaves_its_neighbours() -> None:
    good = text().encode()
    found = both([message(b"[" + good + b', {"machine_id": "\xff"}]')])
    assert found.readings.height == 1
    assert [(r.element, r.reason) for r in found.rejected] == [(1, "not_utf8")]


def test_rows_keep_the_order_and_the_duplicates() -> None:
    """decode judges; what is a duplicate is the engine's to say, by identity."""
    payloads = [text(seq=1), with_raw(seq="2.0"), text(seq=3, other=1), text(seq=1)]
    found = both([message(p) for p in payloads])
    assert column(found.readings, "seq") == [1, 2, 3, 1]
    identities = column(found.readings, "identity")
    assert identities[0] == identities[3] != identities[1]
    assert [found.origin(i).payload for i in range(4)] == [p.encode() for p in payloads]


def test_engine_refuses_a_row_with_the_bytes_it_came_from() -> None:
    found = both([message(f"[{text(seq=1)}, {text(seq=2)}]")])
    rejected = found.refuse(1, Reason.BEFORE_HORIZON, "oldest raw day is 2026-11-20")
    assert rejected.payload == text(seq=2).encode()
    assert (rejected.element, rejected.machine_id) == (1, "M1")


def test_arrival_time_as_event_time() -> None:
    """A gateway without a clock: time is the arrival, which also enters the identity."""
    rules = WireRules(ROME, timestamp="arrival")
    payload = '{"machine_id": "M1", "timestamp": "no clock", "seq": 3}'
    row = one(payload, rules)
    assert (row["time"], row["seq"]) == (NOW_US, 3)
    assert row["extra"] == '{"timestamp": "no clock"}'
    assert row["identity"] == identity("M1", payload.encode() + NOW_US.to_bytes(8, "big"))


def test_golden_identities() -> None:
    """Made with b2sum -l 128 over machine_id, a zero byte and the bytes (SEMANTICS 0c)."""
    plain = b'{"machine_id":"M1","timestamp":1763899999123}'
    spaced = b'{"machine_id": "M1", "timestamp": 1763899999123}'
    assert identity("M1", b"").hex() == "b668431d67ecc91e50cbeb7bcd3ec8f7"
    assert identity("M1", plain).hex() == "10fce5b532eaef54bee4bbe86d78aab7"
    assert one(plain)["identity"].hex() == "10fce5b532eaef54bee4bbe86d78aab7"
    assert one(b"[ " + plain + b" ]")["identity"].hex() == "10fce5b532eaef54bee4bbe86d78aab7"
    assert one(spaced)["identity"].hex() == "ed64b44d66481628d4d937545ed6a05e"
    german = '{"machine_id":"Prägung 7","timestamp":"2026-11-23T12:00:00Z","state":"ERROR"}'
    rules = WireRules(ROME, max_future_us=10**10)
    row = one(german, rules, "factory/machines/Prägung 7/telemetry")
    assert row["identity"].hex() == "8f1519292fe5e05328180a8c252383f8"


def test_what_encode_writes_decode_reads() -> None:
    payload = encode({"machine_id": "M1", "timestamp": STAMP, "scrap_reason": None, "speed": 2.5})
    assert payload.startswith(b'{"machine_id":"M1","timestamp"')
    assert b'"scrap_reason":null' in payload
    row = one(payload)
    assert (row["time"], row["speed_milli"]) == (STAMP_US, 2500)
