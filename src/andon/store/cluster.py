"""A PostgreSQL server on one data directory: make it, start it, find it again, stop it.

Knows no package and no settings; embedded_postgres.py says which programs and where. No TCP: a
Unix socket in a closed directory, and only the system user that started it (peer) is let in.
"""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from andon.errors import ServiceFailed, StateDirError

SUPERUSER = "postgres"
PORT = 5432  # only names the socket's file

SETTINGS: Mapping[str, str] = {
    "listen_addresses": "''",
    "unix_socket_permissions": "0700",
    "max_connections": "40",
    # memory: a plant of some hundred machines on a small computer
    "shared_buffers": "64MB",
    "work_mem": "8MB",
    "maintenance_work_mem": "32MB",
    "effective_cache_size": "512MB",
    "max_worker_processes": "2",
    "max_parallel_workers_per_gather": "0",
    "autovacuum_max_workers": "2",
    "huge_pages": "off",
    "jit": "off",
    # what is committed is on disk
    "fsync": "on",
    "synchronous_commit": "on",
    "full_page_writes": "on",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "max_wal_size": "1GB",
    "checkpoint_timeout": "10min",
    # quiet when nothing happens
    "autovacuum_naptime": "60s",
    "log_checkpoints": "off",
    "log_min_messages": "warning",
    "log_line_prefix": "'%m [%p] %q%a '",
    "log_timezone": "'UTC'",
    "timezone": "'UTC'",
    "datestyle": "'ISO, YMD'",
    "idle_in_transaction_session_timeout": "5min",
}
"""postgresql.conf, written anew at each start."""

ROLES_BY_PEER = (SUPERUSER, "andon_owner", "andon_engine", "andon_web", "andon_reader")
LOG_LIMIT_BYTES = 10 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Cluster:
    """Where a server lives: its programs, its folder (data/ and the socket), its log, its user.

    folder: <state>/postgres; account: the system user that runs it; more: settings over SETTINGS;
    roles: the database users that the system user may be.
    """

    programs: Path
    folder: Path
    log: Path
    account: pwd.struct_passwd
    more: Mapping[str, str] = field(default_factory=dict)
    roles: tuple[str, ...] = ROLES_BY_PEER

    @property
    def data(self) -> Path:
        """PostgreSQL's data directory."""
        return self.folder / "data"

    def dsn(self, user: str = SUPERUSER, database: str = "postgres") -> str:
        """A DSN through the socket."""
        return f"host='{self.folder}' port={PORT} user={user} dbname={database}"

    def major(self) -> int:
        """Major version of the programs."""
        text = _output([str(self.programs / "postgres"), "--version"])
        return int(text.split()[2].split(".")[0])


def ensure_data(cluster: Cluster) -> None:
    """Make the data directory where there is none; a crash while doing so leaves nothing behind.

    Raises StateDirError: not writable, full, or the data is of another major version.
    """
    account = cluster.account
    cluster.folder.mkdir(mode=0o700, exist_ok=True)
    _own(cluster.folder, account)
    version = cluster.data / "PG_VERSION"
    if version.exists():
        there, ours = version.read_text().strip(), str(cluster.major())
        if there != ours:
            raise StateDirError(
                f"{cluster.data} holds data of PostgreSQL {there}, this andon brings {ours}. "
                "Back up with the andon that wrote it, move the folder away, restore."
            )
        return
    making = cluster.folder / "data.new"
    shutil.rmtree(making, ignore_errors=True)
    command = [
        str(cluster.programs / "initdb"),
        *("--pgdata", str(making), "--username", SUPERUSER, "--encoding", "UTF8"),
        *("--locale", "C", "--auth", "peer", "--no-instructions"),
    ]
    done = subprocess.run(command, **_as(account), capture_output=True, text=True, check=False)
    if done.returncode:
        reason = (done.stderr.strip() or done.stdout.strip()).splitlines()[-1:]
        raise StateDirError(f"PostgreSQL could not make {cluster.data}: {' '.join(reason)}")
    making.rename(cluster.data)


