"""The fence: who may write. Every transaction locks its progress row and checks the epoch."""

from __future__ import annotations

import os
import socket
import time
from dataclasses import dataclass

from andon.errors import FenceLost
from andon.store import postgres
from andon.store.postgres import Connection
from andon.store.sql import query as query_text
from andon.units import to_us

LANE = "embedded"
_GRACE_S = 10.0
"""How long a new engine waits for the session of one that was just killed to end."""


@dataclass(slots=True)
class Fence:
    """The epoch this engine holds, and the last batch it knows to be committed.

    now: clock of the last batch when the epoch was taken, us; None before the first.
    """

    epoch: int
    batch: int
    now: int | None = None

    def check(self, conn: Connection) -> int:
        """Inside a transaction: lock the row; return the committed batch number.

        Raises FenceLost where another engine has taken over.
        """
        row = postgres.query(conn, query_text("fence_lock"), {"id": LANE})
        if not row or row[0]["epoch"] != self.epoch:
            raise FenceLost(
                f"Another engine took over this database (epoch {row[0]['epoch'] if row else '?'}, "
                f"ours was {self.epoch}). This one has stopped and acknowledged nothing since."
            )
        return int(row[0]["batch"])


def take(conn: Connection, *, take_over: bool) -> Fence:
    """Become the engine of this database.

    A session lock keeps two engines apart as long as both are well; the epoch keeps apart one
    that was stopped and wakes up later. Raises FenceLost where another engine runs.
    """
    postgres.execute(conn, query_text("engine_watched"))
    deadline = time.monotonic() + _GRACE_S
    while not postgres.scalar(conn, query_text("engine_lock")):
        if take_over:
            postgres.query(conn, query_text("engine_unseat"))
        elif time.monotonic() > deadline:
            raise FenceLost(_occupied(conn))
        time.sleep(0.2)
    name = f"{socket.gethostname()} pid {os.getpid()}"
    row = postgres.query(conn, query_text("fence_take"), {"id": LANE, "engine": name})[0]
    now = None if row["now"] is None else to_us(row["now"])
    return Fence(int(row["epoch"]), int(row["batch"]), now)


def relock(conn: Connection) -> None:
    """Takes the lock over a new session, so that a second engine is still refused.

    Where our own lost session still holds it the epoch alone keeps engines apart for now.
    """
    postgres.execute(conn, query_text("engine_watched"))
    postgres.scalar(conn, query_text("engine_lock"))


def _occupied(conn: Connection) -> str:
    row = postgres.query(conn, query_text("fence_read"), {"id": LANE})
    holder = row[0]["engine"] if row and row[0]["engine"] else "unknown"
    return (
        f"Another engine works on this database ({holder}). Two engines on one database are "
        "refused. Stop that one (`andon down`), or start this one with --take-over."
    )
