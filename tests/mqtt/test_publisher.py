"""Messages out: what the broker has not acknowledged is sent again."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from andon.mqtt import Publisher, Subscriber
from tests.brokers import RealBroker, running


def test_what_is_published_without_a_broker_arrives_when_it_comes(tmp_path: Path) -> None:
    broker = RealBroker("mosquitto", tmp_path)
    publisher = Publisher(broker.url, "machine").start()
    assert [publisher.publish("t", b"%d" % n, retain=True) for n in range(3)] == [1, 2, 3]
    assert publisher.unacknowledged() == [1, 2, 3]
    broker.start()
    try:
        assert publisher.wait_below(1, 8)
        assert publisher.acknowledged == 3
        subscriber = Subscriber(broker.url, "reader", ["t"]).start()
        (kept,) = subscriber.take(10, 5)
        assert (kept.payload, kept.retained) == (b"2", True)
        subscriber.close()
    finally:
        assert publisher.close() == 0
        broker.stop()


def test_publishing_waits_at_its_bound_and_close_says_what_is_missing(tmp_path: Path) -> None:
    broker = RealBroker("mosquitto", tmp_path)  # never started
    publisher = Publisher(broker.url, "machine", max_pending=10).start()
    publisher.publish_many(("t", b"x") for _ in range(10))
    assert not publisher.wait_below(10, 0.2)
    started = time.monotonic()
    assert publisher.close(0.3) == 10
    assert time.monotonic() - started < 6
    with pytest.raises(RuntimeError):
        publisher.publish("t", b"x")


def test_a_will_speaks_for_a_publisher_that_vanishes(tmp_path: Path) -> None:
    with running("mosquitto", tmp_path) as broker:
        subscriber = Subscriber(broker.url, "reader", ["status"]).start()
        assert subscriber.wait_connected(5)
        publisher = Publisher(broker.url, "machine")
        publisher.will("status", b"offline")
        publisher.start()
        assert publisher.wait_connected(5)
        time.sleep(0.3)
        rival = Publisher(broker.url, "machine").start()  # the broker cuts the first one off
        got = subscriber.take(10, 5)
        assert [delivery.payload for delivery in got] == [b"offline"]
        publisher.close(0.1)
        rival.close(0.1)
        subscriber.close()


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["mosquitto", "iotcore"])
def test_a_killed_broker_costs_at_most_what_it_had_acknowledged(kind: str, tmp_path: Path) -> None:
    #  publish ---------x kill -9     start ------------> close
    #  what the broker acknowledged and had not saved may be gone; nothing else is
    broker = RealBroker(kind, tmp_path, ANDON_BROKER__AUTOSAVE_INTERVAL_S="1").start()
    subscriber = Subscriber(broker.url, "engine", ["t/+"]).start()
    assert subscriber.wait_connected(5)
    time.sleep(2.5)  # Mosquitto has saved the session
    publisher = Publisher(broker.url, "machine").start()
    for n in range(30_000):
        if n == 10_000:
            broker.kill()
            while publisher.connected:  # until it has read what the broker still said
                time.sleep(0.01)
            acknowledged = publisher.acknowledged
            broker.start()
        publisher.publish(f"t/{n % 7}", b"%d" % n)
    try:
        assert publisher.close(20) == 0
        assert publisher.acknowledged == 30_000
        assert publisher.reconnects == 1
        assert subscriber.wait_connected(5)
        time.sleep(0.3)
        after = Publisher(broker.url, "afterwards").start()
        after.publish("t/0", b"-1")
        assert after.close(5) == 0
        seen: set[int] = set()
        while batch := subscriber.take(10_000, 2):
            seen |= {int(delivery.payload) for delivery in batch}
            subscriber.ack(batch)
        missing = set(range(30_000)) - seen
        assert -1 in seen
        if kind == "mosquitto":  # iotcore has lost the session too: nobody kept what came first
            assert max(missing, default=0) < acknowledged
    finally:
        subscriber.close()
        broker.stop()
