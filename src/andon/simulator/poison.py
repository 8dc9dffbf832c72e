"""Messages that nobody can read: one of each kind that a plant's network has ever carried. Pure.

Each is made of a real message, so that two of one kind differ (an empty one cannot).
"""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import NamedTuple

from andon.wire import encode

_HUGE_BYTES = 300_000
_DEPTH = 10_000


class Poisoned(NamedTuple):
    """A poisonous message: its kind, whose topic it goes to, and its bytes."""

    kind: str
    machine_id: str
    payload: bytes


class Source(NamedTuple):
    """The real message that poison is made of; `tomorrow` is a stamp one day after its own."""

    machine_id: str
    neighbour_id: str
    payload: bytes
    stamp: str
    tomorrow: str
    seq: int


def _with(source: Source, member: bytes) -> bytes:
    """The real message with one more member."""
    return source.payload[:-1] + b"," + member + b"}"


def _forged(source: Source, machine_id: object, timestamp: object) -> bytes:
    return encode({"machine_id": machine_id, "timestamp": timestamp, "seq": source.seq})


def _big_integer(source: Source) -> bytes:
    return b'{"machine_id":"%s","timestamp":%d,"seq":%d}' % (
        source.machine_id.encode(),
        2**64 + source.seq,
        source.seq,
    )


KINDS: dict[str, Callable[[Source], bytes]] = {
    "bad_json": lambda s: s.payload[:-1],
    "bad_utf8": lambda s: _with(s, b'"note":"\xff\xfe"'),
    "nul": lambda s: _with(s, b'"note":"\x00"'),
    "empty": lambda s: b"",
    "huge": lambda s: _with(s, b'"note":"%s"' % (b"x" * _HUGE_BYTES)),
    "deep": lambda s: _with(s, b'"note":' + b"[" * _DEPTH + b"]" * _DEPTH),
    "nan": lambda s: _with(s, b'"pressure":NaN'),
    "infinity": lambda s: _with(s, b'"pressure":Infinity'),
    "big_integer": _big_integer,
    "duplicate_key": lambda s: _with(s, b'"machine_id":"%s"' % s.machine_id.encode()),
    "machine_id_type": lambda s: _forged(s, 17, s.stamp),
    "timestamp_type": lambda s: _forged(s, s.machine_id, [s.stamp]),
    "wrong_machine": lambda s: _forged(s, s.neighbour_id, s.stamp),
    "far_future": lambda s: _forged(s, s.machine_id, s.tomorrow),
}
"""Every kind of poison by name."""


def poison(source: Source, dice: Random) -> Poisoned:
    """One poisonous message beside a real one, of a kind chosen by the dice."""
    kind = dice.choice(tuple(KINDS))
    return Poisoned(kind, source.machine_id, KINDS[kind](source))
