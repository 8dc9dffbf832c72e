"""Messages in: nothing is acknowledged before we say so, and nothing unacknowledged is lost."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from andon.mqtt import Delivery, Publisher, Subscriber, packets, parse
from andon.mqtt.probe import session
from tests.brokers import RealBroker, running

FILTER = "factory/machines/+/telemetry"


@pytest.fixture(params=["mosquitto", "iotcore"])
def broker(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[RealBroker]:
    with running(request.param, tmp_path) as running_broker:
        yield running_broker


def open_session(broker: RealBroker, **more: int) -> Subscriber:
    subscriber = Subscriber(broker.url, "engine", [FILTER], **more).start()
    assert subscriber.wait_connected(5)
    time.sleep(0.2)  # the subscription is granted after the welcome
    return subscriber


def send(broker: RealBroker, numbers: range) -> None:
    publisher = Publisher(broker.url, "machines").start()
    publisher.publish_many((f"factory/machines/m{n % 3}/telemetry", b"%d" % n) for n in numbers)
    assert publisher.close(10) == 0


def receive(subscriber: Subscriber, count: int, at_once: int = 1_000) -> list[Delivery]:
    """`count` messages, or what came within 10 s."""
    deadline = time.monotonic() + 10
    got: list[Delivery] = []
    while len(got) < count and time.monotonic() < deadline:
        got += subscriber.take(min(at_once, count - len(got)), 0.5)
    return got


def numbers_of(deliveries: list[Delivery]) -> list[int]:
    return [int(delivery.payload) for delivery in deliveries]


def test_messages_come_in_order_with_topic_and_time(broker: RealBroker) -> None:
    subscriber = open_session(broker)
    before_us = time.time_ns() // 1000
    send(broker, range(5))
    got = receive(subscriber, 5, at_once=2)
    assert numbers_of(got) == [0, 1, 2, 3, 4]
    assert got[1].topic == "factory/machines/m1/telemetry"
    assert before_us <= got[0].received_us <= time.time_ns() // 1000
    assert not got[0].retained
    assert subscriber.inflight == 5
    assert subscriber.ack(got) == 5
    assert subscriber.inflight == 0
    subscriber.close()


def test_only_the_unacknowledged_come_again_after_a_restart(broker: RealBroker) -> None:
    #  taken       0 1 2 3 4 5 6 7 8 9
    #  committed   0 1 2 3
    #  again               4 5 6 7 8 9 and 10 11 12, sent while nobody was there
    first = open_session(broker)
    send(broker, range(10))
    got = receive(first, 10)
    first.ack(got[:4])
    first.close()
    send(broker, range(10, 13))
    second = open_session(broker)
    again = receive(second, 9)
    assert numbers_of(again) == list(range(4, 13))
    second.ack(again)
    second.close()
    third = open_session(broker)
    assert third.take(10, 0.5) == []
    third.close()


def test_an_empty_take_means_that_its_whole_wait_was_empty(tmp_path: Path) -> None:
    """Else an engine that polls would take a burst for the end of the backlog."""
    with running("mosquitto", tmp_path) as broker:
        open_session(broker).close()
        send(broker, range(20_000))
        subscriber = open_session(broker)
        count = 0
        while count < 20_000:
            batch = subscriber.take(7, 5)
            assert batch
            count += len(batch)
            subscriber.ack(batch)
        assert subscriber.take(7, 0) == []
        subscriber.close()


def test_ids_of_a_lost_connection_are_not_acknowledged(broker: RealBroker) -> None:
    subscriber = open_session(broker)
    send(broker, range(3))
    old = receive(subscriber, 3)
    rival = open_session(broker)  # the same client id: the broker drops the first connection
    assert receive(rival, 3)
    rival.close()
    deadline = time.monotonic() + 10
    while subscriber.counters.reconnects == 0 and time.monotonic() < deadline:
        time.sleep(0.05)
    new = receive(subscriber, 3)
    assert numbers_of(new) == [0, 1, 2]
    assert new[0].connection != old[0].connection
    assert subscriber.ack(old) == 0
    assert subscriber.counters.stale == 3
    assert subscriber.inflight == 3
    assert subscriber.ack(new) == 3
    subscriber.close()


def test_the_window_bounds_what_is_held(tmp_path: Path) -> None:
    with running("mosquitto", tmp_path, ANDON_MQTT__MAX_INFLIGHT="50") as broker:
        subscriber = open_session(broker, max_inflight=50)
        send(broker, range(200))
        time.sleep(0.5)
        assert subscriber.waiting == 50
        assert subscriber.window_full
        got: list[Delivery] = []
        while len(got) < 200 and (batch := subscriber.take(30, 2)):
            got += batch
            subscriber.ack(batch)
        assert numbers_of(got) == list(range(200))
        subscriber.close()


def test_a_full_store_of_bytes_stops_reading_not_the_connection(broker: RealBroker) -> None:
    subscriber = open_session(broker, held_bytes=300_000)
    publisher = Publisher(broker.url, "machines").start()
    publisher.publish_many(("factory/machines/m/telemetry", b"x" * 100_000) for _ in range(20))
    time.sleep(1)
    assert subscriber.waiting < 20
    assert subscriber.window_full
    assert len(receive(subscriber, 20)) == 20
    assert subscriber.connected
    publisher.close()
    subscriber.close()


def test_what_cannot_be_redelivered_is_counted(tmp_path: Path) -> None:
    """Mosquitto passes QoS 0 on as QoS 0; iotcore raises it to the subscription's."""
    topic = b"factory/machines/m/telemetry"
    body = len(topic).to_bytes(2, "big") + topic + b"once"
    with running("mosquitto", tmp_path) as broker:
        subscriber = open_session(broker)
        with session(parse(broker.url), 5) as conversation:
            conversation.send(bytes((packets.PUBLISH, len(body))) + body)
        (got,) = receive(subscriber, 1)
        assert (got.payload, got.packet_id) == (b"once", 0)
        assert subscriber.ack([got]) == 0
        assert (subscriber.counters.qos0, subscriber.counters.stale) == (1, 0)
        subscriber.close()


def test_the_brokers_own_figures_are_read_beside(tmp_path: Path) -> None:
    with running("mosquitto", tmp_path) as broker:
        subscriber = Subscriber(broker.url, "engine", [FILTER])
        subscriber.subscribe_sys()
        subscriber.start()
        deadline = time.monotonic() + 8
        while subscriber.broker.dropped is None and time.monotonic() < deadline:
            time.sleep(0.05)
        assert subscriber.broker.dropped == 0
        assert subscriber.counters.received == 0
        subscriber.close()


def test_a_broker_without_figures_is_asked_three_times(tmp_path: Path) -> None:
    with running("iotcore", tmp_path) as broker:
        subscriber = Subscriber(broker.url, "engine", [FILTER])
        subscriber.subscribe_sys()
        subscriber.start()
        time.sleep(2.5)
        assert subscriber.connected
        assert subscriber.counters.reconnects == 0
        assert subscriber.broker.dropped is None
        assert subscriber._figures is not None
        assert subscriber._figures._ups == 3
        subscriber.close()


def test_a_broker_that_is_away_is_waited_for(tmp_path: Path) -> None:
    broker = RealBroker("mosquitto", tmp_path)
    subscriber = Subscriber(broker.url, "engine", [FILTER]).start()
    time.sleep(0.3)
    assert not subscriber.connected
    assert str(broker.port) in subscriber.problem
    broker.start()
    try:
        assert subscriber.wait_connected(6)
        assert subscriber.problem == ""
    finally:
        subscriber.close()
        broker.stop()
