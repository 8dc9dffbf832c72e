"""A PostgreSQL of a test's own, to be killed, stopped and frozen; the test is its supervisor."""

from __future__ import annotations

import os
import shutil
import signal
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from andon.store import cluster as clusters
from andon.store import embedded_postgres, migrate, roles
from andon.store import postgres as store
from andon.store.cluster import Cluster

DATABASE = "andon"
SLOW_COMMIT = {"commit_delay": "20000", "commit_siblings": "0"}
"""Each COMMIT takes 20 ms longer, so that it can be hit."""

_COMMITTING = (
    "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'andon engine' "
    "AND state = 'active' AND query ILIKE 'commit%%'"
)


class Server:
    """Starts with an empty database with the schema; whatever it commits is on disk."""

    def __init__(self, folder: Path, **more: str) -> None:
        account = embedded_postgres.server_account()
        settings = {"max_connections": "30", **more}
        self.cluster = Cluster(
            embedded_postgres.programs(), folder / "pg", folder / "pg.log", account, settings
        )
        self.pid = 0

    @property
    def dsn(self) -> str:
        return self.cluster.dsn(roles.OWNER, DATABASE)

    def create(self) -> None:
        """Makes and starts it."""
        self.pid, _ = embedded_postgres.start(self.cluster)
        embedded_postgres.prepare(self.cluster.dsn(), roles.Roles(), DATABASE)
        migrate.upgrade(self.dsn)

    def start(self) -> None:
        """Starts it again, crash recovery included."""
        self.pid, _ = embedded_postgres.start(self.cluster)

    def stop(self) -> None:
        """An orderly shutdown that ends every session."""
        clusters.stop(self.cluster, self.pid)
        self._reap()

    def kill(self) -> None:
        """SIGKILL to the server and to each of its processes."""
        children = self._children()
        os.kill(self.pid, signal.SIGKILL)
        for pid in children:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self._reap()
        while any(clusters.is_postgres(pid) for pid in children):
            time.sleep(0.01)

    def kill_during_commit(self, patience_s: float = 15.0) -> bool:
        """`kill` at the moment the engine is seen in COMMIT; False where it was not seen there."""
        conn = store.connect(self.cluster.dsn(database=DATABASE))
        deadline = time.monotonic() + patience_s
        seen = False
        while not seen and time.monotonic() < deadline:
            seen = store.scalar(conn, _COMMITTING) > 0
        self.kill()
        conn.close()
        return seen

    def freeze(self) -> None:
        """SIGSTOP to all of it."""
        for pid in (self.pid, *self._children()):
            os.kill(pid, signal.SIGSTOP)

    def thaw(self) -> None:
        """SIGCONT to all of it."""
        for pid in (*self._children(), self.pid):
            os.kill(pid, signal.SIGCONT)

    def _children(self) -> list[int]:
        text = Path(f"/proc/{self.pid}/task/{self.pid}/children").read_text()
        return [int(pid) for pid in text.split()]

    def _reap(self) -> None:
        with suppress(ChildProcessError):
            os.waitpid(self.pid, 0)


@contextmanager
def serving(**more: str) -> Iterator[Server]:
    """A started server in a folder of its own, removed at the end. more: settings over ours."""
    folder = Path(tempfile.mkdtemp(prefix="andon-test-", dir="/tmp"))
    folder.chmod(0o755)
    server = Server(folder, **more)
    try:
        server.create()
        yield server
    finally:
        if clusters.find(server.cluster):
            server.thaw()
            server.stop()
        shutil.rmtree(folder, ignore_errors=True)
