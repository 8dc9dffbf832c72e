"""A batch of messages to one frame of readings and a list of refusals. Total: data never raises."""

from __future__ import annotations

import gc
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import NamedTuple

import polars as pl

from andon.wire import columns
from andon.wire.exact import MACHINE_ID, Refused, Row, judge
from andon.wire.fast import FastReader
from andon.wire.reject import (
    IDENTITY_BYTES,
    Reason,
    Rejected,
    arrival_bytes,
    identity,
    printable,
    quarantine_identity,
)
from andon.wire.rules import MAX_ELEMENTS, Message, WireRules
from andon.wire.scan import elements, unsound
from andon.wire.status import Ignored, judge_status
from andon.wire.topics import parse_topic


class Origin(NamedTuple):
    """Where a reading came from: its message, its index in an array (None: alone), its bytes."""

    message: Message
    element: int | None
    payload: bytes


@dataclass(frozen=True, slots=True)
class Decoded:
    """What a batch holds. Each element is once in `readings`, `rejected` or `ignored`.

    readings: READINGS.schema, then an Int64 column `<measure>_milli` per extra measure; in the
        order received, duplicates included. `awaiting_recompute` is false.
    set_aside: fields that could not be read, counted per wire name.
    empty_times: optional times that came as an empty text, counted per wire name.
    ignored: status messages that say nothing: online, retained copies, cleared ones.
    sources: beside `readings`, row by row: the message, or the Origin of an array's element.
    """

    readings: pl.DataFrame
    rejected: list[Rejected]
    set_aside: Counter[str]
    empty_times: Counter[str]
    ignored: int
    sources: list[Message | Origin]

    def origin(self, row: int) -> Origin:
        """Where row `row` of `readings` came from."""
        source = self.sources[row]
        return source if isinstance(source, Origin) else Origin(source, None, source.payload)

    def refuse(self, row: int, reason: Reason, detail: str) -> Rejected:
        """The quarantine value of a reading that the caller may not admit. Leaves the row."""
        machine_id = self.readings.item(row, "machine_id")
        return _rejected(self.origin(row), machine_id, reason, detail)


class _Route(NamedTuple):
    """What a topic says. fast: telemetry of a sound machine_id; prefix: identities begin so."""

    machine_id: str
    is_status: bool
    is_sound: bool
    fast: bool
    prefix: bytes


@dataclass(slots=True)
class _Batch:
    rules: WireRules
    fast: FastReader
    exact: bool
    rows: list[Row] = field(default_factory=list)
    identities: list[bytes] = field(default_factory=list)
    received: list[int] = field(default_factory=list)
    sources: list[Message | Origin] = field(default_factory=list)
    rejected: list[Rejected] = field(default_factory=list)
    deaths: set[int] = field(default_factory=set)
    ignored: int = 0

    def admit(self, source: Message | Origin, row: Row, made: bytes, received_us: int) -> None:
        """Keep a reading with the identity `made`."""
        self.rows.append(row)
        self.identities.append(made)
        self.received.append(received_us)
        self.sources.append(source)

    def refuse(self, origin: Origin, route: _Route | None, reason: Reason, detail: str) -> None:
        """Keep a refusal."""
        named = route.machine_id if route is not None and route.is_sound else None
        self.rejected.append(_rejected(origin, named, reason, detail))


def decode(messages: Sequence[Message], rules: WireRules, *, exact: bool = False) -> Decoded:
    """Decode a batch. `exact` leaves out the fast path; the result is the same (tests hold it)."""
    batch = _Batch(rules, FastReader(rules), exact)
    with _no_collection():
        _read(batch, messages)
        found = columns.Found(batch.rows, batch.identities, batch.received, batch.deaths)
        readings, empty_times = columns.frame(found, batch.fast.texts, rules.extra_measures)
        set_aside: Counter[str] = Counter()
        for row in batch.rows:
            if row[3] is not None:
                set_aside.update(row[3].keys())
    return Decoded(readings, batch.rejected, set_aside, empty_times, batch.ignored, batch.sources)


def _read(batch: _Batch, messages: Sequence[Message]) -> None:
    """The common message here, in few steps; every other one by `_message`."""
    routes: dict[str, _Route | None] = {}
    fast, max_bytes = batch.fast.row, batch.rules.max_bytes
    rows, identities = batch.rows, batch.identities
    received, sources = batch.received, batch.sources
    for message in messages:
        topic, payload, received_us, _ = message
        try:
            route = routes[topic]
        except KeyError:
            route = routes[topic] = _route(topic, batch)
        if route is not None and route.fast and payload[:1] == b"{" and len(payload) <= max_bytes:
            row = fast(payload, route.machine_id, received_us)
            if row is not None:
                made = blake2b(route.prefix + payload, digest_size=IDENTITY_BYTES).digest()
                rows.append(row)
                identities.append(made)
                received.append(received_us)
                sources.append(message)
                continue
        _message(batch, message, route)


