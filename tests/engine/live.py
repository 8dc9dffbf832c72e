"""A live plant for tests: a real broker, a real database, and a real engine process to kill."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

from andon.errors import StoreUnreachable
from andon.mqtt import Publisher
from andon.store import postgres as store
from tests.brokers import RealBroker

ENGINE = "from andon.cli.main import main; import sys; sys.argv[0] = 'andon'; main()"


def as_url(dsn: str) -> str:
    """A URL of a DSN that names host, user and dbname."""
    parts = {name: value.strip("'") for name, value in re.findall(r"(\w+)=('[^']*'|\S+)", dsn)}
    host = quote(parts["host"], safe="")
    return f"postgresql://{parts['user']}@/{parts['dbname']}?host={host}"


class LivePlant:
    """Broker, database and engine; `settings` are environment variables of the engine."""

    def __init__(self, broker: RealBroker, dsn: str, state_dir: Path, **settings: str) -> None:
        self.broker, self.dsn, self.state_dir = broker, dsn, state_dir
        self.environ = {
            **os.environ,
            "ANDON_STATE_DIR": str(state_dir),
            "ANDON_MQTT__URL": broker.url,
            "ANDON_STORE__DATABASE_URL": as_url(dsn),
            "ANDON_SIMULATOR__MACHINES": "0",
            **settings,
        }
        self.engine: subprocess.Popen[bytes] | None = None
        self.subscribed = False
        self.conn = store.connect(dsn, "test")

    def start(self, *args: str, code: str = ENGINE) -> LivePlant:
        """Starts the engine and waits until it reports; the first one until it has subscribed.

        Before that the broker keeps nothing for it.
        """
        self.engine = self.spawn(*args, code=code)
        self.wait(lambda: self._reports() or self.dead(), 90)
        assert not self.dead(), self.log()
        self.subscribed = True
        return self

    def _reports(self) -> bool:
        said = self.report()
        return said.get("pid") == self.pid and (self.subscribed or said["mqtt_connected"])

    def spawn(self, *args: str, code: str = ENGINE) -> subprocess.Popen[bytes]:
        """An engine process that nobody waits for."""
        with (self.state_dir / "engine.log").open("ab") as log:
            return subprocess.Popen(
                [sys.executable, "-c", code, "engine", *args],
                env=self.environ, stdout=log, stderr=log,
            )  # fmt: skip

    @property
    def pid(self) -> int:
        assert self.engine is not None
        return self.engine.pid

    def dead(self) -> bool:
        return self.engine is None or self.engine.poll() is not None

    def kill(self) -> None:
        """SIGKILL."""
        assert self.engine is not None
        self.engine.kill()
        self.engine.wait()

    def stop(self) -> int:
        """SIGTERM; the exit code."""
        if self.engine is None:
            return 0
        if self.engine.poll() is None:
            self.engine.send_signal(signal.SIGCONT)
            self.engine.terminate()
            try:
                self.engine.wait(15)
            except subprocess.TimeoutExpired:
                self.engine.kill()
                self.engine.wait()
        return self.engine.returncode

    def log(self) -> str:
        return (self.state_dir / "engine.log").read_text()

    def report(self) -> dict[str, Any]:
        file = self.state_dir / "run" / "engine.json"
        if not file.exists():
            return {}
        found = json.loads(file.read_text())
        assert isinstance(found, dict)
        return found

    def publish(self, messages: Iterable[tuple[str, bytes]]) -> int:
        """Publishes at QoS 1 and waits for the broker's word; how many."""
        publisher = Publisher(self.broker.url, f"test-{time.monotonic_ns()}").start()
        sent = list(messages)
        publisher.publish_many(sent)
        assert publisher.close(30) == 0
        return len(sent)

    def wait(self, true: Any, timeout_s: float = 30.0) -> None:
        """Until `true`; a database that is away meanwhile is not an answer."""
        deadline = time.monotonic() + timeout_s
        while not self._is(true):
            assert time.monotonic() < deadline, self.log()[-3000:]
            time.sleep(0.05)

    def _is(self, true: Any) -> bool:
        try:
            return bool(true())
        except StoreUnreachable:
            return False

    def query(self, sql: str, *params: Any) -> list[dict[str, Any]]:
        """Rows; over a new session where the server was restarted."""
        try:
            return store.query(self.conn, sql, params)
        except StoreUnreachable:
            self.conn.close()
            self.conn = store.connect(self.dsn, "test")
            return store.query(self.conn, sql, params)

    def scalar(self, sql: str) -> Any:
        """The first column of the first row."""
        return next(iter(self.query(sql)[0].values()))

    def messages(self) -> int:
        """Messages that the engine has committed."""
        return int(self.scalar("SELECT COALESCE(sum(messages), 0) FROM progress"))

    def drained(self, messages: int, timeout_s: float = 60.0) -> None:
        """Waits until so many messages are committed and all is acknowledged."""
        self.wait(lambda: self.messages() >= messages, timeout_s)


@contextmanager
def living(
    dsn: str, state_dir: Path, kind: str = "mosquitto", **settings: str
) -> Iterator[LivePlant]:
    """A plant whose engine is not started yet; everything is stopped at the end."""
    state_dir.mkdir(parents=True, exist_ok=True)
    broker = RealBroker(kind, state_dir)
    plant = None
    try:
        broker.start()
        plant = LivePlant(broker, dsn, state_dir, **settings)
        yield plant
    finally:
        if plant is not None:
            plant.stop()
            plant.conn.close()
        broker.stop()
