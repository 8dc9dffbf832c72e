"""The state directory: where data, logs, process ids and secrets live."""

from __future__ import annotations

import errno
import os
import stat
import tempfile
from collections.abc import Mapping
from pathlib import Path

from andon.errors import StateDirError

ROOMS = ("broker", "postgres", "logs", "run", "ledger", "secrets")
"""Rooms of the state directory; all are closed to other users."""

_LONGEST_SOCKET = 107 - len("/postgres/.s.PGSQL.5432")
_REMEDY = "choose another one by --state-dir or ANDON_STATE_DIR"


def default_state_dir(environ: Mapping[str, str]) -> Path:
    """As root /var/lib/andon, else ${XDG_STATE_HOME:-~/.local/state}/andon."""
    if os.geteuid() == 0:
        return Path("/var/lib/andon")
    return Path(environ.get("XDG_STATE_HOME") or "~/.local/state").expanduser() / "andon"


def ensure_state_dir(top: Path, *, own_store: bool) -> Path:
    """Create `top` with its rooms and prove that it can be written. Raises StateDirError.

    A new `top` is 0700; as root 0755, because andon's own PostgreSQL then runs as another user
    (`own_store`). An existing `top` keeps its mode; its rooms are 0700.
    """
    as_root = os.geteuid() == 0
    if own_store and len(os.fsencode(top)) > _LONGEST_SOCKET:
        raise StateDirError(
            f"{top}: longer than the {_LONGEST_SOCKET} bytes that leave room for PostgreSQL's "
            f"socket; {_REMEDY}."
        )
    try:
        for parent in reversed(top.parents):
            if not os.path.lexists(parent):
                parent.mkdir(mode=0o755 if as_root else 0o700)
        if not os.path.lexists(top):
            top.mkdir()
            top.chmod(0o755 if as_root else 0o700)
        elif not top.is_dir():
            raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), str(top))
        if as_root and own_store:
            _refuse_closed_parents(top)
        for room in ROOMS:
            _ensure_room(top / room, postgres=room == "postgres")
        _probe(top / "run")
    except OSError as error:
        raise StateDirError(explain(top, error)) from None
    return top


def _ensure_room(room: Path, *, postgres: bool) -> None:
    if not room.is_dir():
        room.mkdir()
        room.chmod(0o700)
    elif not postgres and stat.S_IMODE(room.stat().st_mode) & 0o077:
        room.chmod(0o700)


def _refuse_closed_parents(top: Path) -> None:
    """PostgreSQL runs as another user and must get through; nothing is opened that was closed."""
    for folder in (top, *top.parents):
        if stat.S_IMODE(folder.stat().st_mode) & 0o055 != 0o055:
            raise StateDirError(
                f"{top}: {folder} is closed to other users, but PostgreSQL started by root runs as "
                f"another user. Use /var/lib/andon, {_REMEDY}, or do not run as root."
            )


def _probe(room: Path) -> None:
    with tempfile.TemporaryFile(dir=room) as file:
        file.write(b"\0" * 65_536)
        file.flush()
        os.fsync(file.fileno())


def explain(top: Path, error: OSError) -> str:
    """What an error on the state directory means, and what to do."""
    match error.errno:
        case errno.EROFS:
            return f"{top}: the file system is read-only; make it writable or {_REMEDY}."
        case errno.ENOSPC | errno.EDQUOT:
            return f"{top}: no space left; free some or {_REMEDY}."
        case errno.ENOTDIR | errno.EEXIST:
            return f"{error.filename or top}: not a directory; move that file away or {_REMEDY}."
        case errno.EACCES | errno.EPERM:
            return (
                f"{error.filename or top}: this user may not write there; "
                f"give the user the right or {_REMEDY}."
            )
        case _:
            return f"{error.filename or top}: {error.strerror or error}; {_REMEDY}."
