"""MQTT 3.1.1 packets as bytes: pure functions, no socket, no client.

Section numbers are those of the OASIS standard "MQTT Version 3.1.1". A packet is one command byte,
the remaining length (1 to 4 bytes, 7 bits each) and the body.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable
from typing import NamedTuple

CONNECT, CONNACK, PUBLISH, PUBACK = 0x10, 0x20, 0x30, 0x40
SUBSCRIBE, SUBACK, PINGREQ, PINGRESP, DISCONNECT = 0x82, 0x90, 0xC0, 0xD0, 0xE0
DUP, RETAIN = 0x08, 0x01
MAX_PACKET_ID = 65_535


class MalformedPacket(ValueError):
    """The bytes are not MQTT; the connection they came from cannot be used further."""


class Published(NamedTuple):
    """A PUBLISH as received (3.3): packet_id is 0 for QoS 0, which nobody acknowledges."""

    topic: bytes
    payload: bytes
    packet_id: int
    retained: bool
    duplicate: bool


class Scan(NamedTuple):
    """What a piece of the byte stream held: whole packets by kind, and the bytes used by them."""

    published: list[Published]
    acknowledged: list[int]
    others: list[tuple[int, bytes]]
    used: int


def scan(data: bytes) -> Scan:
    """Split `data` into whole packets; a last, partial one is left for the next call.

    `used` is the number of bytes of whole packets: the caller keeps data[used:]. Raises
    MalformedPacket for a remaining length over 4 bytes or a PUBLISH shorter than its own topic.
    """
    published: list[Published] = []
    acknowledged: list[int] = []
    others: list[tuple[int, bytes]] = []
    position, end = 0, len(data)
    while position + 2 <= end:
        command = data[position]
        start = position + 2
        length = data[position + 1]
        if length & 0x80:
            decoded = _long_length(data, position + 1)
            if decoded is None:
                break
            length, start = decoded
        stop = start + length
        if stop > end:
            break
        kind = command & 0xF0
        if kind == PUBLISH:
            published.append(_published(data, command, start, stop))
        elif kind == PUBACK and length == 2:
            acknowledged.append(data[start] << 8 | data[start + 1])
        else:
            others.append((command, data[start:stop]))
        position = stop
    return Scan(published, acknowledged, others, position)


def _long_length(data: bytes, at: int) -> tuple[int, int] | None:
    """(length, index of the body) of a remaining length over one byte; None: not all here yet."""
    length = 0
    for index in range(4):
        if at + index >= len(data):
            return None
        byte = data[at + index]
        length |= (byte & 0x7F) << (7 * index)
        if not byte & 0x80:
            return length, at + index + 1
    raise MalformedPacket("remaining length over 4 bytes")


def _published(data: bytes, command: int, start: int, stop: int) -> Published:
    body = start + 2
    if body > stop:
        raise MalformedPacket("PUBLISH without a topic")
    end_of_topic = body + (data[start] << 8 | data[start + 1])
    payload, packet_id = end_of_topic, 0
    if command & 0x06:
        payload += 2
        if payload > stop:
            raise MalformedPacket("PUBLISH shorter than its topic")
        packet_id = data[end_of_topic] << 8 | data[end_of_topic + 1]
    elif payload > stop:
        raise MalformedPacket("PUBLISH shorter than its topic")
    return Published(
        data[body:end_of_topic],
        data[payload:stop],
        packet_id,
        bool(command & RETAIN),
        bool(command & DUP),
    )


def _remaining(length: int) -> bytes:
    if length < 0x80:
        return bytes((length,))
    encoded = bytearray()
    while True:
        length, low = length >> 7, length & 0x7F
        if not length:
            encoded.append(low)
            return bytes(encoded)
        encoded.append(low | 0x80)


def _text(value: str | bytes) -> bytes:
    raw = value.encode() if isinstance(value, str) else value
    if len(raw) > 65_535:
        raise ValueError("an MQTT text field holds at most 65,535 bytes")
    return struct.pack("!H", len(raw)) + raw


def publish(topic: str, payload: bytes, packet_id: int, retain: bool = False) -> bytes:
    """A PUBLISH with QoS 1 (3.3), to be kept until its PUBACK comes."""
    name = topic.encode()
    return b"".join(
        (
            b"\x33" if retain else b"\x32",
            _remaining(4 + len(name) + len(payload)),
            struct.pack("!H", len(name)),
            name,
            struct.pack("!H", packet_id),
            payload,
        )
    )


def again(packet: bytes) -> bytes:
    """The same PUBLISH marked as sent before (DUP, 3.3.1.1)."""
    return bytes((packet[0] | DUP,)) + packet[1:]


def acknowledge(packet_ids: Iterable[int]) -> bytes:
    """One PUBACK (3.4) for each id, in the order given, as one string of bytes."""
    return b"".join([b"@\x02" + packet_id.to_bytes(2, "big") for packet_id in packet_ids])


def connect(client_id: str, username: str, password: str, keepalive_s: int = 30) -> bytes:
    """A CONNECT (3.1) for a clean session without a will."""
    flags = 0x02 | (0x80 if username else 0) | (0x40 if username and password else 0)
    body = _text("MQTT") + struct.pack("!BBH", 4, flags, keepalive_s) + _text(client_id)
    if username:
        body += _text(username)
        body += _text(password) if password else b""
    return bytes((CONNECT,)) + _remaining(len(body)) + body


def subscribe(topic_filter: str, packet_id: int = 1) -> bytes:
    """A SUBSCRIBE (3.8) at QoS 0."""
    body = struct.pack("!H", packet_id) + _text(topic_filter) + b"\x00"
    return bytes((SUBSCRIBE,)) + _remaining(len(body)) + body
