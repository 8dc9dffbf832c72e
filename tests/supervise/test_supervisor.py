"""The supervisor over real processes: order, crash, end, a killed supervisor, a second one."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil  # type: ignore[import-untyped]
import pytest

DRIVE = str(Path(__file__).with_name("drive.py"))


class Driven:
    """Supervisors on one state directory, with the book that their services write."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.book = folder, folder / "book"
        self.processes: list[subprocess.Popen[str]] = []

    def start(self, *services: str) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, DRIVE, str(self.folder), str(self.book), *services],
            stdout=subprocess.PIPE,
            text=True,
        )
        self.processes.append(process)
        return process

    def until(self, process: subprocess.Popen[str], text: str) -> list[str]:
        """Lines up to the one that begins with `text`."""
        lines = []
        assert process.stdout is not None
        for line in process.stdout:
            lines.append(line.rstrip())
            if line.startswith(text):
                return lines
        raise AssertionError(f"no {text!r} in {lines}")

    def lines(self) -> list[str]:
        return self.book.read_text().splitlines() if self.book.exists() else []

    def pids(self) -> list[int]:
        return [int(line.split()[2]) for line in self.lines() if " starts " in line]

    def status(self) -> dict[str, dict[str, Any]]:
        found = json.loads((self.folder / "run" / "status.json").read_text())
        return {service["name"]: service for service in found["services"]}


@pytest.fixture
def driven(tmp_path: Path) -> Iterator[Driven]:
    found = Driven(tmp_path)
    yield found
    for process in found.processes:
        if process.poll() is None:
            process.kill()
        process.wait()
    for pid in found.pids():
        if alive(pid):
            os.kill(pid, signal.SIGKILL)


def alive(pid: int) -> bool:
    try:
        return bool(psutil.Process(pid).status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


def wait_until(true: Any, timeout_s: float = 10) -> None:
    deadline = time.monotonic() + timeout_s
    while not true():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.02)


def test_services_start_in_order_and_end_in_reverse(driven: Driven) -> None:
    #  broker, store --> schema --> engine --> simulator        (start)
    #  simulator --> engine --> broker, store                   (end)
    up = driven.start(
        "broker:run", "store:run", "schema:task:store", "engine:run:broker+schema",
        "simulator:run:engine",
    )  # fmt: skip
    driven.until(up, "all ready")
    started = [line.split()[0] for line in driven.lines()]
    assert set(started[:2]) == {"broker", "store"}
    assert started[2:] == ["schema", "engine", "simulator"]
    states = {name: row["state"] for name, row in driven.status().items()}
    assert states == {
        "broker": "running", "store": "running", "schema": "done", "engine": "running",
        "simulator": "running",
    }  # fmt: skip
    assert driven.status()["engine"]["pid"] in driven.pids()
    began = time.monotonic()
    up.send_signal(signal.SIGTERM)
    assert up.wait(10) == 0
    assert time.monotonic() - began < 3
    ended = [line.split()[0] for line in driven.lines() if line.endswith("ends")]
    assert ended[:2] == ["simulator", "engine"]
    assert set(ended[2:]) == {"broker", "store"}
    assert not any(alive(pid) for pid in driven.pids())
    assert driven.status()["engine"]["state"] == "stopped"


@pytest.mark.slow
def test_a_crashed_service_starts_again_later_each_time(driven: Driven) -> None:
    up = driven.start("engine:crash_twice", "web:run:engine")
    lines = driven.until(up, "all ready")
    crashes = [line for line in lines if " crashed " in line]
    assert "ended with code 1: it broke; starting again in 0.5 s (restart 1)" in crashes[0]
    assert "starting again in 1 s (restart 2)" in crashes[1]
    assert driven.status()["engine"]["restarts"] == 2
    pid = driven.status()["engine"]["pid"]
    os.kill(pid, signal.SIGKILL)
    (line,) = driven.until(up, "engine crashed")
    assert "killed by SIGKILL" in line
    wait_until(lambda: driven.status()["engine"]["pid"] not in (None, pid))
    assert driven.status()["web"]["restarts"] == 0


def test_what_no_restart_can_help_ends_everything(driven: Driven) -> None:
    up = driven.start("broker:run", "web:wrong_setting:broker")
    driven.until(up, "broker ready")
    lines = driven.until(up, "error 3")
    assert lines[-1] == "error 3 web.port = banana is not a number"
    assert up.wait(10) == 3
    assert driven.lines()[-1] == "broker ends"


@pytest.mark.slow
def test_a_service_that_never_becomes_ready_ends_the_start(driven: Driven) -> None:
    up = driven.start("broker:run", "engine:crash:broker")
    lines = driven.until(up, "error 11")
    assert "engine is not ready after 4 s (it ended 4 times: it broke)" in lines[-1]
    assert str(driven.folder / "logs" / "engine.log") in lines[-1]
    assert up.wait(10) == 11


@pytest.mark.slow
def test_a_stubborn_service_is_killed_in_time(driven: Driven) -> None:
    up = driven.start("broker:run", "engine:stubborn:broker")
    driven.until(up, "all ready")
    began = time.monotonic()
    up.send_signal(signal.SIGINT)
    assert up.wait(10) == 0
    assert 0.9 < time.monotonic() - began < 4
    assert driven.status()["engine"]["detail"] == "killed after it did not end"
    assert not any(alive(pid) for pid in driven.pids())


def test_a_second_supervisor_says_so_and_touches_nothing(driven: Driven) -> None:
    first = driven.start("broker:run")
    driven.until(first, "all ready")
    second = driven.start("broker:run")
    (line,) = driven.until(second, "error 11")
    assert f"runs already as process {first.pid}" in line
    assert second.wait(10) == 11
    assert driven.status()["broker"]["state"] == "running"
    assert len(driven.pids()) == 1


@pytest.mark.slow
@pytest.mark.parametrize("times", [3])
def test_what_a_killed_supervisor_left_is_ended_before_anything_starts(
    driven: Driven, times: int
) -> None:
    for number in range(times):
        up = driven.start("broker:run", "engine:run:broker")
        lines = driven.until(up, "all ready")
        left = [line for line in lines if " stale " in line]
        assert len(left) == (2 if number else 0)
        assert sum(alive(pid) for pid in driven.pids()) == 2  # never a second engine
        up.kill()
        up.wait()
        assert sum(alive(pid) for pid in driven.pids()) == 2
    last = driven.start("broker:run", "engine:run:broker")
    driven.until(last, "all ready")
    last.send_signal(signal.SIGTERM)
    assert last.wait(10) == 0
    assert not any(alive(pid) for pid in driven.pids())


def test_a_process_that_got_an_old_number_is_left_alone(driven: Driven) -> None:
    bystander = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    run = driven.folder / "run"
    run.mkdir()
    (run / "engine.pid").write_text(json.dumps({"pid": bystander.pid, "create_time": 1.0}))
    up = driven.start("engine:run")
    lines = driven.until(up, "all ready")
    assert not any(" stale " in line for line in lines)
    assert bystander.poll() is None
    bystander.kill()
    bystander.wait()
