"""The command line: config commands, exit codes, quick start."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from andon import errors
from andon.plant import load_plant
from andon.settings import load

ANDON = [sys.executable, "-m", "andon.cli.main"]


def run(*args: str, cwd: Path, **environ: str) -> subprocess.CompletedProcess[str]:
    """`andon ...` as a person would start it, in `cwd`."""
    clean = {k: v for k, v in os.environ.items() if not k.startswith("ANDON_")}
    return subprocess.run(
        [*ANDON, *args],
        cwd=cwd,
        env={**clean, **environ},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_init_writes_the_default_plant_and_never_overwrites(tmp_path: Path) -> None:
    first = run("config", "init", cwd=tmp_path)
    assert first.returncode == 0, first.stderr
    written = (tmp_path / "andon.toml").read_text()
    tomllib.loads(written)
    settings = load(tmp_path / "andon.toml", environ={})
    default = load(environ={"XDG_STATE_HOME": "/x"})
    mine, theirs = load_plant(None, settings), load_plant(None, default)
    assert [(m.id, m.cycle_us, m.area, m.line) for m in mine.machines] == [
        (m.id, m.cycle_us, m.area, m.line) for m in theirs.machines
    ]
    again = run("config", "init", cwd=tmp_path)
    assert again.returncode == errors.ConfigError.exit_code
    assert "exists already" in again.stderr
    assert (tmp_path / "andon.toml").read_text() == written


def test_show_names_the_source_and_masks_secrets(tmp_path: Path) -> None:
    shown = run(
        "config", "show", "--json", cwd=tmp_path,
        ANDON_MQTT__PASSWORD="hunter2",
        ANDON_STORE__DATABASE_URL="postgresql://me:hunter2@db/andon",
    )  # fmt: skip
    assert "hunter2" not in shown.stdout + shown.stderr
    values = json.loads(shown.stdout)
    assert values["mqtt.password"]["value"] == "***"
    assert values["mqtt.password"]["source"] == "ANDON_MQTT__PASSWORD"
    assert values["store.database_url"]["value"] == "postgresql://me:***@db/andon"
    table = run("config", "show", cwd=tmp_path).stdout
    assert "engine.max_gap_s" in table


def test_validate(tmp_path: Path) -> None:
    assert "5 machines (simulated)" in run("config", "validate", cwd=tmp_path).stdout
    (tmp_path / "andon.toml").write_text('[[machine]]\nid = "A"\ncycle_s = -1\n')
    wrong = run("config", "validate", cwd=tmp_path)
    assert wrong.returncode == errors.ConfigError.exit_code
    assert wrong.stdout == ""
    assert wrong.stderr.startswith("andon: ")
    assert "line 3: machine.cycle_s = -1" in wrong.stderr
    assert "Traceback" not in wrong.stderr
    (tmp_path / "andon.toml").write_text('[[machine]]\nid = "A"\n')
    facts = json.loads(run("config", "validate", "--json", cwd=tmp_path).stdout)
    assert (facts["machines"], facts["machines_with_ideal_rate"]) == (1, 0)


def test_usage_errors_exit_with_2(tmp_path: Path) -> None:
    assert run("confg", cwd=tmp_path).returncode == 2
    assert run("config", "show", "--nope", cwd=tmp_path).returncode == 2


def test_help_and_version_are_quick(tmp_path: Path) -> None:
    assert run("--version", cwd=tmp_path).stdout.startswith("andon ")
    code = (
        "import sys, time; began = time.perf_counter(); import andon.cli.main;"
        "print(time.perf_counter() - began);"
        "print([m for m in ('polars', 'flask', 'pydantic', 'psycopg') if m in sys.modules])"
    )
    best = 9.0
    for _ in range(3):
        took, loaded = subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, check=True
        ).stdout.splitlines()
        assert loaded == "[]"
        best = min(best, float(took))
    assert best < 0.3


@pytest.mark.parametrize("error", errors.AndonError.__subclasses__(), ids=lambda e: str(e.__name__))
def test_every_error_is_one_line_and_its_exit_code(
    error: type[errors.AndonError],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    from andon.cli import main

    def fail() -> None:
        raise error("what happened; what to do")

    monkeypatch.setattr(main, "app", fail)
    with pytest.raises(SystemExit) as ended:
        main.main()
    assert ended.value.code == error.exit_code
    assert capsys.readouterr().err == "andon: what happened; what to do\n"


def test_exit_codes_are_distinct() -> None:
    codes = [e.exit_code for e in errors.AndonError.__subclasses__()]
    assert len(set(codes)) == len(codes)
    assert not set(codes) & {0, 1, 2, 130}


def test_interrupted_is_130(monkeypatch: pytest.MonkeyPatch) -> None:
    from andon.cli import main

    def interrupted() -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(main, "app", interrupted)
    with pytest.raises(SystemExit) as ended:
        main.main()
    assert ended.value.code == 130
