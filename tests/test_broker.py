"""andon's own broker: which one, with which limits, and what survives its end."""

from __future__ import annotations

import json
import socket
import stat
import time
from pathlib import Path

import pytest

from andon import broker
from andon.errors import ConfigError, DependencyMissing
from andon.mqtt import Publisher, Subscriber
from andon.settings import Settings, load
from tests.brokers import RealBroker, running


def settings_of(state_dir: Path, **environ: str) -> Settings:
    settings = load(state_dir=state_dir, environ=environ)
    settings.broker_dir.mkdir(parents=True, exist_ok=True)
    settings.run_dir.mkdir(parents=True, exist_ok=True)
    return settings


def empty_path(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(broker, "find_mosquitto", lambda: None)


def test_mosquitto_is_chosen_where_the_machine_has_it(tmp_path: Path) -> None:
    found = broker.find_mosquitto()
    if found is None:
        pytest.skip("this machine has no Mosquitto")
    assert found.version >= broker.OLDEST_MOSQUITTO
    assert broker.choose(settings_of(tmp_path)) == "mosquitto"
    assert broker.choose(settings_of(tmp_path, ANDON_BROKER__KIND="iotcore")) == "iotcore"


def test_without_mosquitto_it_is_iotcore_or_a_clear_word(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    empty_path(monkeypatch)
    settings = settings_of(tmp_path)
    assert broker.choose(settings) == "iotcore"
    assert not broker.describe(settings).persistent
    assert "in memory only" in broker.describe(settings).loses
    with pytest.raises(DependencyMissing, match=r"Install the package mosquitto"):
        broker.choose(settings_of(tmp_path, ANDON_BROKER__KIND="mosquitto"))


def test_a_mosquitto_too_old_is_not_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    old = broker.Mosquitto(Path("/usr/sbin/mosquitto"), (2, 0, 10))
    monkeypatch.setattr(broker, "find_mosquitto", lambda: old)
    assert broker.choose(settings_of(tmp_path)) == "iotcore"
    with pytest.raises(DependencyMissing, match=r"2\.0\.10 is too old"):
        broker.choose(settings_of(tmp_path, ANDON_BROKER__KIND="mosquitto"))


def test_every_limit_of_mosquitto_is_written_down(tmp_path: Path) -> None:
    environ = {"ANDON_BROKER__QUEUE_BYTES": "1GiB", "ANDON_MQTT__MAX_QUEUED": "5000"}
    lines = broker.mosquitto_config(settings_of(tmp_path, **environ)).splitlines()
    assert {
        "listener 1883 127.0.0.1",
        "max_inflight_messages 20000",
        "max_queued_messages 5000",
        f"max_queued_bytes {1024**3}",
        "max_packet_size 1048576",
        "persistence true",
        f"persistence_location {tmp_path}/broker/",
        "autosave_interval 5",
        "autosave_on_changes false",
    } <= set(lines)


def test_iotcore_listens_on_loopback_and_takes_large_packets(tmp_path: Path) -> None:
    text = broker.iotcore_config(settings_of(tmp_path))
    assert 'listen = "127.0.0.1:1883"' in text
    assert "max_payload_size = 1048576" in text


def test_a_listener_open_to_others_needs_a_user(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"mqtt\.username"):
        broker.serve(settings_of(tmp_path, ANDON_MQTT__HOST="0.0.0.0"))  # noqa: S104


def test_the_password_is_stored_hashed_and_closed(tmp_path: Path) -> None:
    login = {"ANDON_MQTT__USERNAME": "ann", "ANDON_MQTT__PASSWORD": "secret"}
    text = broker.mosquitto_config(settings_of(tmp_path, **login))
    file = tmp_path / "broker" / "accounts"
    assert "secret" not in text + file.read_text()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


@pytest.mark.parametrize("kind", ["mosquitto", "iotcore"])
def test_it_says_what_it_is_and_holds_more_than_the_default(kind: str, tmp_path: Path) -> None:
    with running(kind, tmp_path) as own:
        said = json.loads((tmp_path / "run" / "broker.json").read_text())
        assert (said["kind"], said["host"], said["port"]) == (kind, "127.0.0.1", own.port)
        assert said["persistent"] == (kind == "mosquitto")
        first = Subscriber(own.url, "engine", ["t"]).start()
        assert first.wait_connected(5)
        time.sleep(0.3)
        first.close()
        publisher = Publisher(own.url, "machine").start()
        publisher.publish("t", b"x" * 900_000)
        publisher.publish_many(("t", b"x") for _ in range(3_000))
        assert publisher.close(10) == 0
        second = Subscriber(own.url, "engine", ["t"]).start()
        count = 0
        while batch := second.take(5_000, 2):
            count += len(batch)
            second.ack(batch)
        assert count == 3_001
        second.close()


def test_mosquittos_queue_survives_an_orderly_stop(tmp_path: Path) -> None:
    own = RealBroker("mosquitto", tmp_path).start()
    first = Subscriber(own.url, "engine", ["t"]).start()
    assert first.wait_connected(5)
    time.sleep(0.3)
    first.close()
    publisher = Publisher(own.url, "machine").start()
    publisher.publish_many(("t", b"%d" % n) for n in range(100))
    assert publisher.close(10) == 0
    own.stop()
    own.start()
    second = Subscriber(own.url, "engine", ["t"]).start()
    got = [int(delivery.payload) for delivery in second.take(1_000, 5)]
    while more := second.take(1_000, 0.5):
        got += [int(delivery.payload) for delivery in more]
    assert got == list(range(100))
    second.close()
    own.stop()


def test_nobody_else_can_reach_it(tmp_path: Path) -> None:
    outside = [
        info[4][0]
        for info in socket.getaddrinfo(socket.gethostname(), None, socket.AF_INET)
        if not str(info[4][0]).startswith("127.")
    ]
    if not outside:
        pytest.skip("this machine has no address but loopback")
    with running("iotcore", tmp_path) as own, pytest.raises(OSError, match="refused"):
        socket.create_connection((str(outside[0]), own.port), timeout=1)
