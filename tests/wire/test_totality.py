"""The law of the room: data never raises, each element ends once, both paths say the same."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from andon.wire import Message, WireRules
from andon.wire.fast import FastReader
from andon.wire.fields import BY_NAME, KNOWN
from andon.wire.scan import elements
from tests.wire.messages import (
    NOW_US,
    ROME,
    RULES,
    STAMP,
    STATUS,
    TOPIC,
    both,
    message,
    text,
    with_raw,
)

MEASURED = WireRules(ROME, measures=("temperature", "vibration"), max_depth=6)
LENIENT = settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.too_slow])
LONG = settings(LENIENT, max_examples=600)

NUMBERS = st.one_of(
    st.integers(-(2**70), 2**70).map(str),
    st.floats(allow_nan=False, allow_infinity=False).map(repr),
    st.sampled_from(["-0", "5.0", "1e3", "1E-3", "1e999", "-1e999", "0.0005", "01", "1.", "NaN"]),
    st.sampled_from(["9223372036854775807", "9223372036854775808", "9.2e15", "9.3e15", "1e400000"]),
)
TEXTS = st.one_of(
    st.text(max_size=20).map(json.dumps),
    st.text(max_size=20).map(lambda t: json.dumps(t, ensure_ascii=False)),
    st.sampled_from(
        ['"\\ud800"', '"\\u0000"', '"\\u003a"', '":"', '""', '" "', '"a\\":b"', '"\\x"']
    ),
    st.sampled_from([f'"{STAMP}"', '"2026-03-29T02:30:00"', '"2026-01-01"', '"RUNNING"', '"x']),
    st.just('"' + "y" * 1025 + '"'),
)
SCALARS = st.one_of(NUMBERS, TEXTS, st.sampled_from(["true", "false", "null", "nul", ""]))
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3).map(lambda v: "[" + ",".join(v) + "]"),
        st.tuples(TEXTS, inner).map(lambda v: "{" + v[0] + ":" + v[1] + "}"),
    ),
    max_leaves=6,
)
SPACE = st.sampled_from(["", "", "", " ", "\n", "\t ", "\x0b"])
NAMES = st.one_of(
    st.sampled_from(sorted(KNOWN)).map(json.dumps),
    st.sampled_from(['"vibration"', '"other"', '"a:b"', '"\\ud800"', '"s\\u0065q"', '"\\u0000"']),
)


@st.composite
def objects(draw: Callable[[Any], Any]) -> str:
    """Mostly a good message, with odd members, spaces and repeats."""
    members = []
    if draw(st.integers(0, 9)):
        members.append(('"machine_id"', '"M1"'))
    if draw(st.integers(0, 9)):
        members.append(('"timestamp"', draw(st.sampled_from([f'"{STAMP}"', "1795434800000"]))))
    members += draw(st.lists(st.tuples(NAMES, VALUES), max_size=6))
    space = draw(SPACE)
    inside = ("," + space).join(f"{name}{space}:{space}{value}" for name, value in members)
    return f"{space}{{{space}{inside}}}{draw(SPACE)}"


ELEMENTS = st.one_of(objects(), objects(), objects(), VALUES)
ARRAYS = st.lists(ELEMENTS, max_size=4).map(lambda v: "[" + ", ".join(v) + "]")
PAYLOADS = st.one_of(
    st.one_of(objects(), objects(), ARRAYS, VALUES).map(lambda t: t.encode("utf-8", "replace")),
    st.binary(max_size=60),
)


def settled(payload: bytes, rules: WireRules, topic: str = TOPIC) -> None:
    """Decode on both paths; count what became of each element."""
    found = both([Message(topic, payload, NOW_US)], rules)
    ended = found.readings.height + len(found.rejected) + found.ignored
    is_array = payload.lstrip(b" \t\n\r")[:1] == b"[" and topic == TOPIC
    parts = elements(payload) if is_array else None
    assert ended == (len(parts) if parts else 1)
    for row in found.readings.iter_rows(named=True):
        aside = json.loads(row["set_aside"] or "{}")
        assert all(row[BY_NAME[name].column] is None for name in aside if name in BY_NAME)
        for value in row.values():
            if isinstance(value, str):
                assert "\0" not in value
                value.encode()


@LENIENT
@given(PAYLOADS)
@example(b'{"machine_id":"M1","timestamp":1795434800000,"seq":1,"seq" :2,"state":":"}')
@example(b'[{"machine_id":"M1"},{"a":NaN}]')
def test_each_element_ends_once(payload: bytes) -> None:
    settled(payload, RULES)
    settled(payload, MEASURED)


@pytest.mark.slow
@LONG
@given(PAYLOADS)
def test_each_element_ends_once_at_length(payload: bytes) -> None:
    settled(payload, MEASURED)


@LENIENT
@given(PAYLOADS)
def test_status_messages_end_once(payload: bytes) -> None:
    settled(payload, RULES, STATUS)


@LENIENT
@given(objects(), st.data())
def test_mutated_messages_end_once(sound: str, data: st.DataObject) -> None:
    """Bytes cut out, doubled and overwritten."""
    payload = bytearray(sound.encode("utf-8", "replace"))
    for _ in range(data.draw(st.integers(1, 3))):
        at = data.draw(st.integers(0, max(0, len(payload) - 1)))
        end = at + data.draw(st.integers(0, 4))
        payload[at:end] = data.draw(
            st.one_of(st.binary(max_size=3), st.sampled_from([b'"', b"\\", b"{", b"]", b",", b":"]))
        )
    settled(bytes(payload), MEASURED)


@LENIENT
@given(st.text(max_size=80), st.binary(max_size=20))
def test_any_topic(topic: str, payload: bytes) -> None:
    found = both([Message(topic, payload, NOW_US)])
    assert found.readings.height + len(found.rejected) + found.ignored == 1
    for rejected in found.rejected:
        (rejected.topic + rejected.detail).encode()
        assert "\0" not in rejected.topic


@LENIENT
@given(st.lists(ELEMENTS, min_size=1, max_size=5), st.integers(0, 5))
def test_arrays_are_cut_where_their_elements_end(parts: list[str], spaces: int) -> None:
    """Sound elements are found again, byte for byte, with whatever stands beside them."""
    sound = [p.strip(" \t\n\r") for p in parts]
    kept = []
    for part in sound:
        try:
            json.loads(part)
        except (ValueError, RecursionError):
            continue
        kept.append(part)
    payload = "[" + ("," + " " * spaces).join(kept) + "]"
    found = elements(payload.encode("utf-8", "replace"))
    assert found == [p.encode("utf-8", "replace") for p in kept]


@LENIENT
@given(st.lists(st.floats(-9.2e15, 9.2e15), min_size=1, max_size=50))
@example([0.0005, 0.0015, 2.5e-3, 1.0005, 4503599627370.4975, 9.2e15, -0.0])
def test_columns_round_like_the_rule(numbers: list[float]) -> None:
    """SEMANTICS 0a by columns is the rule one by one."""
    found = both([message(with_raw(speed=repr(x))) for x in numbers])
    assert found.readings["speed_milli"].to_list() == [round(x * 1000.0) for x in numbers]


@pytest.mark.parametrize(
    "payload",
    [
        text(state="RUNNING", temperature=21, last_error_time="", order_start_time=STAMP),
        text(operator_name="Niccolò"),  # escaped by json.dumps
        text(location="Line A: 3"),
        with_raw(boot_id="7", seq="1"),
        text(vibration=1.5, tags={"a": [1]}),
        '{"machine_id" : "M1" , "timestamp" : 1795434800000}',
    ],
)
def test_the_common_message_takes_the_fast_path(payload: str) -> None:
    """Speed is a promise too: these never need the exact reader."""
    assert FastReader(MEASURED).row(payload.encode(), "M1", NOW_US) is not None
