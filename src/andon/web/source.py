"""Where the values come from: the store as the web's role, and the files under <state>/run.

Connections are made through store/postgres.py only. When the store goes away every read raises
StoreUnreachable at once for a second, then tries again; `unreachable_since` says since when.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from andon.errors import AccessRefused, StoreUnreachable
from andon.store import migrate, postgres
from andon.web.values.oee import KNOWN, SUMS

Row = dict[str, Any]
RETRY_S = 1.0


@cache
def sql(name: str) -> str:
    """The text of queries/<name>.sql; `sums` gets its columns from values/oee.py."""
    text = files("andon.web").joinpath("queries", f"{name}.sql").read_text("utf-8")
    if name == "sums":
        columns = [f"sum(k.{c})::bigint as {c}" for c in SUMS if c != "unknown_healed_us"]
        text = text.replace("{sums}", ",\n       ".join(columns))
        text = text.replace("{known}", " + ".join(f"o.{c}" for c in KNOWN))
    return text


class Store:
    """A few read-only connections, shared by the request threads and the live thread."""

    def __init__(self, dsn: str, size: int = 4) -> None:
        self._dsn = dsn
        self._free: list[Any] = []
        self._slots = threading.BoundedSemaphore(size)
        self._lock = threading.Lock()
        self._retry_at = 0.0
        self._why = ""
        self.unreachable_since: datetime | None = None

    def rows(self, name: str, params: Mapping[str, Any] | None = None) -> list[Row]:
        """Run queries/<name>.sql. Raises StoreUnreachable where the store does not answer."""
        with self._connection() as connection:
            return postgres.query(connection, sql(name), dict(params or {}))

    def check(self) -> None:
        """Raises SchemaError where the schema is not this program's, StoreUnreachable."""
        with self._connection() as connection:
            migrate.check(connection)

    def connect(self) -> Any:
        """A connection of the caller's own (for LISTEN). Raises StoreUnreachable."""
        with self._telling():
            return postgres.connect(self._dsn, "andon web")

    def close(self) -> None:
        """Close every idle connection."""
        with self._lock:
            idle, self._free = self._free, []
        for connection in idle:
            connection.close()

    @contextmanager
    def _connection(self) -> Iterator[Any]:
        if self.unreachable_since is not None and time.monotonic() < self._retry_at:
            raise StoreUnreachable(self._why)
        with self._slots:
            with self._lock:
                connection = self._free.pop() if self._free else None
            fresh = connection is None
            connection = connection if connection is not None else self.connect()
            try:
                with self._telling():
                    yield connection
            except StoreUnreachable:
                connection.close()
                # An idle connection of a store that was restarted: the others are dead as well.
                if not fresh:
                    self.close()
                raise
            except BaseException:
                connection.close()
                raise
            with self._lock:
                self._free.append(connection)

    @contextmanager
    def _telling(self) -> Iterator[None]:
        try:
            yield
        except (StoreUnreachable, AccessRefused) as error:
            with self._lock:
                if self.unreachable_since is None:
                    self.unreachable_since = datetime.now(UTC)
                self._retry_at = time.monotonic() + RETRY_S
                self._why = str(error)
            raise StoreUnreachable(str(error)) from error
        else:
            self.unreachable_since = None


class RunFiles:
    """run/engine.json and run/status.json, read again only when they have changed."""

    def __init__(self, state_dir: Path) -> None:
        self._dir = state_dir / "run"
        self._seen: dict[str, tuple[int, dict[str, Any]]] = {}

    def engine(self) -> dict[str, Any]:
        """What the engine says of itself; empty where it never ran here."""
        return self._read("engine.json")

    def status(self) -> dict[str, Any]:
        """What the supervisor says of the services; empty without a supervisor."""
        return self._read("status.json")

    def _read(self, name: str) -> dict[str, Any]:
        path = self._dir / name
        known = self._seen.get(name)
        try:
            stamp = path.stat().st_mtime_ns
            if known is not None and known[0] == stamp:
                return known[1]
            value = json.loads(path.read_text("utf-8"))
        except FileNotFoundError:
            return {}
        except (OSError, ValueError):
            # Caught in the middle of being written: the last whole one stands.
            return known[1] if known is not None else {}
        value = value if isinstance(value, dict) else {}
        self._seen[name] = (stamp, value)
        return value
