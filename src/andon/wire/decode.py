"""A batch of messages to one frame of readings and a list of refusals. Total: data never raises."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import polars as pl

from andon.wire import columns
from andon.wire.exact import MACHINE_ID, Refused, Row, judge
from andon.wire.fast import FastReader
from andon.wire.reject import (
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
    origins: beside `readings`, row by row.
    """

    readings: pl.DataFrame
    rejected: list[Rejected]
    set_aside: Counter[str]
    empty_times: Counter[str]
    ignored: int
    origins: list[Origin]

    def refuse(self, row: int, reason: Reason, detail: str) -> Rejected:
        """The quarantine value of a reading that the caller may not admit. Keeps the row."""
        origin = self.origins[row]
        machine_id = self.readings.item(row, "machine_id")
        return _rejected(origin, machine_id, Refused(reason, detail))


@dataclass(slots=True)
class _Batch:
    rules: WireRules
    fast: FastReader | None
    rows: list[Row] = field(default_factory=list)
    identities: list[bytes] = field(default_factory=list)
    origins: list[Origin] = field(default_factory=list)
    rejected: list[Rejected] = field(default_factory=list)
    deaths: set[int] = field(default_factory=set)
    ignored: int = 0
    topics: dict[str, tuple[str, bool] | None] = field(default_factory=dict)


def decode(messages: Sequence[Message], rules: WireRules, *, exact: bool = False) -> Decoded:
    """Decode a batch. `exact` leaves out the fast path; the result is the same (tests hold it)."""
    batch = _Batch(rules, None if exact else FastReader(rules))
    for message in messages:
        _message(batch, message)
    received = [origin.message.received_us for origin in batch.origins]
    readings, empty_times = columns.frame(
        batch.rows, batch.identities, received, batch.deaths, rules.extra_measures
    )
    set_aside: Counter[str] = Counter()
    for row in batch.rows:
        if row.set_aside is not None:
            set_aside.update(row.set_aside.keys())
    return Decoded(readings, batch.rejected, set_aside, empty_times, batch.ignored, batch.origins)


def _message(batch: _Batch, message: Message) -> None:
    payload, rules = message.payload, batch.rules
    if message.topic in batch.topics:
        route = batch.topics[message.topic]
    else:
        route = batch.topics[message.topic] = _route(message.topic, rules)
    if route is None:
        shown = printable(message.topic)
        _refuse(batch, Origin(message, None, payload), None, Reason.BAD_TOPIC, f"topic {shown}")
        return
    machine_id, is_status = route
    whole = Origin(message, None, payload)
    if len(payload) > rules.max_bytes:
        size = f"{len(payload)} bytes, the limit is {rules.max_bytes}"
        _refuse(batch, whole, machine_id, Reason.TOO_LARGE, size)
    elif is_status:
        _status(batch, whole, machine_id)
    elif payload[:1] == b"{":
        _element(batch, whole, machine_id)
    elif not payload.strip():
        _refuse(batch, whole, machine_id, Reason.EMPTY, "no payload")
    elif payload.lstrip(b" \t\n\r")[:1] == b"[":
        _array(batch, whole, machine_id)
    else:
        _element(batch, whole, machine_id)


def _array(batch: _Batch, whole: Origin, machine_id: str) -> None:
    found = elements(whole.payload)
    if found is None:
        _refuse(batch, whole, machine_id, *_broken(whole.payload))
    elif not found:
        _refuse(batch, whole, machine_id, Reason.EMPTY, "an array without elements")
    elif len(found) > MAX_ELEMENTS:
        size = f"{len(found)} elements, the limit is {MAX_ELEMENTS}"
        _refuse(batch, whole, machine_id, Reason.TOO_LARGE, size)
    else:
        for index, element in enumerate(found):
            _element(batch, Origin(whole.message, index, element), machine_id)


def _element(batch: _Batch, origin: Origin, machine_id: str) -> None:
    message, payload = origin.message, origin.payload
    verdict: Row | Refused | None = None
    if batch.fast is not None:
        verdict = batch.fast.row(payload, machine_id, message.received_us)
    if verdict is None:
        verdict = judge(payload, machine_id, message.received_us, batch.rules)
    if isinstance(verdict, Refused):
        _refuse(batch, origin, machine_id, verdict.reason, verdict.detail)
        return
    named = payload
    if batch.rules.timestamp == "arrival":
        named += arrival_bytes(message.received_us)
    batch.rows.append(verdict)
    batch.identities.append(identity(machine_id, named))
    batch.origins.append(origin)


def _status(batch: _Batch, origin: Origin, machine_id: str) -> None:
    message = origin.message
    verdict = judge_status(message, machine_id, batch.rules)
    if isinstance(verdict, Ignored):
        batch.ignored += 1
    elif isinstance(verdict, Refused):
        _refuse(batch, origin, machine_id, verdict.reason, verdict.detail)
    else:
        batch.deaths.add(len(batch.rows))
        batch.rows.append(verdict)
        named = message.payload + arrival_bytes(message.received_us)
        batch.identities.append(identity(machine_id, named))
        batch.origins.append(origin)


def _route(topic: str, rules: WireRules) -> tuple[str, bool] | None:
    for template, is_status in ((rules.topic, False), (rules.status_topic, True)):
        machine_id = parse_topic(template, topic)
        if machine_id is not None:
            return machine_id, is_status
    return None


def _broken(payload: bytes) -> tuple[Reason, str]:
    try:
        payload.decode()
    except UnicodeDecodeError as error:
        return Reason.NOT_UTF8, f"byte {error.start} is not UTF-8"
    return Reason.BAD_JSON, "the array is not closed, or something follows or is missing in it"


def _refuse(
    batch: _Batch, origin: Origin, machine_id: str | None, reason: Reason, detail: str
) -> None:
    batch.rejected.append(_rejected(origin, machine_id, Refused(reason, detail)))


def _rejected(origin: Origin, machine_id: str | None, refused: Refused) -> Rejected:
    if machine_id is not None and (not MACHINE_ID(machine_id) or unsound(machine_id)):
        machine_id = None
    topic = origin.message.topic
    return Rejected(
        topic=printable(topic, 65_535) if "\0" in topic or unsound(topic) else topic,
        payload=origin.payload,
        element=origin.element,
        machine_id=machine_id,
        reason=refused.reason,
        detail=refused.detail,
        received_us=origin.message.received_us,
        identity=quarantine_identity(topic, origin.payload),
    )
