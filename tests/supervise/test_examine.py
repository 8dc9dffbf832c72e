"""status, health, doctor and logs: over a real broker and a real PostgreSQL, and over nothing."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest

from andon.cli.logs import readable
from andon.settings import Settings, load
from andon.supervise import doctor, health
from andon.supervise.process import last_line, rotate
from tests.brokers import free_port, running
from tests.supervise.test_up import ANDON


def settings_at(folder: Path, **environ: str) -> Settings:
    ports = {"ANDON_MQTT__PORT": str(free_port()), "ANDON_WEB__PORT": str(free_port())}
    return load(state_dir=folder, environ={**ports, **environ})


def andon(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    environ = {**os.environ, "ANDON_STATE_DIR": str(folder)}
    return subprocess.run([*ANDON, *words], env=environ, capture_output=True, text=True, timeout=60)


def test_health_of_nothing_says_what_is_missing(tmp_path: Path) -> None:
    found = {check.name: check for check in health.examine(settings_at(tmp_path))}
    assert list(found) == ["broker", "store", "engine", "web", "disk"]
    assert [name for name, check in found.items() if check.well] == ["disk"]
    assert "No MQTT broker answers" in found["broker"].detail
    assert found["web"].detail == "no answer on HTTP yet"


def test_health_of_a_broker_tells_its_round_trip_and_losses(tmp_path: Path) -> None:
    with running("mosquitto", tmp_path) as own:
        settings = settings_at(tmp_path, ANDON_MQTT__PORT=str(own.port))
        found = {check.name: check for check in health.examine(settings)}
    assert found["broker"].well
    assert "0 dropped" in found["broker"].detail
    assert 0 < found["broker"].seconds < 5


def test_an_engine_that_went_silent_is_not_well(tmp_path: Path) -> None:
    settings = settings_at(tmp_path)
    settings.run_dir.mkdir(parents=True)
    file = settings.run_dir / "engine.json"
    facts = {"store_ok": True, "mqtt_connected": True, "rate_per_s": 5.0, "latency_ms_p99": 12}
    file.write_text(json.dumps(facts))
    assert health._engine(settings) == (True, "5 messages/s, p99 12 ms, last word 0 s ago")
    os.utime(file, (1, 1))
    well, detail = health._engine(settings)
    assert not well
    assert "see its log" in detail


def test_doctor_sees_disk_ports_broker_and_outage(tmp_path: Path) -> None:
    settings = settings_at(tmp_path / "state", ANDON_BROKER__KIND="iotcore")
    found = {finding.name: finding for finding in doctor.examine(settings)}
    assert found["python"].level == "good"
    assert found["broker"].level == "note"
    assert "in memory only" in found["broker"].detail
    assert "at the expected 5 messages/s" in found["outage"].detail
    assert found[f"port {settings.mqtt.port}"].level == "good"
    assert found["database"].detail == "andon's own PostgreSQL does not run now"


def test_doctor_names_what_must_be_corrected(tmp_path: Path) -> None:
    with running("mosquitto", tmp_path) as own:
        settings = settings_at(tmp_path, ANDON_MQTT__PORT=str(own.port))
        found = {finding.name: finding for finding in doctor.examine(settings)}
    taken = found[f"port {own.port}"]
    assert taken.level == "bad"
    assert f"process {own.pid}" in taken.detail


@pytest.mark.parametrize(
    ("hours", "words"), [(0.5, "30 minutes"), (5, "5.0 hours"), (72, "3 days")]
)
def test_spans_are_in_the_unit_that_fits(hours: float, words: str) -> None:
    assert doctor._span(hours) == words


def test_status_and_logs_of_nothing_are_sentences(tmp_path: Path) -> None:
    done = andon(tmp_path, "status")
    assert done.returncode == 1
    assert "Nothing runs" in done.stdout
    assert json.loads(andon(tmp_path, "status", "--json").stdout)["running"] is False
    done = andon(tmp_path, "logs", "nobody")
    assert done.returncode == 3
    assert "broker, store" in done.stderr


def test_logs_shows_the_last_lines_of_each_service(tmp_path: Path) -> None:
    folder = tmp_path / "logs"
    folder.mkdir()
    (folder / "web.log").write_text("".join(f"line {n}\n" for n in range(50)))
    (folder / "engine.log").write_text(
        '{"at":"2026-01-02T03:04:05.6Z","level":"info","event":"x"}\n'
    )
    done = andon(tmp_path, "logs", "-n", "2")
    assert done.stdout.splitlines() == [
        "engine     2026-01-02 03:04:05 info    x",
        "web        line 48",
        "web        line 49",
    ]


def test_a_json_line_becomes_readable() -> None:
    line = '{"at": "2026-01-02T03:04:05.678Z", "level": "error", "event": "no", "batch": 7}'
    assert readable(line) == "2026-01-02 03:04:05 error   no batch=7"
    assert readable("plain {") == "plain {"


def test_the_last_line_of_a_log_is_what_it_says(tmp_path: Path) -> None:
    log = tmp_path / "x.log"
    assert last_line(log) == ""
    log.write_text('first\n{"event": "store lost", "level": "error"}\n\n')
    assert last_line(log) == "store lost"


def test_a_large_log_is_put_aside_while_its_writer_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("andon.supervise.process.LOG_BYTES", 10)
    log = tmp_path / "x.log"
    with log.open("ab", buffering=0) as writer:
        writer.write(b"a line of more than ten bytes\n")
        rotate(log)
        writer.write(b"next\n")
    assert log.read_text() == "next\n"
    assert (tmp_path / "x.log.1").read_text().startswith("a line")
