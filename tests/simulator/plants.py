"""Simulated plants for tests, at a fixed moment."""

from __future__ import annotations

from zoneinfo import ZoneInfo

import polars as pl

from andon.simulator.faults import Transmission
from andon.simulator.ledger import MEANT
from andon.simulator.scenarios import parse
from andon.simulator.stream import Meant, PlantOptions, Stream, Tick
from andon.units import DAY_US, SECOND_US
from andon.wire import TELEMETRY_TEMPLATE, Decoded, Message, WireRules, decode, telemetry_topic

ROME = ZoneInfo("Europe/Rome")
START_US = 1_795_434_801_059_052
"""2026-11-23T12:53:21.059052+01:00"""


def plant(machines: int = 5, faults: str = "none", seed: int = 7, run: int = 0) -> PlantOptions:
    """A plant that speaks once a second from START_US on."""
    return PlantOptions(machines, seed, START_US, SECOND_US, ROME, parse(faults), run)


def lived(options: PlantOptions, seconds: float) -> Tick:
    """What the plant does and sends in its first seconds, what is held back included."""
    stream = Stream(options)
    tick = stream.advance(START_US + int(seconds * SECOND_US) - 1)
    return Tick(tick.meant, [*tick.sent, *stream.rest()])


def meant_frame(meant: list[Meant]) -> pl.DataFrame:
    """Rows of the ledger's meant layer."""
    rows = [(*record, boot_id, seq) for record, boot_id, seq in meant]
    return pl.DataFrame(rows, schema=dict(MEANT.schema), orient="row")


def decoded(sent: list[Transmission], max_future_us: int = DAY_US // 2) -> Decoded:
    """The transmissions that are not lost, read by the wire as if each arrived at once."""
    messages = [
        Message(telemetry_topic(TELEMETRY_TEMPLATE, m.machine_id), m.payload, m.send_us)
        for m in sent
        if not m.lost
    ]
    return decode(messages, WireRules(time_zone=ROME, max_future_us=max_future_us))
