"""A plant for one benchmark: `andon up` on free ports over a temporary state directory."""

from __future__ import annotations

import http.client
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil  # type: ignore[import-untyped]

from andon.bench.workload import Fleet
from andon.errors import ServiceFailed
from andon.mqtt import Publisher
from andon.settings import Settings, load
from andon.store import postgres
from andon.store.postgres import Connection

ANDON = (sys.executable, "-m", "andon.cli.main")
MIB = 2**20


class Rig:
    """A state directory with its settings, and the processes that run on it."""

    def __init__(self, folder: Path, fleet: Fleet | None) -> None:
        self.folder, self.mqtt_port, self.web_port = folder, free_port(), free_port()
        self.environ = {
            **{k: v for k, v in {**os.environ}.items() if not k.startswith("ANDON_")},
            "ANDON_STATE_DIR": str(folder / "state"),
            "ANDON_MQTT__PORT": str(self.mqtt_port),
            "ANDON_WEB__PORT": str(self.web_port),
        }
        if fleet is not None:
            file = folder / "andon.toml"
            file.write_text(fleet.plant_file(), encoding="utf-8")
            self.environ["ANDON_CONFIG"] = str(file)
        self.settings: Settings = load(environ=self.environ)
        self._conn: Connection | None = None
        self._processes: list[subprocess.Popen[bytes]] = []

    def up(self, without: str = "") -> subprocess.Popen[bytes]:
        """Starts a supervisor; does not wait."""
        return self.spawn(*ANDON, "up", "--quiet", "--without", without)

    def spawn(self, *command: str) -> subprocess.Popen[bytes]:
        """A process with the rig's settings, ended with it; its output goes to bench.log."""
        with (self.folder / "bench.log").open("ab") as log:
            process = subprocess.Popen(
                command, env=self.environ, cwd=self.folder, stdout=log, stderr=log
            )
        self._processes.append(process)
        return process

    def wait(
        self,
        true: Callable[[], bool],
        what: str,
        timeout_s: float = 120.0,
        every_s: float = 0.02,
    ) -> None:
        """Polls until it is true. Raises ServiceFailed where a process ended or time is over."""
        deadline = time.monotonic() + timeout_s
        while not true():
            dead = [p for p in self._processes if p.poll() not in (None, 0)]
            if dead or time.monotonic() > deadline:
                end = (self.folder / "bench.log").read_text(errors="replace")[-2_000:]
                raise ServiceFailed(f"The benchmark waited in vain for {what}. {end}")
            time.sleep(every_s)

    def wait_ready(self, *services: str) -> None:
        """Until these services run."""
        self.wait(lambda: self._states().issuperset(services), ", ".join(services))

    def _states(self) -> set[str]:
        try:
            found = json.loads((self.settings.run_dir / "status.json").read_text())
        except (OSError, ValueError):
            return set()
        return {s["name"] for s in found["services"] if s["state"] in ("running", "done")}

    def stop(self, process: subprocess.Popen[bytes], sign: int = signal.SIGTERM) -> None:
        """Ends a process and waits for it."""
        if process.poll() is None:
            process.send_signal(sign)
            try:
                process.wait(30)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        if process in self._processes:
            self._processes.remove(process)

    def stop_all(self) -> None:
        """Ends everything, the last started first."""
        if self._conn is not None:
            self._conn.close()
            self._conn = None
        for process in reversed(list(self._processes)):
            self.stop(process)

    @property
    def conn(self) -> Connection:
        """A session as the owner."""
        if self._conn is None:
            self._conn = postgres.connect(self.settings.dsn("owner"), "andon bench")
        return self._conn

    def committed(self) -> int:
        """Messages that the engine has committed."""
        return int(postgres.scalar(self.conn, "SELECT coalesce(sum(messages), 0) FROM progress"))

    def publisher(self, name: str = "bench-publisher") -> Publisher:
        """A connected publisher."""
        publisher = Publisher(self.settings.mqtt_url, name).start()
        publisher.wait_connected(10)
        return publisher

    def machines(self) -> list[dict[str, Any]]:
        """/api/v1/machines, [] while the web does not answer."""
        connection = http.client.HTTPConnection("127.0.0.1", self.web_port, timeout=5)
        try:
            connection.request("GET", "/api/v1/machines")
            answer = connection.getresponse()
            found = json.loads(answer.read()) if answer.status == 200 else {}
        except (OSError, ValueError, http.client.HTTPException):
            return []
        finally:
            connection.close()
        return list(found.get("machines", []))


@contextmanager
def rig(fleet: Fleet | None = None) -> Iterator[Rig]:
    """A rig in a temporary folder (TMPDIR), removed afterwards.

    fleet: whose machines the plant file lists; None leaves andon to its defaults.
    """
    folder = Path(tempfile.mkdtemp(prefix="andon-bench-"))
    folder.chmod(0o755)  # PostgreSQL runs as another user where andon is started by root
    made = Rig(folder, fleet)
    try:
        yield made
    finally:
        made.stop_all()
        shutil.rmtree(folder, ignore_errors=True)


def free_port() -> int:
    """A TCP port on loopback that nobody uses now."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])


def tree(pid: int) -> list[psutil.Process]:
    """The process and all below it."""
    top = psutil.Process(pid)
    return [top, *top.children(recursive=True)]


def pss_mib(processes: list[psutil.Process]) -> float:
    """Their proportional set size: memory shared with others counts in parts."""
    total = 0
    for process in processes:
        try:
            total += process.memory_full_info().pss
        except psutil.NoSuchProcess:
            continue
    return float(total / MIB)


def cpu_seconds(processes: list[psutil.Process]) -> float:
    """User and system time of the processes and of their children that have ended."""
    total = 0.0
    for process in processes:
        try:
            total += sum(process.cpu_times()[:4])
        except psutil.NoSuchProcess:
            continue
    return total
