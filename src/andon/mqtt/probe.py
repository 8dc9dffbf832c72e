"""Ask a broker a short question and hang up: is it there, does it let us in, what does it hold.

Plain sockets, no client library, so that start-up checks cost milliseconds.
"""

from __future__ import annotations

import contextlib
import os
import socket
import ssl
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from urllib.parse import unquote, urlsplit

from andon.errors import AccessRefused, BrokerUnreachable, ConfigError
from andon.mqtt import packets

_REFUSED = {
    1: "it does not speak MQTT 3.1.1",
    2: "it refuses the client id",
    3: "it is not available",
}
SYS_TOPICS = {
    "$SYS/broker/version": "version",
    "$SYS/broker/publish/messages/dropped": "dropped",
    "$SYS/broker/store/messages/count": "stored_messages",
    "$SYS/broker/store/messages/bytes": "stored_bytes",
}


@dataclass(frozen=True)
class Address:
    """Where a broker is and who we are there. The password is in neither repr nor str."""

    host: str
    port: int
    tls: bool = False
    username: str = ""
    password: str = field(default="", repr=False)

    def __str__(self) -> str:
        return f"{'mqtts' if self.tls else 'mqtt'}://{self.host}:{self.port}"


@dataclass(frozen=True)
class BrokerFacts:
    """What the broker says of itself on $SYS; None where it does not say (iotcore says nothing).

    dropped: messages lost because a queue was full, since the broker's start.
    stored_messages, stored_bytes: queued, in flight and retained now.
    """

    version: str | None = None
    dropped: int | None = None
    stored_messages: int | None = None
    stored_bytes: int | None = None


def facts_from(sys: dict[str, bytes]) -> BrokerFacts:
    """BrokerFacts from $SYS topics and payloads; what cannot be read is None."""
    values: dict[str, str | int | None] = {}
    for topic, name in SYS_TOPICS.items():
        text = sys.get(topic, b"").decode(errors="replace").strip()
        if name == "version":
            values[name] = text or None
        else:
            values[name] = int(text) if text.isdecimal() else None
    return BrokerFacts(**values)  # type: ignore[arg-type]


def parse(url: str) -> Address:
    """mqtt://user:password@host:1883 or mqtts://host:8883 -> Address. Raises ConfigError."""
    parts = urlsplit(url)
    if parts.scheme not in ("mqtt", "mqtts") or not parts.hostname:
        shown = f"{parts.scheme}://..." if parts.scheme else "it"
        raise ConfigError(
            f"mqtt.url: {shown} is not a broker's address; "
            "write mqtt://host:1883 or mqtts://user:password@host:8883"
        )
    try:
        port = parts.port
    except ValueError:
        raise ConfigError("mqtt.url: the port must be a number from 1 to 65535") from None
    tls = parts.scheme == "mqtts"
    username, password = unquote(parts.username or ""), unquote(parts.password or "")
    return Address(parts.hostname, port or (8883 if tls else 1883), tls, username, password)


def check(url: str, timeout_s: float = 5.0) -> float:
    """Connect, log in, ping; return the seconds of the ping's round trip.

    Raises BrokerUnreachable (nobody listens, or no MQTT broker does) or AccessRefused.
    """
    with session(parse(url), timeout_s) as conversation:
        started = time.perf_counter()
        conversation.send(bytes((packets.PINGREQ, 0)))
        conversation.expect(packets.PINGRESP)
        return time.perf_counter() - started


def broker_facts(url: str, timeout_s: float = 5.0, listen_s: float = 0.3) -> BrokerFacts:
    """Read the retained $SYS values (Mosquitto); errors as `check`.

    All None where the broker has none, or hangs up at the question (iotcore).
    """
    check(url, timeout_s)
    with contextlib.suppress(BrokerUnreachable):
        return _ask_facts(parse(url), timeout_s, listen_s)
    return BrokerFacts()


