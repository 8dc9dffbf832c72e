"""Real brokers on free ports, as child processes of a test."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from andon.errors import BrokerUnreachable
from andon.mqtt import check


def free_port() -> int:
    """A TCP port on loopback that nobody uses now."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])


class RealBroker:
    """andon's own broker of one kind under its own state directory; start, kill, start again."""

    def __init__(self, kind: str, state_dir: Path, **settings: str) -> None:
        self.kind, self.state_dir, self.port = kind, state_dir, free_port()
        user = settings.get("ANDON_MQTT__USERNAME")
        who = f"{user}:{settings['ANDON_MQTT__PASSWORD']}@" if user else ""
        self.url = f"mqtt://{who}127.0.0.1:{self.port}"
        self._process: subprocess.Popen[bytes] | None = None
        self._environ = {
            **os.environ,
            "ANDON_STATE_DIR": str(state_dir),
            "ANDON_BROKER__KIND": kind,
            "ANDON_MQTT__PORT": str(self.port),
            **settings,
        }

    def start(self) -> RealBroker:
        code = "from andon.settings import load; from andon.broker import serve; serve(load())"
        with (self.state_dir / "broker.log").open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-c", code], env=self._environ, stdout=log, stderr=log
            )
        deadline = time.monotonic() + 15
        while True:
            try:
                check(self.url, timeout_s=1)
                return self
            except BrokerUnreachable:
                assert self._process.poll() is None, (self.state_dir / "broker.log").read_text()
                assert time.monotonic() < deadline
                time.sleep(0.05)

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    def kill(self) -> None:
        """SIGKILL: what it had not saved is gone."""
        assert self._process is not None
        self._process.kill()
        self._process.wait()

    def stop(self) -> None:
        """SIGTERM, as the supervisor does."""
        if self._process is not None and self._process.poll() is None:
            self._process.terminate()
            try:
                self._process.wait(5)
            except subprocess.TimeoutExpired:
                self.kill()


@contextmanager
def running(kind: str, state_dir: Path, **settings: str) -> Iterator[RealBroker]:
    """A started broker, stopped at the end."""
    broker = RealBroker(kind, state_dir, **settings)
    try:
        yield broker.start()
    finally:
        broker.stop()
