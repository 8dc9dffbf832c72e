"""Refusals and their closed list of reasons; identities; a payload as a person may see it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from hashlib import blake2b

IDENTITY_BYTES = 16
_DETAIL_CHARS = 200


class Reason(StrEnum):
    """Why a message is in quarantine. The list is closed; docs/wire.md explains each."""

    NOT_UTF8 = "not_utf8"
    BAD_JSON = "bad_json"
    EMPTY = "empty"
    TOO_LARGE = "too_large"
    TOO_DEEP = "too_deep"
    NOT_AN_OBJECT = "not_an_object"
    DUPLICATE_KEY = "duplicate_key"
    NO_MACHINE_ID = "no_machine_id"
    BAD_MACHINE_ID = "bad_machine_id"
    WRONG_MACHINE = "wrong_machine"
    NO_TIMESTAMP = "no_timestamp"
    BAD_TIMESTAMP = "bad_timestamp"
    MAX_FUTURE = "max_future"
    BEFORE_HORIZON = "before_horizon"
    TOO_MANY_MACHINES = "too_many_machines"
    BAD_TOPIC = "bad_topic"
    BAD_STATUS = "bad_status"


@dataclass(frozen=True, slots=True)
class Rejected:
    """A message, or an element of an array, that is no reading.

    payload: the refused bytes as received: the element's own, else the whole message's.
    element: index in the array from 0; None where the message as a whole is refused.
    machine_id: the machine that the topic names, where that is a valid name.
    detail: one printable sentence; for max_future the basis of the refusal.
    identity: 16 bytes, see `quarantine_identity`.
    """

    topic: str
    payload: bytes
    element: int | None
    machine_id: str | None
    reason: Reason
    detail: str
    received_us: int
    identity: bytes


def identity(machine_id: str, element: bytes) -> bytes:
    """Identity of a reading, 16 bytes: BLAKE2b-128 over machine_id, a zero byte and the bytes."""
    return blake2b(machine_id.encode() + b"\0" + element, digest_size=IDENTITY_BYTES).digest()


def arrival_bytes(received_us: int) -> bytes:
    """Arrival time as it enters an identity: 8 bytes, big endian, signed microseconds."""
    return received_us.to_bytes(8, "big", signed=True)


def quarantine_identity(topic: str, payload: bytes) -> bytes:
    """Identity of a refusal, 16 bytes: BLAKE2b-128 over topic, a zero byte and the bytes."""
    name = topic.encode("utf-8", "surrogatepass")
    return blake2b(name + b"\0" + payload, digest_size=IDENTITY_BYTES).digest()


def printable(text: str, limit: int = _DETAIL_CHARS) -> str:
    """`text` on one line without control characters and lone surrogates; cut after `limit`."""
    shown = "".join(c if c.isprintable() else _escape(c) for c in text[:limit])
    return shown if len(text) <= limit and len(shown) <= limit else shown[:limit] + "…"


def preview(payload: bytes, limit: int = 400) -> str:
    """A payload as one printable line for a page or a log; bytes that are no text as \\xNN."""
    text = printable(payload[: 4 * limit].decode("utf-8", "backslashreplace"), limit)
    return f"{text} ({len(payload):,} bytes)" if text.endswith("…") else text


def _escape(char: str) -> str:
    return char.encode("unicode_escape").decode("ascii")
