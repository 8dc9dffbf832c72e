"""What goes wrong at a start is one clear line with what to do, and its documented exit code."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from andon import errors
from andon.store import postgres as store
from tests.brokers import RealBroker, free_port, running
from tests.engine.live import LivePlant, as_url
from tests.recovery.server import Server, serving

pytestmark = pytest.mark.slow
ANDON = (sys.executable, "-m", "andon.cli.main")
SECRET = "geheim-7"


def andon(folder: Path, *args: str, **environ: str) -> subprocess.CompletedProcess[str]:
    """`andon` in a folder, its state beside it, until it ends."""
    clean = {k: v for k, v in os.environ.items() if not k.startswith("ANDON_")}
    state = {"ANDON_STATE_DIR": str(folder / "state"), "ANDON_WEB__PORT": str(free_port())}
    return subprocess.run(
        [*ANDON, *args],
        cwd=folder,
        env={**clean, **state, **environ},
        capture_output=True,
        text=True,
        timeout=90,
        check=False,
    )


def says(
    done: subprocess.CompletedProcess[str], error: type[errors.AndonError], *words: str
) -> None:
    """One line on stderr with these words, the error's exit code, no traceback, no password."""
    told = [line for line in done.stderr.splitlines() if not line.startswith("{")]
    assert done.returncode == error.exit_code, done.stderr
    assert len(told) == 1, done.stderr
    assert told[0].startswith("andon: ")
    for word in words:
        assert word in told[0]
    assert "Traceback" not in done.stdout + done.stderr
    assert SECRET not in done.stdout + done.stderr


def documented() -> dict[int, str]:
    """Exit codes and error names of docs/exit-codes.md."""
    text = (Path(__file__).parents[2] / "docs" / "exit-codes.md").read_text(encoding="utf-8")
    return {int(code): name for code, name in re.findall(r"^\| (\d+) \| (\w*) \|", text, re.M)}


def test_every_code_used_here_is_documented() -> None:
    for error in errors.AndonError.__subclasses__():
        assert documented()[error.exit_code] == error.__name__


@pytest.mark.parametrize("command", ["up", "engine", "web", "simulate"])
def test_a_broken_file_names_line_and_what_is_wrong(tmp_path: Path, command: str) -> None:
    file = tmp_path / "andon.toml"
    file.write_text("[engine\nmax_gap_s = 60\n")
    says(andon(tmp_path, command), errors.ConfigError, str(file))
    file.write_text('[engine]\nmax_gap_s = "soon"\n')
    says(andon(tmp_path, command), errors.ConfigError, "engine.max_gap_s", "soon", "line 2")


