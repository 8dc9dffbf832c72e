"""Messages in: a persistent session at QoS 1 that acknowledges only what it is told to."""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from andon.mqtt import packets
from andon.mqtt.link import Link
from andon.mqtt.probe import SYS_TOPICS, BrokerFacts, facts_from

_TOPICS_REMEMBERED = 20_000
_BACKOFF_S = (0.1, 1.0)
"""Sooner than any Publisher: a broker that lost the session must see us before the machines."""


class Delivery(NamedTuple):
    """One message as the broker delivered it; hand it to Subscriber.ack once it is committed.

    received_us: microseconds since 1970 when its bytes were read from the socket. packet_id is 0
    for a message published at QoS 0, and counts within `connection`.
    """

    topic: str
    payload: bytes
    received_us: int
    retained: bool
    packet_id: int
    connection: int


@dataclass
class Counters:
    """What a Subscriber has seen since its start; all of them only grow.

    received: messages; redelivered: those with the DUP flag; acked: acknowledgements sent;
    stale: acknowledgements not sent since their connection is gone (the broker redelivers);
    qos0: messages published at QoS 0, which nobody can redeliver; reconnects: connections after
    the first; ungranted: subscriptions that the broker did not grant at QoS 1.
    """

    received: int = 0
    redelivered: int = 0
    acked: int = 0
    stale: int = 0
    qos0: int = 0
    reconnects: int = 0
    ungranted: int = 0


