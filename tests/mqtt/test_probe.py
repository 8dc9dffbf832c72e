"""Asking a broker a short question: every way it can fail is one clear sentence."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from andon.errors import AccessRefused, BrokerUnreachable, ConfigError
from andon.mqtt import broker_facts, check, parse
from tests.brokers import free_port, running


def test_an_address_hides_its_password() -> None:
    address = parse("mqtts://ann:s%3Aecret@plant:8884")
    assert (address.host, address.port, address.tls) == ("plant", 8884, True)
    assert (address.username, address.password) == ("ann", "s:ecret")
    assert "ecret" not in f"{address} {address!r}"


@pytest.mark.parametrize("url", ["plant:1883", "http://plant", "mqtt://", "mqtt://h:99999"])
def test_a_wrong_url_names_the_setting(url: str) -> None:
    with pytest.raises(ConfigError, match=r"mqtt\.url"):
        parse(url)


def test_nobody_listening_names_place_and_setting() -> None:
    port = free_port()
    with pytest.raises(BrokerUnreachable, match=rf"127\.0\.0\.1:{port}.*mqtt\.url"):
        check(f"mqtt://127.0.0.1:{port}", timeout_s=1)


def test_something_else_listening_is_not_waited_for_long() -> None:
    silent = socket.create_server(("127.0.0.1", 0))
    with silent, pytest.raises(BrokerUnreachable, match=r"no answer|timed out"):
        check(f"mqtt://127.0.0.1:{silent.getsockname()[1]}", timeout_s=0.3)


@pytest.mark.parametrize("kind", ["mosquitto", "iotcore"])
def test_a_wrong_password_is_refused_without_saying_it(kind: str, tmp_path: Path) -> None:
    login = {"ANDON_MQTT__USERNAME": "ann", "ANDON_MQTT__PASSWORD": "right"}
    with running(kind, tmp_path, **login) as broker:
        assert check(broker.url) < 1
        host = f"127.0.0.1:{broker.port}"
        for url in (f"mqtt://ann:wrong-one@{host}", f"mqtt://{host}"):
            with pytest.raises((AccessRefused, BrokerUnreachable)) as caught:
                check(url, timeout_s=2)
            # iotcore hangs up without a word, so that a missing user is only a guess
            assert isinstance(caught.value, AccessRefused) or (kind, "@" in url) == (
                "iotcore",
                False,
            )
            assert "wrong-one" not in str(caught.value)
            assert "mqtt.password" in str(caught.value)


def test_facts_come_from_mosquitto_and_are_none_elsewhere(tmp_path: Path) -> None:
    with running("mosquitto", tmp_path) as broker:
        facts = broker_facts(broker.url, listen_s=2)
        assert facts.version is not None
        assert facts.version.startswith("mosquitto version 2")
        assert facts.dropped == 0
    with running("iotcore", tmp_path) as broker:
        assert broker_facts(broker.url).dropped is None  # it hangs up at the question