def write_settings(cluster: Cluster) -> None:
    """Write postgresql.conf, pg_hba.conf and pg_ident.conf."""
    settings = {**SETTINGS, "unix_socket_directories": f"'{cluster.folder}'", "port": str(PORT)}
    if cluster.major() >= 18:
        settings["io_method"] = "sync"
    settings.update(cluster.more)
    users = sorted({pwd.getpwuid(os.geteuid()).pw_name, cluster.account.pw_name})
    ident = [f'andon "{user}" {role}' for user in users for role in cluster.roles]
    for name, lines in (
        ("postgresql.conf", [f"{key} = {value}" for key, value in settings.items()]),
        ("pg_hba.conf", ["local all all peer map=andon"]),
        ("pg_ident.conf", ident),
    ):
        made = cluster.data / f"{name}.new"
        made.write_text("# written by andon at each start\n" + "\n".join(lines) + "\n")
        made.chmod(0o600)
        _own(made, cluster.account)
        made.replace(cluster.data / name)


def find(cluster: Cluster) -> int | None:
    """Process id of the server that runs on this data, or None; a stale pid file is removed."""
    file = cluster.data / "postmaster.pid"
    try:
        pid = int(file.read_text().split("\n", 1)[0])
    except (FileNotFoundError, ValueError):
        return None
    if is_postgres(pid):
        return pid
    file.unlink(missing_ok=True)
    return None


def start(cluster: Cluster) -> subprocess.Popen[bytes]:
    """Start the server in a session of its own: a Ctrl-C at the terminal does not reach it."""
    write_settings(cluster)
    if cluster.log.exists() and cluster.log.stat().st_size > LOG_LIMIT_BYTES:
        cluster.log.replace(cluster.log.with_suffix(".log.1"))
    with cluster.log.open("ab") as log:
        return subprocess.Popen(
            [str(cluster.programs / "postgres"), "-D", str(cluster.data)],
            **_as(cluster.account),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )


def wait_ready(cluster: Cluster, pid: int, within_s: float) -> None:
    """Wait until the server takes connections (recovery included). Raises ServiceFailed."""
    until = time.monotonic() + within_s
    while time.monotonic() < until:
        if _status(cluster) == "ready":
            return
        if not is_postgres(pid):
            raise ServiceFailed(f"PostgreSQL ended while starting: {last_line(cluster.log)}")
        time.sleep(0.02)
    raise ServiceFailed(
        f"PostgreSQL was not ready within {within_s:.0f} s. Its log is {cluster.log}."
    )


def stop(cluster: Cluster, pid: int, within_s: float = 20.0) -> None:
    """End sessions, checkpoint, exit (fast shutdown); after `within_s` without the checkpoint."""
    for sign, patience_s in ((signal.SIGINT, within_s), (signal.SIGQUIT, 10.0)):
        try:
            os.kill(pid, sign)
        except ProcessLookupError:
            return
        until = time.monotonic() + patience_s
        while time.monotonic() < until:
            if not is_postgres(pid):
                return
            time.sleep(0.02)
    raise ServiceFailed(f"PostgreSQL (process {pid}) did not end. Its log is {cluster.log}.")


def is_postgres(pid: int) -> bool:
    """Whether a live (not zombie) process of this id is a PostgreSQL server."""
    stat = Path(f"/proc/{pid}/stat")
    if Path("/proc/self/stat").exists():
        try:
            text = stat.read_text()
        except (FileNotFoundError, ProcessLookupError):
            return False
        name, _, rest = text.partition("(")[2].rpartition(")")
        return name == "postgres" and rest.split()[0] not in "ZX"
    done = subprocess.run(
        ["ps", "-o", "stat=,comm=", "-p", str(pid)], capture_output=True, text=True, check=False
    )
    state, _, command = done.stdout.strip().partition(" ")
    return bool(state) and state[0] != "Z" and "postgres" in command


def last_line(log: Path) -> str:
    """The last line of the server's log, for messages."""
    try:
        lines = log.read_text(errors="replace").strip().splitlines()
    except OSError:
        lines = []
    return f"{lines[-1] if lines else 'nothing logged'} (log: {log})"


def _status(cluster: Cluster) -> str:
    try:
        lines = (cluster.data / "postmaster.pid").read_text().splitlines()
    except OSError:
        return ""
    return lines[7].strip() if len(lines) > 7 else ""


def _own(path: Path, account: pwd.struct_passwd) -> None:
    if os.geteuid() == 0:
        os.chown(path, account.pw_uid, account.pw_gid)


def _as(account: pwd.struct_passwd) -> dict[str, Any]:
    """Arguments of subprocess that run a program as the account, in a folder it may enter."""
    common: dict[str, Any] = {"cwd": "/", "env": {"LC_ALL": "C", "PATH": os.defpath}}
    if os.geteuid() != 0:
        return common
    return {**common, "user": account.pw_uid, "group": account.pw_gid, "extra_groups": []}


def _output(command: list[str]) -> str:
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout
