"""The connection: paho for what is tedious, our own reading and writing for what is frequent.

The only module that knows paho. paho keeps connecting, keep-alive, TLS, subscriptions and its
thread; PUBLISH and PUBACK, which come by the ten thousand, are read and written here in large
pieces, because paho spends three system calls and a dozen locks on each of them.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Sequence
from typing import Any, Protocol

from paho.mqtt.client import Client, ConnectFlags, DisconnectFlags, MQTTv311
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode
from paho.mqtt.reasoncodes import ReasonCode

from andon.mqtt import packets
from andon.mqtt.probe import parse, refused

log = logging.getLogger(__name__)

_READ_BYTES = 262_144
_KEEPALIVE_S = 30
_BACKOFF_S = (0.2, 5.0)  # first and longest wait between two attempts to connect


class LinkUser(Protocol):
    """What a link calls, always from its network thread."""

    def on_packets(self, found: packets.Scan) -> None:
        """Whole PUBLISH and PUBACK packets have arrived."""

    def on_up(self) -> None:
        """The broker has let us in."""

    def on_down(self) -> None:
        """The connection has ended, or a new one is about to begin: ids of the old are void."""

    def may_read(self) -> bool:
        """False leaves the bytes in the socket, so that the broker waits."""


class Link(Client):
    """One MQTT 3.1.1 connection that reconnects by itself, after backoff_s[0] to [1] seconds.

    problem: one sentence while there is no connection or a subscription was refused, else "".
    """

    def __init__(
        self,
        user: LinkUser,
        url: str,
        client_id: str,
        clean_session: bool,
        backoff_s: tuple[float, float] = _BACKOFF_S,
    ) -> None:
        super().__init__(
            CallbackAPIVersion.VERSION2,
            client_id=client_id,
            clean_session=clean_session,
            protocol=MQTTv311,
            manual_ack=True,
        )
        self.address = parse(url)
        self.problem = "not connected yet"
        self.connects = self.ungranted = 0
        self.loss_level = logging.WARNING
        self._user, self._unread = user, b""
        self._answered_ping = threading.Event()
        self._filters: list[tuple[str, int]] = []
        if self.address.username:
            self.username_pw_set(self.address.username, self.address.password or None)
        if self.address.tls:
            self.tls_set()
        self.connect_timeout = 3.0
        shortest, longest = backoff_s
        self.reconnect_delay_set(shortest, longest)  # type: ignore[arg-type] # fractions work
        self.on_pre_connect = lambda _client, _data: self._void()
        self.on_connect_fail = lambda _client, _data: self._failed("nobody listens there")
        self.on_connect = self._answered
        self.on_disconnect = self._ended
        self.on_subscribe = self._granted

    def start(self, filters: Sequence[tuple[str, int]] = ()) -> None:
        """Connect in the background; (topic filter, QoS) are subscribed on each connection."""
        self._filters = list(filters)
        self.connect_async(self.address.host, self.address.port, keepalive=_KEEPALIVE_S)
        self.loop_start()

    def stop(self) -> None:
        """Send what is queued, disconnect and end the network thread, within about 4 s."""
        thread = self._thread
        self.disconnect()
        self._thread_terminate = True
        if thread is not None:
            thread.join(3.0)
            self._out_packet.clear()  # a broker that reads nothing must not hold us
            thread.join(1.5)

    def give_up(self) -> None:
        """From a callback: do not connect again after this connection."""
        self._thread_terminate = True

    def settle(self, timeout_s: float) -> bool:
        """True once the broker has read all that was written so far (it answered a ping)."""
        self._answered_ping.clear()
        self.write(packets.PINGREQ, bytes((packets.PINGREQ, 0)))
        return self._answered_ping.wait(timeout_s)

    def write(self, command: int, data: bytes) -> None:
        """Queue whole packets as one piece for the network thread. Thread-safe."""
        self._packet_queue(command, data, 0, 1)

    def loop_read(self, max_packets: int = 1) -> MQTTErrorCode:
        """Read what has arrived; paho's network thread calls this when the socket is readable."""
        if self._sock is None:
            return MQTTErrorCode.MQTT_ERR_NO_CONN
        if not self._user.may_read():
            self._ping_t = 0.0  # the answer to a ping may lie behind what we leave unread
            time.sleep(0.005)
            return MQTTErrorCode.MQTT_ERR_SUCCESS
        try:
            data = self._sock_recv(_READ_BYTES)
        except BlockingIOError:
            return MQTTErrorCode.MQTT_ERR_SUCCESS
        except OSError:
            data = b""
        if not data:
            return self._loop_rc_handle(MQTTErrorCode.MQTT_ERR_CONN_LOST)
        with self._msgtime_mutex:
            self._last_bytes_received = time.monotonic()
        try:
            return self._consume(self._unread + data if self._unread else data)
        except packets.MalformedPacket as error:
            log.warning("mqtt: %s sends what is not MQTT: %s", self.address, error)
            return self._loop_rc_handle(MQTTErrorCode.MQTT_ERR_PROTOCOL)

    def _consume(self, data: bytes) -> MQTTErrorCode:
        found = packets.scan(data)
        self._unread = data[found.used :]
        for command, body in found.others:
            if command == packets.PINGRESP:
                self._answered_ping.set()
            code = self._hand_to_paho(command, body)
            if code > 0:
                return self._loop_rc_handle(code)
        if found.published or found.acknowledged:
            self._user.on_packets(found)
        return MQTTErrorCode.MQTT_ERR_SUCCESS

    def _hand_to_paho(self, command: int, body: bytes) -> MQTTErrorCode:
        self._in_packet = {
            "command": command,
            "have_remaining": 1,
            "remaining_count": [],
            "remaining_mult": 1,
            "remaining_length": len(body),
            "packet": bytearray(body),
            "to_process": 0,
            "pos": 0,
        }
        return self._packet_handle()

    def _void(self) -> None:
        self._user.on_down()
        self._unread = b""
        self._out_packet.clear()  # nothing queued for the old connection may reach the new one

    def _failed(self, why: str) -> None:
        problem = f"no MQTT broker at {self.address}: {why}"
        if problem != self.problem:
            self.problem = problem
            log.warning("mqtt: %s; trying again", problem)

    def _answered(
        self, _client: Client, _data: Any, _flags: ConnectFlags, reason: ReasonCode, _more: Any
    ) -> None:
        if reason.is_failure:
            problem = f"the broker at {self.address} refused us: {reason}"
            if reason.value in (134, 135):  # MQTT 5's numbers for 3.1.1's 4 and 5
                problem = str(refused(self.address))
            if problem != self.problem:
                self.problem = problem
                log.error("mqtt: %s", problem)
            return
        self.connects += 1
        self.problem = ""
        if self._filters:
            self.subscribe(self._filters)
        self._user.on_up()

    def _ended(
        self, _client: Client, _data: Any, _flags: DisconnectFlags, reason: ReasonCode, _more: Any
    ) -> None:
        self._void()
        if not self.problem:
            self.problem = f"the connection to {self.address} was lost"
            if reason.is_failure:
                log.log(self.loss_level, "mqtt: %s; trying again", self.problem)

    def _granted(
        self, _client: Client, _data: Any, _packet_id: int, granted: list[ReasonCode], _more: Any
    ) -> None:
        for (topic, qos), code in zip(self._filters, granted, strict=False):
            if qos and code.value != qos:
                self.ungranted += 1
                self.problem = f"the broker at {self.address} does not grant QoS 1 on {topic}"
                log.error("mqtt: %s: what it delivers there cannot be redelivered", self.problem)