def _ask_facts(address: Address, timeout_s: float, listen_s: float) -> BrokerFacts:
    sys: dict[str, bytes] = {}
    with session(address, timeout_s) as conversation:
        for number, topic in enumerate(SYS_TOPICS, start=1):
            conversation.send(packets.subscribe(topic, number))
        deadline = time.monotonic() + listen_s
        while len(sys) < len(SYS_TOPICS) and (left := deadline - time.monotonic()) > 0:
            for message in conversation.messages(left):
                sys[message.topic.decode(errors="replace")] = message.payload
    return facts_from(sys)


class Conversation:
    """Packets to and from a broker over one socket, one after the other."""

    def __init__(self, address: Address, sock: socket.socket, timeout_s: float) -> None:
        self.address, self._sock, self._timeout_s = address, sock, timeout_s
        self._data = b""

    def send(self, data: bytes) -> None:
        """Write whole packets."""
        self._sock.sendall(data)

    def _read(self, timeout_s: float) -> packets.Scan:
        self._sock.settimeout(max(timeout_s, 0.001))
        received = self._sock.recv(65_536)
        if not received:
            raise ConnectionResetError("the broker closed the connection")
        self._data += received
        found = packets.scan(self._data)
        self._data = self._data[found.used :]
        return found

    def expect(self, kind: int) -> bytes:
        """The body of the next packet of this kind; TimeoutError without one."""
        deadline = time.monotonic() + self._timeout_s
        while (left := deadline - time.monotonic()) > 0:
            for command, body in self._read(left).others:
                if command & 0xF0 == kind:
                    return body
        raise TimeoutError("no answer")

    def messages(self, timeout_s: float) -> list[packets.Published]:
        """What is published to us next, [] after timeout_s."""
        try:
            return self._read(timeout_s).published
        except TimeoutError:
            return []


@contextmanager
def session(address: Address, timeout_s: float) -> Iterator[Conversation]:
    """Log in for a while. Raises BrokerUnreachable or AccessRefused."""
    try:
        with _open(address, timeout_s) as sock:
            conversation = Conversation(address, sock, timeout_s)
            name = f"andon-check-{os.getpid()}-{time.monotonic_ns() % 1_000_000}"
            conversation.send(packets.connect(name, address.username, address.password))
            _let_in(address, conversation)
            yield conversation
            conversation.send(bytes((packets.DISCONNECT, 0)))
    except (OSError, packets.MalformedPacket) as error:
        raise unreachable(address, error) from error


def _open(address: Address, timeout_s: float) -> socket.socket:
    sock = socket.create_connection((address.host, address.port), timeout=timeout_s)
    if not address.tls:
        return sock
    return ssl.create_default_context().wrap_socket(sock, server_hostname=address.host)


def _let_in(address: Address, conversation: Conversation) -> None:
    try:
        answer = conversation.expect(packets.CONNACK)
    except ConnectionResetError:
        if address.username:
            raise refused(address) from None
        raise ConnectionResetError(
            "it closes the connection without an answer: no MQTT broker, "
            "or one that wants mqtt.username and mqtt.password"
        ) from None
    code = answer[1] if len(answer) == 2 else -1
    if code in (4, 5):
        raise refused(address)
    if code != 0:
        why = _REFUSED.get(code, "it does not answer like an MQTT broker")
        raise BrokerUnreachable(f"The broker at {address} cannot be used: {why}.")


def refused(address: Address) -> AccessRefused:
    """The broker is there and does not let this user in."""
    who = f"user '{address.username}'" if address.username else "a client without a user name"
    return AccessRefused(
        f"The broker at {address} refused {who}: correct mqtt.username and mqtt.password "
        "(or the user and password in mqtt.url)."
    )


def unreachable(address: Address, error: Exception) -> BrokerUnreachable:
    """Nobody answers at the address; says which settings name it."""
    why = getattr(error, "strerror", None) or str(error) or type(error).__name__
    return BrokerUnreachable(
        f"No MQTT broker answers at {address} ({why}): start it, or correct mqtt.url "
        "(mqtt.host and mqtt.port for andon's own broker)."
    )
