"""Messages out: QoS 1, kept and sent again until the broker has acknowledged them."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Iterable
from typing import NamedTuple

from andon.mqtt import packets
from andon.mqtt.link import Link

_MOST_UNACKNOWLEDGED = 60_000  # below the 65,535 packet ids
_BUSY = 500


class Outgoing(NamedTuple):
    """A message to publish."""

    topic: str
    payload: bytes
    retain: bool = False


class _Sent(NamedTuple):
    number: int
    packet: bytes


class Publisher:
    """Publishes in order, in the background; what is unacknowledged is sent again on reconnect.

    At most `max_pending` messages are kept (60,000 at most): publishing more waits for room. A
    message acknowledged by the broker is out of our hands; one sent again may arrive twice.
    Numbers returned by `publish` count from 1 in the order published.
    """

    def __init__(self, url: str, client_id: str, max_pending: int = 20_000) -> None:
        self._limit = min(max_pending, _MOST_UNACKNOWLEDGED)
        self._changed = threading.Condition(threading.RLock())
        self._sent: dict[int, _Sent] = {}  # by packet id, in the order sent
        self._unsent: deque[tuple[int, _Sent]] = deque()
        self._up = self._closing = False
        self._last_id = self._published = self._acknowledged = 0
        self._link = Link(self, url, client_id, clean_session=True)

    def will(self, topic: str, payload: bytes, retain: bool = False) -> None:
        """What the broker publishes for us if we vanish; call before start."""
        self._link.will_set(topic, payload, qos=1, retain=retain)

    def start(self) -> Publisher:
        """Connect in the background; a broker that is away is tried again for ever."""
        self._link.start()
        return self

    @property
    def connected(self) -> bool:
        """True between the broker's welcome and the end of the connection."""
        return self._up

    def wait_connected(self, timeout_s: float) -> bool:
        """True as soon as there is a connection, False after timeout_s without one."""
        with self._changed:
            return self._changed.wait_for(lambda: self._up, timeout_s)

    @property
    def problem(self) -> str:
        """One sentence on what is wrong with the connection, "" when nothing is."""
        return self._link.problem

    @property
    def reconnects(self) -> int:
        """Connections after the first."""
        return max(self._link.connects - 1, 0)

    @property
    def pending(self) -> int:
        """Messages published and not acknowledged yet."""
        return len(self._sent) + len(self._unsent)

    @property
    def published(self) -> int:
        """Messages accepted by `publish` since the start."""
        return self._published

    @property
    def acknowledged(self) -> int:
        """Messages acknowledged by the broker since the start."""
        return self._acknowledged

    def unacknowledged(self) -> list[int]:
        """Numbers of the messages not acknowledged yet, in the order published."""
        with self._changed:
            numbers = [sent.number for sent in self._sent.values()]
            return sorted(numbers + [sent.number for _, sent in self._unsent])

    def publish(self, topic: str, payload: bytes, retain: bool = False) -> int:
        """Queue one message; waits while max_pending are unacknowledged. Returns its number."""
        return self.publish_many([Outgoing(topic, payload, retain)])

    def publish_many(self, messages: Iterable[Outgoing | tuple[str, bytes]]) -> int:
        """Queue messages in order, much cheaper than one by one. Returns the last one's number.

        Raises RuntimeError after close.
        """
        batch: list[bytes] = []
        with self._changed:
            for message in messages:
                while self.pending >= self._limit and not self._closing:
                    self._flush(batch)
                    self._changed.wait(1.0)
                if self._closing:
                    raise RuntimeError("this publisher is closed")
                batch.append(self._accept(Outgoing(*message)))
            self._flush(batch)
            return self._published

    def wait_below(self, count: int, timeout_s: float | None = None) -> bool:
        """True as soon as fewer than `count` are pending, False after timeout_s."""
        with self._changed:
            return self._changed.wait_for(lambda: self.pending < count, timeout_s)

    def close(self, timeout_s: float = 5.0) -> int:
        """Wait up to timeout_s for acknowledgements, disconnect; returns how many are missing."""
        with self._changed:
            self._closing = True
            deadline = time.monotonic() + timeout_s
            while self.pending and (left := deadline - time.monotonic()) > 0:
                self._changed.wait(left)
            missing = self.pending
        self._link.stop()
        return missing

    def _accept(self, message: Outgoing) -> bytes:
        """Give the message an id and a place; b"" while there is no connection to send it on."""
        self._last_id = self._last_id % packets.MAX_PACKET_ID + 1
        while self._last_id in self._sent:
            self._last_id = self._last_id % packets.MAX_PACKET_ID + 1
        packet = packets.publish(message.topic, message.payload, self._last_id, message.retain)
        self._published += 1
        sent = _Sent(self._published, packet)
        if not self._up:
            self._unsent.append((self._last_id, sent))
            return b""
        self._sent[self._last_id] = sent
        return packet

    def _flush(self, batch: list[bytes]) -> None:
        data = b"".join(batch)
        batch.clear()
        if data and self._up:  # else sent by on_up
            self._link.write(packets.PUBLISH, data)

    def may_read(self) -> bool:
        """Called by the link: always; with many on their way, collect acknowledgements first."""
        if len(self._sent) > _BUSY:
            time.sleep(0.002)  # brokers send each PUBACK apart; reading them singly costs 3x
        return True

    def on_packets(self, found: packets.Scan) -> None:
        """Called by the link: forget what the broker has taken over."""
        with self._changed:
            for packet_id in found.acknowledged:
                if self._sent.pop(packet_id, None) is not None:
                    self._acknowledged += 1
            self._changed.notify_all()

    def on_up(self) -> None:
        """Called by the link: send again what is unacknowledged, then what was never sent."""
        with self._changed:
            data = [packets.again(sent.packet) for sent in self._sent.values()]
            for packet_id, sent in self._unsent:
                self._sent[packet_id] = sent
                data.append(sent.packet)
            self._unsent.clear()
            self._up = True
            if data:
                self._link.write(packets.PUBLISH, b"".join(data))
            self._changed.notify_all()

    def on_down(self) -> None:
        """Called by the link: keep everything for the next connection."""
        with self._changed:
            self._up = False
