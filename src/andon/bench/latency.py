"""Publish -> browser: from the instant in a message to the event that shows its value.

The browser's stand-in reads /events with a plain HTTP client. The reference is a bare MQTT
subscriber beside it: how long the broker alone takes.
"""

from __future__ import annotations

import http.client
import json
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime

from andon.bench.report import Figure, percentile
from andon.bench.rig import Rig, rig
from andon.bench.workload import Fleet
from andon.mqtt import Publisher, Subscriber
from andon.wire import encode, subscription_filter

VALUES = 500
"""Temperatures that follow each other, 0.1 apart: the page shows one decimal."""


class Signals:
    """Per machine the instants of its newest values, by the temperature that carries them."""

    def __init__(self) -> None:
        self.sent: dict[str, dict[str, float]] = {}
        self.seen_ms: list[float] = []
        self.skipped = 0
        self.recording = False

    def publish(self, machine_id: str, number: int) -> tuple[bytes, float]:
        """A message with the machine's `number`-th value, and its temperature."""
        temperature = 20 + number % VALUES / 10
        now = time.time()
        self.sent.setdefault(machine_id, {})[f"{temperature:.1f}"] = now
        return (
            encode(
                {
                    "timestamp": datetime.fromtimestamp(now, UTC).isoformat(),
                    "machine_id": machine_id,
                    "state": "RUNNING",
                    "alarm": False,
                    "temperature": round(temperature, 1),
                    "speed": 1000 + number % 50,
                    "job_id": "BENCH",
                    "good_units": 1,
                    "scrap_units": 0,
                    "total_good_units": number,
                    "total_scrap_units": 0,
                }
            ),
            temperature,
        )

    def shown(self, machine_id: str, temperature: str, at: float) -> None:
        """A browser has this value; values before it that were never shown count until now."""
        waiting = self.sent.get(machine_id, {})
        if temperature not in waiting:
            return
        for value in list(waiting):
            sent = waiting.pop(value)
            if self.recording:
                self.seen_ms.append(1_000 * (at - sent))
                self.skipped += value != temperature
            if value == temperature:
                return


def run(quick: bool) -> list[Figure]:
    """1,000 machines at 1 Hz with one viewer of the whole board."""
    machines, warm_s, seconds = (200, 3.0, 6.0) if quick else (1_000, 15.0, 60.0)
    fleet, signals, bare = Fleet(machines), Signals(), Signals()
    with rig(fleet) as made:
        made.up(without="simulator")
        made.wait_ready("broker", "engine", "web")
        stop = threading.Event()
        publisher = made.publisher()
        _second(publisher, fleet, (signals, bare), 0)  # the board knows every machine
        made.wait(lambda: made.committed() >= machines, "the first readings")
        readers = [
            threading.Thread(target=_browser, args=(made, signals, stop), daemon=True),
            threading.Thread(target=_subscriber, args=(made, bare, stop), daemon=True),
        ]
        for reader in readers:
            reader.start()
        began = time.monotonic()
        number = 1
        while time.monotonic() - began < warm_s + seconds:
            signals.recording = bare.recording = time.monotonic() - began > warm_s
            _second(publisher, fleet, (signals, bare), number)
            number += 1
        time.sleep(2.0)
        stop.set()
        publisher.close()
        engine = json.loads((made.settings.run_dir / "engine.json").read_text())
    unit, name = "ms", "bare MQTT subscriber"
    note = (
        f"{len(signals.seen_ms):,} values, {signals.skipped} overtaken by the next; engine alone "
    )
    note += f"p50 {engine['latency_ms_p50']:.0f}, p99 {engine['latency_ms_p99']:.0f}"
    return [
        Figure(
            "latency",
            f"publish -> browser p{round(100 * share)}, {machines:,} machines x 1 Hz",
            percentile(signals.seen_ms, share),
            unit,
            name,
            percentile(bare.seen_ms, share),
            note,
        )
        for share in (0.5, 0.99)
    ]


def _second(
    publisher: Publisher, fleet: Fleet, signals: tuple[Signals, Signals], number: int
) -> None:
    """One message of each machine, in groups over a second."""
    began = time.monotonic()
    group = max(fleet.machines // 50, 1)
    for first in range(0, fleet.machines, group):
        pause = began + first / fleet.machines - time.monotonic()
        if pause > 0:
            time.sleep(pause)
        batch = []
        for machine in range(first, min(first + group, fleet.machines)):
            machine_id = fleet.ids[machine]
            payload, temperature = signals[0].publish(machine_id, number)
            value = f"{temperature:.1f}"
            signals[1].sent.setdefault(machine_id, {})[value] = signals[0].sent[machine_id][value]
            batch.append((fleet.topics[machine], payload))
        publisher.publish_many(batch)
    pause = began + 1.0 - time.monotonic()
    if pause > 0:
        time.sleep(pause)


def _browser(made: Rig, signals: Signals, stop: threading.Event) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", made.web_port, timeout=30)
    connection.request("GET", "/events", headers={"Accept": "text/event-stream"})
    answer = connection.getresponse()
    for line in _lines(answer, stop):
        if not line.startswith(b"data: "):
            continue
        at = time.time()
        for machine_id, fields in json.loads(line[6:]).get("tiles", {}).items():
            if "temperature" in fields:
                signals.shown(machine_id, fields["temperature"], at)
    connection.close()


def _lines(answer: http.client.HTTPResponse, stop: threading.Event) -> Iterator[bytes]:
    rest = b""
    while not stop.is_set():
        data = answer.read1(1 << 20)
        if not data:
            return
        *lines, rest = (rest + data).split(b"\n")
        yield from lines


def _subscriber(made: Rig, signals: Signals, stop: threading.Event) -> None:
    topics = [subscription_filter(made.settings.mqtt.topic)]
    subscriber = Subscriber(made.settings.mqtt_url, "bench-bare", topics).start()
    while not stop.is_set():
        taken = subscriber.take(10_000, 0.2)
        for delivery in taken:
            fields = json.loads(delivery.payload)
            at = delivery.received_us / 1e6
            signals.shown(fields["machine_id"], f"{fields['temperature']:.1f}", at)
        subscriber.ack(taken)
    subscriber.close()
