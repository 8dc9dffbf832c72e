"""Bytes <-> MQTT packets."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from andon.mqtt import packets

messages = st.lists(
    st.tuples(
        st.text(min_size=1, max_size=20).filter(lambda t: "\0" not in t),
        st.binary(max_size=20_000),
        st.integers(1, 65_535),
        st.booleans(),
    ),
    max_size=8,
)


@given(messages, st.integers(1, 9_000))
def test_packets_survive_any_splitting_of_the_stream(
    sent: list[tuple[str, bytes, int, bool]], piece: int
) -> None:
    stream = b"".join(packets.publish(*message) for message in sent)
    rest, found = b"", []
    for start in range(0, len(stream), piece):
        scanned = packets.scan(rest + stream[start : start + piece])
        rest = (rest + stream[start : start + piece])[scanned.used :]
        found += [(p.topic.decode(), p.payload, p.packet_id, p.retained) for p in scanned.published]
    assert found == sent
    assert rest == b""


def test_a_packet_sent_again_is_the_same_but_marked() -> None:
    packet = packets.publish("t", b"x", 7, retain=True)
    first, second = packets.scan(packet + packets.again(packet)).published
    assert second == first._replace(duplicate=True)


def test_acknowledgements_are_one_string_in_the_order_given() -> None:
    assert packets.acknowledge([1, 513]) == b"\x40\x02\x00\x01\x40\x02\x02\x01"
    assert packets.scan(packets.acknowledge([9, 3, 65_535])).acknowledged == [9, 3, 65_535]


@pytest.mark.parametrize(
    "data",
    [b"\x30\xff\xff\xff\xff\x01", b"\x30\x01\x00", b"\x30\x03\x00\x05a", b"\x32\x03\x00\x01a"],
)
def test_what_is_not_mqtt_is_said_so(data: bytes) -> None:
    with pytest.raises(packets.MalformedPacket):
        packets.scan(data)


@given(st.binary(max_size=200))
def test_scanning_noise_ends_in_packets_or_malformed(data: bytes) -> None:
    with contextlib.suppress(packets.MalformedPacket):
        assert packets.scan(data).used <= len(data)
