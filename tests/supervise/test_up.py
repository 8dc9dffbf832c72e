"""`andon up` and `andon down` with the real broker: ports, a killed supervisor, messages."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from andon.errors import BrokerUnreachable
from andon.mqtt import check
from andon.settings import load
from andon.supervise.services import NAMES, OPTIONAL, table
from tests.brokers import free_port

ANDON = (sys.executable, "-m", "andon.cli.main")
ONLY_BROKER = "engine,web,simulator,store"


def environment(state_dir: Path, port: int) -> dict[str, str]:
    return {**os.environ, "ANDON_STATE_DIR": str(state_dir), "ANDON_MQTT__PORT": str(port)}


def start(state_dir: Path, port: int) -> subprocess.Popen[str]:
    """A supervisor of the broker alone, with andon's real launcher."""
    code = (
        "from andon.settings import load; from andon.supervise.supervisor import Supervisor;"
        "from andon.supervise.services import table; s = load(); s.ensure_state_dir();"
        "t = [x for x in table(s) if x.name == 'broker'];"
        "Supervisor(s, t, print, lambda: print('all ready', flush=True)).run()"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", code],
        env=environment(state_dir, port),
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    for line in process.stdout:
        if line.startswith("all ready"):
            return process
    raise AssertionError("not ready")


def gone(url: str) -> bool:
    try:
        check(url, timeout_s=0.5)
    except BrokerUnreachable:
        return True
    return False


@pytest.fixture
def state_dir(tmp_path: Path) -> Path:
    for folder in (tmp_path, *tmp_path.parents):
        if folder.owner() == tmp_path.owner() and folder != Path("/") and folder != Path("/tmp"):
            folder.chmod(0o755)  # as root, andon refuses a closed folder above its state
    return tmp_path / "state"


@pytest.mark.slow
def test_services_end_with_a_killed_supervisor(state_dir: Path) -> None:
    port = free_port()
    url = f"mqtt://127.0.0.1:{port}"
    for _ in range(2):
        up = start(state_dir, port)
        check(url)
        up.kill()
        up.wait()
        deadline = time.monotonic() + 5
        while not gone(url):
            assert time.monotonic() < deadline
            time.sleep(0.05)


def test_down_ends_a_running_andon_and_says_what_ended(state_dir: Path) -> None:
    port = free_port()
    up = start(state_dir, port)
    done = subprocess.run(
        [*ANDON, "down", "--json"],
        env=environment(state_dir, port),
        capture_output=True,
        text=True,
        timeout=30,
    )
    assert (done.returncode, json.loads(done.stdout)) == (0, {"stopped": ["broker"]})
    assert up.wait(5) == 0
    assert gone(f"mqtt://127.0.0.1:{port}")
    again = subprocess.run(
        [*ANDON, "down"],
        env=environment(state_dir, port),
        capture_output=True,
        text=True,
        timeout=30,
    )
    assert again.returncode == 0
    assert "Nothing runs" in again.stdout


def test_a_taken_port_is_named_with_holder_and_setting(state_dir: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = subprocess.run(
            [*ANDON, "up", "--without", ONLY_BROKER],
            env=environment(state_dir, port),
            capture_output=True,
            text=True,
            timeout=60,
        )
    assert done.returncode == 4
    assert f"Port {port} on 127.0.0.1 is taken by" in done.stderr
    assert f"(process {os.getpid()})" in done.stderr
    assert "mqtt.port (or ANDON_MQTT__PORT)" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.slow
def test_a_broker_of_others_that_is_away_is_one_clear_word(state_dir: Path) -> None:
    url = f"mqtt://ann:geheim@127.0.0.1:{free_port()}"
    done = subprocess.run(
        [*ANDON, "up", "--without", ONLY_BROKER, "--mqtt-url", url],
        env=environment(state_dir, free_port()),
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 5
    assert "No MQTT broker answers" in done.stderr
    assert "geheim" not in done.stderr + done.stdout
    assert "Traceback" not in done.stderr


def test_ctrl_c_ends_the_start_as_well(state_dir: Path) -> None:
    up = subprocess.Popen(
        [*ANDON, "up", "--without", "web,simulator,engine"],
        env=environment(state_dir, free_port()),
        stdout=subprocess.PIPE,
        text=True,
    )
    assert up.stdout is not None
    up.stdout.readline()
    time.sleep(0.3)
    up.send_signal(signal.SIGINT)
    assert up.wait(10) == 0


def test_the_table_holds_what_the_settings_need(tmp_path: Path) -> None:
    own = load(state_dir=tmp_path, environ={})
    assert tuple(service.name for service in table(own)) == NAMES
    others = {"ANDON_MQTT__URL": "mqtt://h", "ANDON_STORE__DATABASE_URL": "postgresql://h/d"}
    foreign = load(state_dir=tmp_path, environ=others)
    assert [s.name for s in table(foreign, ["simulator"])] == ["schema", "engine", "web"]
    assert set(OPTIONAL) < set(NAMES)
    for service in table(own):
        assert set(service.after) <= set(NAMES[: NAMES.index(service.name)])
