"""Recorded messages, one JSON object a line, published in order as fast as acknowledged."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Event

from andon.errors import ConfigError
from andon.mqtt import Publisher
from andon.wire import telemetry_topic

_BATCH = 500


def recorded(file: Path) -> Iterator[tuple[str, bytes]]:
    """(machine_id, bytes) of each line that is not blank; the bytes are the line's own.

    Raises ConfigError naming the line that has no machine_id, or the file that cannot be read.
    """
    try:
        with file.open("rb") as lines:
            for number, line in enumerate(lines, 1):
                payload = line.rstrip(b"\r\n")
                if payload.strip():
                    yield _machine_id(file, number, payload), payload
    except OSError as error:
        raise ConfigError(f"{file} cannot be read: {error.strerror or error}") from error


def publish_file(
    publisher: Publisher,
    file: Path,
    topic: str,
    stop: Event,
    progress: Callable[[int], None] = lambda done: None,
) -> int:
    """Publish a recording to `topic` (a template); returns how many messages were acknowledged.

    Every line is read before the first is sent, so a bad file publishes nothing. Ends early when
    `stop` is set.
    """
    messages = [(telemetry_topic(topic, machine), payload) for machine, payload in recorded(file)]
    for start in range(0, len(messages), _BATCH):
        while not publisher.wait_below(_BATCH * 4, 0.2) and not stop.is_set():
            pass
        if stop.is_set():
            break
        publisher.publish_many(messages[start : start + _BATCH])
        progress(publisher.acknowledged)
    while not publisher.wait_below(1, 0.2) and not stop.is_set():
        progress(publisher.acknowledged)
    progress(publisher.acknowledged)
    return publisher.acknowledged


def _machine_id(file: Path, number: int, payload: bytes) -> str:
    try:
        message = json.loads(payload)
    except ValueError as error:
        raise ConfigError(f"{file} line {number} is not JSON: {error}") from None
    machine = message.get("machine_id") if isinstance(message, dict) else None
    if not isinstance(machine, str) or not machine:
        raise ConfigError(f"{file} line {number} has no machine_id, so it has no topic")
    return machine
