"""`andon up` as a person runs it: five machines on the page, Ctrl-C, kills, an empty plant."""

from __future__ import annotations

import html
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote

import psutil  # type: ignore[import-untyped]
import pytest

from tests.brokers import free_port

pytestmark = pytest.mark.slow

ANDON = (sys.executable, "-m", "andon.cli.main")
ENDS_WITHIN_S = 10.0
PATIENCE_S = 120.0


class Plant:
    """A state directory of its own, free ports, and the `andon up` that runs there."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.state_dir = folder, folder / "state"
        self.mqtt_port, self.web_port = free_port(), free_port()
        clean = {k: v for k, v in os.environ.items() if not k.startswith("ANDON_")}
        self.environ = {
            **clean,
            "ANDON_STATE_DIR": str(self.state_dir),
            "ANDON_MQTT__PORT": str(self.mqtt_port),
            "ANDON_WEB__PORT": str(self.web_port),
        }
        self.up: subprocess.Popen[bytes] | None = None

    def start(self, *args: str) -> float:
        """`andon up` until it says that everything runs; seconds."""
        began = time.monotonic()
        with self.log.open("ab") as log:
            mark = log.tell()
            self.up = subprocess.Popen(
                [*ANDON, "up", *args], cwd=self.folder, env=self.environ, stdout=log, stderr=log
            )
        self.wait(lambda: self._says("Everything runs", mark) or self.up.poll() is not None)  # type: ignore[union-attr]
        assert self.up.poll() is None, self.log.read_text()
        return time.monotonic() - began

    @property
    def log(self) -> Path:
        return self.folder / "up.log"

    def _says(self, words: str, since: int) -> bool:
        return words in self.log.read_bytes()[since:].decode()

    def interrupt(self) -> float:
        """Ctrl-C; seconds until `andon up` has ended, which it does without complaint."""
        assert self.up is not None
        began = time.monotonic()
        self.up.send_signal(signal.SIGINT)
        assert self.up.wait(60) == 0, self.log.read_text()
        return time.monotonic() - began

    def kill(self) -> None:
        """kill -9 of the supervisor."""
        assert self.up is not None
        self.up.kill()
        self.up.wait()

    def processes(self) -> list[psutil.Process]:
        """Whatever belongs to this state directory: by command line, environment or folder."""
        return [p for p in psutil.process_iter() if p.pid != os.getpid() and self._owns(p)]

    def _owns(self, process: psutil.Process) -> bool:
        try:
            if process.status() == psutil.STATUS_ZOMBIE:
                return False
            said = [*process.cmdline(), process.cwd(), *process.environ().values()]
        except psutil.Error:
            return False
        return any(str(self.state_dir) in words for words in said)

    def services(self, name: str) -> list[int]:
        """Process ids of a service."""
        found = []
        for process in self.processes():
            try:
                if process.cmdline()[-2:] == ["--", name]:
                    found.append(process.pid)
            except psutil.Error:
                continue
        return found

    def page(self, path: str = "/") -> str:
        """What the dashboard answers."""
        url = f"http://127.0.0.1:{self.web_port}{path}"
        with urllib.request.urlopen(url, timeout=30) as answer:
            return str(answer.read().decode())

    def api(self, path: str) -> dict[str, Any]:
        """/api/v1/..."""
        found = json.loads(self.page(f"/api/v1/{path}"))
        assert isinstance(found, dict)
        return found

    def machines(self) -> dict[str, dict[str, Any]]:
        """Tiles by machine."""
        return {tile["machine_id"]: tile for tile in self.api("machines")["machines"]}

    def wait(self, true: Callable[[], object], patience_s: float = PATIENCE_S) -> None:
        """Until `true`; a dashboard that is away meanwhile is not an answer."""
        deadline = time.monotonic() + patience_s
        while not self._is(true):
            assert time.monotonic() < deadline, self.log.read_text()
            time.sleep(0.1)

    def _is(self, true: Callable[[], object]) -> bool:
        try:
            return bool(true())
        except (OSError, urllib.error.URLError):
            return False

    def has_machines(self, count: int) -> bool:
        """So many machines, each with a state and an OEE, and the engine is heard."""
        value = self.api("machines")
        tiles = value["machines"]
        known = all(t["state"] != "UNKNOWN" and t["oee"] is not None for t in tiles)
        return len(tiles) == count and known and value["stale_since"] is None

    def sums(self, since: datetime) -> dict[str, tuple[int, int]]:
        """Readings and produced units of each machine since then."""
        start = int(since.timestamp() * 1000)
        end = int(time.time() * 1000) + 60_000
        found = {}
        for machine in self.machines():
            value = self.api(f"oee?machine={quote(machine)}&from={start}&to={end}")
            found[machine] = (value["readings"], value["produced_units"])
        return found


@contextmanager
def fresh() -> Iterator[Plant]:
    """A short folder that everybody may pass through (PostgreSQL's socket, another account)."""
    folder = Path(tempfile.mkdtemp(prefix="andon-up-", dir="/tmp"))
    folder.chmod(0o755)
    plant = Plant(folder)
    try:
        yield plant
    finally:
        for process in plant.processes():
            process.kill()
        if plant.up is not None:
            plant.up.wait(10)
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def plant() -> Iterator[Plant]:
    with fresh() as found:
        yield found


def test_a_plant_that_is_stopped_started_and_killed(plant: Plant) -> None:
    began = datetime.now(UTC).replace(second=0, microsecond=0)
    plant.start()
    plant.wait(lambda: plant.has_machines(5))
    assert len(plant.services("engine")) == 1
    before = plant.sums(began)
    assert plant.interrupt() < ENDS_WITHIN_S
    assert plant.processes() == []

    stopped = datetime.now(UTC)
    plant.start()
    plant.wait(lambda: plant.has_machines(5))
    check_history(plant, began, stopped, before)

    # kill -9 of the web: it comes back by itself, the engine does not notice
    (engine,), (web,) = plant.services("engine"), plant.services("web")
    os.kill(web, signal.SIGKILL)
    plant.wait(lambda: plant.services("web") not in ([], [web]) and plant.has_machines(5))
    assert plant.services("engine") == [engine]
    rows = {row["name"]: row for row in status(plant)}
    assert (rows["web"]["restarts"], rows["engine"]["restarts"]) == (1, 0)

    # kill -9 of the supervisor: what it left has ended or is ended, and one engine goes on
    plant.kill()
    plant.start()
    plant.wait(lambda: plant.has_machines(5))
    assert len(plant.services("engine")) == 1
    assert plant.services("engine") != [engine]
    check_history(plant, began, stopped, before)
    assert plant.interrupt() < ENDS_WITHIN_S
    assert plant.processes() == []


def status(plant: Plant) -> list[dict[str, Any]]:
    """Rows of run/status.json."""
    found: list[dict[str, Any]] = json.loads(
        (plant.state_dir / "run" / "status.json").read_text(encoding="utf-8")
    )["services"]
    return found


def check_history(
    plant: Plant, began: datetime, stopped: datetime, before: dict[str, tuple[int, int]]
) -> None:
    """Sums did not shrink, and each machine has states from before the stop."""
    now = plant.sums(began)
    assert now.keys() == before.keys()
    for machine, (readings, produced) in before.items():
        assert now[machine][0] >= readings > 0
        assert now[machine][1] >= produced
        value = plant.api(f"machines/{quote(machine)}?hours=1")
        starts = [datetime.fromisoformat(interval["start"]) for interval in value["intervals"]]
        assert min(starts) < stopped


def commands(page: str) -> dict[str, str]:
    """The publish commands that the empty page offers, by name."""
    found = re.findall(r'<pre id="cmd-(\w+)".*?<code>(.*?)</code>', page, re.S)
    return {name: html.unescape(text) for name, text in found}


def run(*command: str) -> str:
    """What it prints."""
    return subprocess.run(command, check=True, timeout=60, capture_output=True, text=True).stdout


def test_an_empty_plant_says_how_to_publish(plant: Plant) -> None:
    plant.start("--without", "simulator")
    assert plant.api("machines")["machines"] == []
    page = plant.page()
    assert "No machine has reported yet" in page
    assert re.search(r'<section id="empty" class="empty" aria', page)
    shell = commands(page)["shell"]
    assert shell.startswith(f"mosquitto_pub -h 127.0.0.1 -p {plant.mqtt_port} ")
    told = run("/bin/bash", "-c", 'mosquitto_pub() { printf %s "${@: -1}"; }; ' + shell)
    assert json.loads(told)["state"] == "RUNNING"  # its quotes come out as one JSON object
    run(sys.executable, "-c", commands(page)["python"])
    plant.wait(lambda: len(plant.machines()) == 1)
    ((machine, tile),) = plant.machines().items()
    assert (tile["effectiveness"], tile["oee"], tile["note"]) == (None, None, "ideal rate not set")
    assert (tile["state"], tile["simulated"], tile["readings"]) == ("RUNNING", False, 1)
    page = plant.page()
    assert re.findall(r'class="tile[^"]*"[^>]*data-id="([^"]+)"', page) == [machine]
    assert re.search(r'<section id="empty" class="empty" hidden', page)
    assert "ideal rate not set" in page
    assert plant.interrupt() < ENDS_WITHIN_S
    assert plant.processes() == []