class Subscriber:
    """Receives in the background from `start` on; take, commit, then ack, oldest first.

    What is not acknowledged is delivered again after a reconnect or a restart under the same
    client_id. Memory is bounded by the broker's in-flight window and by `held_bytes` of payload
    not taken yet, past which the socket is not read. `max_inflight` must be the broker's own.
    """

    def __init__(
        self,
        url: str,
        client_id: str,
        topics: Sequence[str],
        max_inflight: int = 20_000,
        held_bytes: int = 64 * 1024 * 1024,
    ) -> None:
        self.max_inflight = max_inflight
        self._filters = [(topic, 1) for topic in topics]
        self._held_limit = held_bytes
        self._lock = threading.RLock()
        self._arrived, self._up = threading.Event(), threading.Event()
        self._held: deque[Delivery] = deque()
        self._held_bytes = self._connection = self._unacked = 0
        self._counters = Counters()
        self._names: dict[bytes, str] = {}
        self._figures: _Figures | None = None
        self._figures_of = (url, f"{client_id}-figures")
        self._link = Link(self, url, client_id, clean_session=False, backoff_s=_BACKOFF_S)

    def start(self) -> Subscriber:
        """Connect in the background; a broker that is away is tried again for ever."""
        self._link.start(self._filters)
        if self._figures:
            self._figures.start()
        return self

    def subscribe_sys(self) -> None:
        """Also read the broker's own figures ($SYS) where it has them; call before start.

        On a connection of its own, because iotcore hangs up on who asks for $SYS.
        """
        self._figures = _Figures(*self._figures_of)

    @property
    def connected(self) -> bool:
        """True between the broker's welcome and the end of the connection."""
        return self._up.is_set()

    def wait_connected(self, timeout_s: float) -> bool:
        """True as soon as there is a connection, False after timeout_s without one."""
        return self._up.wait(timeout_s)

    @property
    def problem(self) -> str:
        """One sentence on what is wrong with the connection, "" when nothing is."""
        return self._link.problem

    @property
    def counters(self) -> Counters:
        """The live counters; read only."""
        self._counters.reconnects = max(self._link.connects - 1, 0)
        self._counters.ungranted = self._link.ungranted
        return self._counters

    @property
    def broker(self) -> BrokerFacts:
        """The newest figures from $SYS; None in each field the broker does not publish."""
        return facts_from(self._figures.values if self._figures else {})

    @property
    def waiting(self) -> int:
        """Messages received and not taken yet."""
        return len(self._held)

    @property
    def inflight(self) -> int:
        """Messages of this connection not acknowledged yet, taken or not."""
        return self._unacked

    @property
    def window_full(self) -> bool:
        """The broker sends nothing more until something is taken and acknowledged."""
        return self._unacked >= self.max_inflight or not self.may_read()

    def take(self, max_messages: int, wait_s: float) -> list[Delivery]:
        """Up to max_messages in the order received; waits up to wait_s for the first one."""
        deadline = time.monotonic() + wait_s
        while not self._held and (left := deadline - time.monotonic()) > 0:
            with self._lock:
                if not self._held:
                    self._arrived.clear()
            self._arrived.wait(left)
        with self._lock:
            if len(self._held) <= max_messages:
                taken = list(self._held)
                self._held.clear()
            else:
                taken = [self._held.popleft() for _ in range(max_messages)]
            self._held_bytes -= sum([len(delivery.payload) for delivery in taken])
        return taken

    def ack(self, deliveries: Sequence[Delivery]) -> int:
        """Acknowledge in the order given; returns how many were sent. Thread-safe.

        Deliveries of an earlier connection are left alone: their ids mean something else now,
        and the broker sends the messages again.
        """
        with self._lock:
            current = self._connection if self._up.is_set() else -1
            ids = [d.packet_id for d in deliveries if d.packet_id and d.connection == current]
            if ids:
                self._link.write(packets.PUBACK, packets.acknowledge(ids))
            self._unacked -= len(ids)
            self._counters.acked += len(ids)
            self._counters.stale += sum([d.packet_id > 0 for d in deliveries]) - len(ids)
        return len(ids)

    def close(self) -> None:
        """Wait until the broker has read the acknowledgements, disconnect; the session stays."""
        if self.connected:
            self._link.settle(timeout_s=2.0)
        if self._figures:
            self._figures.stop()
        self._link.stop()
        self._up.clear()

    def may_read(self) -> bool:
        """Called by the link: whether there is room for more."""
        return self._held_bytes < self._held_limit

    def on_packets(self, found: packets.Scan) -> None:
        """Called by the link: keep what has arrived, in order."""
        received_us = time.time_ns() // 1000
        names, connection = self._names, self._connection
        fresh: list[Delivery] = []
        redelivered = at_qos0 = size = 0
        for topic, payload, packet_id, retained, duplicate in found.published:
            name = names.get(topic) or self._name(topic)
            at_qos0 += not packet_id
            redelivered += duplicate
            size += len(payload)
            fresh.append(Delivery(name, payload, received_us, retained, packet_id, connection))
        with self._lock:
            self._held.extend(fresh)
            self._held_bytes += size
            self._unacked += len(fresh) - at_qos0
            self._counters.received += len(fresh)
            self._counters.redelivered += redelivered
            self._counters.qos0 += at_qos0
            if fresh:
                self._arrived.set()

    def on_up(self) -> None:
        """Called by the link: deliveries follow."""
        self._up.set()

    def on_down(self) -> None:
        """Called by the link: forget what waits, for the broker delivers it again."""
        with self._lock:
            self._up.clear()
            self._connection += 1
            self._held.clear()
            self._held_bytes = self._unacked = 0

    def _name(self, topic: bytes) -> str:
        if len(self._names) >= _TOPICS_REMEMBERED:
            self._names.clear()
        name = self._names[topic] = topic.decode(errors="replace")
        return name


class _Figures:
    """The newest payload of each $SYS topic, from a broker that has them."""

    _PATIENCE = 3

    def __init__(self, url: str, client_id: str) -> None:
        self.values: dict[str, bytes] = {}
        self._ups = 0
        self._link = Link(self, url, client_id, clean_session=True)
        self._link.loss_level = logging.DEBUG

    def start(self) -> None:
        self._link.start([(topic, 0) for topic in SYS_TOPICS])

    def stop(self) -> None:
        self._link.stop()

    def may_read(self) -> bool:
        return True

    def on_up(self) -> None:
        self._ups += 1

    def on_packets(self, found: packets.Scan) -> None:
        for message in found.published:
            self.values[message.topic.decode(errors="replace")] = message.payload

    def on_down(self) -> None:
        if self._ups >= self._PATIENCE and not self.values:
            self._link.give_up()  # welcomed and thrown out again: it has no figures