def _message(batch: _Batch, message: Message, route: _Route | None) -> None:
    payload, rules = message.payload, batch.rules
    whole = Origin(message, None, payload)
    if route is None:
        shown = printable(message.topic, 100)
        batch.refuse(whole, None, Reason.BAD_TOPIC, f'"{shown}" is no topic of the templates')
    elif len(payload) > rules.max_bytes:
        size = f"{len(payload)} bytes, the limit is {rules.max_bytes}"
        batch.refuse(whole, route, Reason.TOO_LARGE, size)
    elif route.is_status:
        _status(batch, whole, route)
    elif not payload.strip():
        batch.refuse(whole, route, Reason.EMPTY, "no payload")
    elif payload.lstrip(b" \t\n\r")[:1] == b"[":
        _array(batch, whole, route)
    else:
        _element(batch, whole, route)


def _array(batch: _Batch, whole: Origin, route: _Route) -> None:
    found = elements(whole.payload)
    if found is None:
        batch.refuse(whole, route, *_broken(whole.payload))
    elif not found:
        batch.refuse(whole, route, Reason.EMPTY, "an array without elements")
    elif len(found) > MAX_ELEMENTS:
        size = f"{len(found)} elements, the limit is {MAX_ELEMENTS}"
        batch.refuse(whole, route, Reason.TOO_LARGE, size)
    else:
        for index, payload in enumerate(found):
            origin = Origin(whole.message, index, payload)
            row = None
            if route.fast:
                row = batch.fast.row(payload, route.machine_id, whole.message.received_us)
            if row is None:
                _element(batch, origin, route)
            else:
                made = identity(route.machine_id, payload)
                batch.admit(origin, row, made, whole.message.received_us)


def _element(batch: _Batch, origin: Origin, route: _Route) -> None:
    received_us, named = origin.message.received_us, origin.payload
    verdict = judge(named, route.machine_id, received_us, batch.rules)
    if isinstance(verdict, Refused):
        batch.refuse(origin, route, verdict.reason, verdict.detail)
        return
    if batch.rules.timestamp == "arrival":
        named += arrival_bytes(received_us)
    batch.admit(origin, verdict, identity(route.machine_id, named), received_us)


def _status(batch: _Batch, origin: Origin, route: _Route) -> None:
    message = origin.message
    verdict = judge_status(message, route.machine_id, batch.rules)
    if isinstance(verdict, Ignored):
        batch.ignored += 1
    elif isinstance(verdict, Refused):
        batch.refuse(origin, route, verdict.reason, verdict.detail)
    else:
        batch.deaths.add(len(batch.rows))
        named = message.payload + arrival_bytes(message.received_us)
        made = identity(route.machine_id, named)
        batch.admit(message, verdict, made, message.received_us)


def _route(topic: str, batch: _Batch) -> _Route | None:
    rules = batch.rules
    for template, is_status in ((rules.topic, False), (rules.status_topic, True)):
        machine_id = parse_topic(template, topic)
        if machine_id is not None:
            is_sound = MACHINE_ID(machine_id) is not None and not unsound(machine_id)
            fast = is_sound and not is_status and not batch.exact
            prefix = machine_id.encode() + b"\0" if fast else b""
            return _Route(machine_id, is_status, is_sound, fast, prefix)
    return None


def _broken(payload: bytes) -> tuple[Reason, str]:
    try:
        payload.decode()
    except UnicodeDecodeError as error:
        return Reason.NOT_UTF8, f"byte {error.start} is not UTF-8"
    return Reason.BAD_JSON, "the array is not closed, or something follows or is missing in it"


def _rejected(origin: Origin, machine_id: str | None, reason: Reason, detail: str) -> Rejected:
    topic = origin.message.topic
    return Rejected(
        topic=printable(topic, 65_535) if unsound(topic) else topic,
        payload=origin.payload,
        element=origin.element,
        machine_id=machine_id,
        reason=reason,
        detail=detail,
        received_us=origin.message.received_us,
        identity=quarantine_identity(topic, origin.payload),
    )


@contextmanager
def _no_collection() -> Iterator[None]:
    """Without the cyclic collector: a batch makes many tuples and no cycles."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()