def test_a_taken_port_names_the_setting(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        said = andon(tmp_path, "web", ANDON_WEB__PORT=port)
        says(said, errors.PortTaken, port, "web.port")
        said = andon(tmp_path, "up", ANDON_WEB__PORT=port, ANDON_MQTT__PORT=str(free_port()))
        says(said, errors.PortTaken, port, "web.port")
        assert not (tmp_path / "state" / "run" / "engine.json").exists()


def test_a_broker_that_is_away(tmp_path: Path) -> None:
    url = f"mqtt://ann:{SECRET}@127.0.0.1:{free_port()}"
    lines = tmp_path / "lines.jsonl"
    lines.write_text('{"machine_id": "M1", "timestamp": "2026-03-02T00:00:00Z"}\n')
    said = andon(tmp_path, "simulate", "--publish-file", str(lines), "--mqtt-url", url)
    says(said, errors.BrokerUnreachable, "No MQTT broker answers", "mqtt.url")
    assert said.returncode == 5


def test_a_broker_that_refuses_the_password(tmp_path: Path) -> None:
    lines = tmp_path / "lines.jsonl"
    lines.write_text('{"machine_id": "M1", "timestamp": "2026-03-02T00:00:00Z"}\n')
    account = {"ANDON_MQTT__USERNAME": "ann", "ANDON_MQTT__PASSWORD": "the right one"}
    (tmp_path / "broker").mkdir()
    with running("mosquitto", tmp_path / "broker", **account) as broker:
        url = f"mqtt://ann:{SECRET}@127.0.0.1:{broker.port}"
        said = andon(tmp_path, "simulate", "--publish-file", str(lines), "--mqtt-url", url)
        says(said, errors.AccessRefused, "refused user 'ann'", "mqtt.password")


def test_an_engine_waits_for_its_broker_and_says_so(database: str, tmp_path: Path) -> None:
    broker = RealBroker("mosquitto", tmp_path)
    plant = LivePlant(broker, database, tmp_path)
    try:
        plant.engine = plant.spawn()
        plant.wait(lambda: "no MQTT broker" in str(plant.report().get("mqtt_problem")))
        assert plant.report()["mqtt_connected"] is False
        broker.start()
        plant.wait(lambda: plant.report()["mqtt_connected"] and not plant.report()["mqtt_problem"])
        assert "Traceback" not in plant.log()
    finally:
        plant.stop()
        plant.conn.close()
        broker.stop()


def test_a_database_that_is_away(tmp_path: Path) -> None:
    url = f"postgresql://ann:{SECRET}@127.0.0.1:{free_port()}/plant"
    for args in (("up",), ("db", "upgrade"), ("engine",)):
        said = andon(
            tmp_path, *args, ANDON_STORE__DATABASE_URL=url, ANDON_MQTT__PORT=str(free_port())
        )
        says(said, errors.StoreUnreachable, "database plant", "127.0.0.1", "store.database_url")


def with_password(server: Server) -> str:
    """URL of a user of the server who must give a password, with a wrong one."""
    hba = server.cluster.data / "pg_hba.conf"
    hba.write_text("local all ann scram-sha-256\n" + hba.read_text())
    conn = store.connect(server.cluster.dsn())
    store.execute(conn, "CREATE ROLE ann LOGIN PASSWORD 'the right one'")
    store.execute(conn, "SELECT pg_reload_conf()")
    conn.close()
    time.sleep(0.5)
    url = as_url(server.dsn)
    return re.sub(r"//[^@]*@", f"//ann:{SECRET}@", url)


def test_a_database_that_refuses_the_password(tmp_path: Path) -> None:
    with serving() as server:
        url = with_password(server)
        for args in (("up",), ("db", "upgrade"), ("engine",)):
            said = andon(
                tmp_path, *args, ANDON_STORE__DATABASE_URL=url, ANDON_MQTT__PORT=str(free_port())
            )
            says(said, errors.AccessRefused, "password authentication failed", "database andon")


def test_a_database_without_the_schema(tmp_path: Path) -> None:
    with serving() as server:
        url = as_url(server.dsn).replace("/andon?", "/postgres?")
        said = andon(tmp_path, "engine", ANDON_STORE__DATABASE_URL=url)
        says(said, errors.SchemaError, "andon db upgrade")
        url = as_url(server.dsn).replace("/andon?", "/nowhere?")
        said = andon(tmp_path, "db", "upgrade", ANDON_STORE__DATABASE_URL=url)
        says(said, errors.StoreUnreachable, "nowhere", "does not exist")


@pytest.fixture
def tmp_path() -> Iterator[Path]:
    """Open to other users, as PostgreSQL started by root needs it."""
    folder = Path(tempfile.mkdtemp(prefix="andon-test-", dir="/tmp"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


@contextmanager
def mounted(folder: Path, options: str) -> Iterator[Path]:
    """A small file system of its own; skips where this user may not mount one."""
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", f"size=1m,{options}", "tmpfs", str(folder)]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        pytest.skip("no mount program")
    if done.returncode:
        pytest.skip(f"no file system can be mounted here: {done.stderr.strip()}")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


def fill(folder: Path) -> None:
    """Leaves no byte free."""
    with (folder / "filler").open("wb", buffering=0) as file:
        for size in (65_536, 4_096, 1):
            try:
                while True:
                    file.write(b"x" * size)
            except OSError:
                continue


@pytest.mark.parametrize("command", ["up", "engine"])
def test_a_read_only_state_directory(tmp_path: Path, command: str) -> None:
    with mounted(tmp_path / "state", "ro"):
        said = andon(tmp_path, command, ANDON_MQTT__PORT=str(free_port()))
        says(said, errors.StateDirError, str(tmp_path / "state"), "read-only", "--state-dir")


@pytest.mark.parametrize("command", ["up", "engine"])
def test_a_full_state_directory(tmp_path: Path, command: str) -> None:
    with mounted(tmp_path / "state", "mode=755") as folder:
        fill(folder)
        said = andon(tmp_path, command, ANDON_MQTT__PORT=str(free_port()))
        says(said, errors.StateDirError, str(folder), "no space left", "--state-dir")


def test_a_state_directory_that_is_a_file(tmp_path: Path) -> None:
    (tmp_path / "state").write_text("")
    says(andon(tmp_path, "engine"), errors.StateDirError, "not a directory")


def test_a_disk_that_fills_up_pauses_the_engine(database: str, tmp_path: Path) -> None:
    """Nothing can be written beside the database either; the log says what it waits for."""
    (tmp_path / "plant").mkdir()
    with (
        mounted(tmp_path / "state", "mode=755") as folder,
        running("mosquitto", tmp_path / "plant") as broker,
    ):
        plant = LivePlant(broker, database, tmp_path / "plant", ANDON_STATE_DIR=str(folder))
        try:
            plant.engine = plant.spawn()
            said = folder / "run" / "engine.json"
            plant.wait(lambda: said.exists() and json.loads(said.read_text())["mqtt_connected"])
            topic, payload = "factory/machines/M1/telemetry", b'{"machine_id":"M1","timestamp":%d}'
            plant.drained(plant.publish([(topic, payload % 1_700_000_000_000)]))
            fill(folder)
            plant.wait(lambda: "less than store.min_free" in plant.log())
            plant.publish([(topic, payload % 1_700_000_001_000)])
            time.sleep(2)
            assert not plant.dead(), plant.log()
            assert plant.messages() == 1
            (folder / "filler").unlink()
            plant.wait(lambda: plant.messages() == 2)
            assert "Traceback" not in plant.log()
            os.kill(plant.pid, signal.SIGTERM)
            assert plant.stop() == 0
        finally:
            plant.stop()
            plant.conn.close()
