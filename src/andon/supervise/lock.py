"""One supervisor at a time for a state directory."""

from __future__ import annotations

import contextlib
import fcntl
import os
from collections.abc import Iterator
from pathlib import Path

from andon.errors import ServiceFailed
from andon.supervise.process import Record, read_record, write_record

_LOCK, _RECORD = "supervisor.lock", "supervisor.json"


@contextlib.contextmanager
def sole_supervisor(run_dir: Path) -> Iterator[None]:
    """Hold the lock while the block runs; the kernel frees it however we end.

    Raises ServiceFailed naming the process that holds it.
    """
    with (run_dir / _LOCK).open("a") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            found = read_record(run_dir / _RECORD)
            who = f" as process {found.pid}" if found else ""
            raise ServiceFailed(
                f"andon runs already{who} with the state directory {run_dir.parent}. See "
                "`andon status`, stop it by `andon down`, or choose another --state-dir."
            ) from None
        write_record(run_dir / _RECORD, Record.of(os.getpid()))
        try:
            yield
        finally:
            (run_dir / _RECORD).unlink(missing_ok=True)


def running_supervisor(run_dir: Path) -> Record | None:
    """The live supervisor of this state directory, None where there is none."""
    try:
        with (run_dir / _LOCK).open("r") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except BlockingIOError:
                record = read_record(run_dir / _RECORD)
                return record if record and record.process() else None
    except OSError:
        pass
    return None
