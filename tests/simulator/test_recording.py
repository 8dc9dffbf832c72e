"""Recorded messages are published in order, byte for byte."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from andon.errors import ConfigError
from andon.mqtt import Delivery, Publisher, Subscriber
from andon.simulator.recording import publish_file, recorded
from andon.wire import TELEMETRY_TEMPLATE
from tests.brokers import running

SEED = Path(__file__).parent.parent / "data" / "seed-messages.jsonl"


def test_the_recording_arrives_in_order_byte_for_byte(tmp_path: Path) -> None:
    lines = SEED.read_bytes().splitlines()
    with running("mosquitto", tmp_path) as broker:
        subscriber = Subscriber(broker.url, "reader", ["factory/machines/+/telemetry"]).start()
        assert subscriber.wait_connected(5)
        publisher = Publisher(broker.url, "recording").start()
        done = publish_file(publisher, SEED, TELEMETRY_TEMPLATE, threading.Event())
        assert publisher.close() == 0
        got: list[Delivery] = []
        while len(got) < len(lines) and (more := subscriber.take(2_000, 5)):
            got += more
            subscriber.ack(more)
        subscriber.close()
    assert done == len(lines) == 925
    assert [delivery.payload for delivery in got] == lines
    assert got[0].topic == "factory/machines/MACHINE_001/telemetry"


@pytest.mark.parametrize(
    ("line", "words"), [("{torn", "line 2 is not JSON"), ("{}", "line 2 has no machine_id")]
)
def test_a_bad_line_is_named_and_nothing_is_published(
    tmp_path: Path, line: str, words: str
) -> None:
    file = tmp_path / "recording.jsonl"
    file.write_text(f'{{"machine_id": "M"}}\n{line}\n')
    with pytest.raises(ConfigError, match=words):
        list(recorded(file))


def test_an_absent_file_is_said_in_words(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read"):
        list(recorded(tmp_path / "absent.jsonl"))
