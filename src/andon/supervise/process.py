"""Service processes: start one, remember it on disk, find and end what an earlier run left."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import psutil  # type: ignore[import-untyped]

from andon.supervise.services import Service

LOG_BYTES = 20 * 1024 * 1024
"""A log larger than this becomes <service>.log.1, and the one before it goes."""

_SAME_TIME_S = 0.05


@dataclass(frozen=True)
class Record:
    """A process that cannot be mistaken for another one that got its number later."""

    pid: int
    create_time: float

    @classmethod
    def of(cls, pid: int) -> Record:
        """The record of a live process. Raises psutil.NoSuchProcess."""
        return cls(pid, psutil.Process(pid).create_time())

    def process(self) -> psutil.Process | None:
        """The live process, None once it has ended (a zombie has)."""
        try:
            found = psutil.Process(self.pid)
            if abs(found.create_time() - self.create_time) > _SAME_TIME_S:
                return None
            return None if found.status() == psutil.STATUS_ZOMBIE else found
        except psutil.Error:
            return None


def record_file(run_dir: Path, name: str) -> Path:
    """Where the record of a service lies."""
    return run_dir / f"{name}.pid"


def write_record(file: Path, record: Record) -> None:
    """Write whole or not at all."""
    part = file.with_name(file.name + ".part")
    part.write_text(json.dumps({"pid": record.pid, "create_time": record.create_time}) + "\n")
    part.replace(file)


def read_record(file: Path) -> Record | None:
    """The record in the file, None without a readable one."""
    try:
        found = json.loads(file.read_text())
        return Record(int(found["pid"]), float(found["create_time"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None


@dataclass
class Child:
    """A started service that waits at its gate until `open_gate`."""

    process: subprocess.Popen[bytes]
    gate: int | None

    @property
    def pid(self) -> int:
        """Its process id, also the id of its group and session."""
        return self.process.pid

    def open_gate(self) -> None:
        """Let it go on; harmless if it has ended."""
        if self.gate is not None:
            with contextlib.suppress(OSError):
                os.write(self.gate, b"g")
            self.close_gate()

    def close_gate(self) -> None:
        """Without a byte: a waiting child ends by itself."""
        if self.gate is not None:
            os.close(self.gate)
            self.gate = None

    def signal(self, number: int) -> None:
        """SIGKILL goes to the whole group, anything else to the service itself."""
        with contextlib.suppress(ProcessLookupError, PermissionError):
            if number == signal.SIGKILL:
                os.killpg(self.pid, number)
            else:
                self.process.send_signal(number)


def spawn(
    service: Service, environ: Mapping[str, str], logs_dir: Path, run_dir: Path, program: list[str]
) -> Child:
    """Start a service in its own session, its output appended to logs/<name>.log.

    program: what stands for `andon` ([] for andon itself; tests give small programs of their own).
    """
    gate_out, gate_in = os.pipe()
    launcher = [sys.executable, "-P", "-m", "andon.supervise.launch", str(os.getpid())]
    command = [*launcher, str(gate_out), ",".join(service.imports), "--", *service.command]
    if program:
        command = [*program, str(gate_out), *service.command]
    log = logs_dir / f"{service.name}.log"
    rotate(log)
    try:
        with log.open("ab") as out:
            process = subprocess.Popen(
                command,
                env=dict(environ),
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=out,
                pass_fds=(gate_out,),
                start_new_session=True,
            )
    except BaseException:
        os.close(gate_in)
        raise
    finally:
        os.close(gate_out)
    with contextlib.suppress(psutil.Error):
        write_record(record_file(run_dir, service.name), Record.of(process.pid))
    return Child(process, gate_in)


def rotate(log: Path) -> None:
    """Copy a log that has grown too large aside and empty it; its writer appends on."""
    with contextlib.suppress(OSError):
        if log.stat().st_size > LOG_BYTES:
            shutil.copyfile(log, log.with_name(log.name + ".1"))
            os.truncate(log, 0)


def last_line(log: Path | str, most: int = 300) -> str:
    """What a service wrote last that says something, for people; "" for an empty log."""
    try:
        with open(log, "rb") as file:
            file.seek(max(0, os.fstat(file.fileno()).st_size - 8_192))
            lines = file.read().decode(errors="replace").splitlines()
    except OSError:
        return ""
    for line in reversed(lines):
        if line.strip():
            return _said(line.strip())[:most]
    return ""


def _said(line: str) -> str:
    try:
        found = json.loads(line)
    except ValueError:
        return line
    return str(found.get("event", line)) if isinstance(found, dict) else line


def end_stale(run_dir: Path, names: list[str], told: Callable[[str, int], None]) -> None:
    """End what an earlier supervisor left running: SIGTERM in the order given, SIGKILL after 5 s.

    told(name, pid) is called for each before it is ended. Returns when all are gone.
    """
    for name in names:
        file = record_file(run_dir, name)
        record = read_record(file)
        if record and record.process():
            told(name, record.pid)
            end(record)
        file.unlink(missing_ok=True)


def end(record: Record, patience_s: float = 5.0) -> None:
    """SIGTERM, then SIGKILL to its group after `patience_s`; returns when it has ended."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.kill(record.pid, signal.SIGTERM)
        if _gone_within(record, patience_s):
            return
        if os.getpgid(record.pid) == record.pid:
            os.killpg(record.pid, signal.SIGKILL)
        os.kill(record.pid, signal.SIGKILL)
        _gone_within(record, patience_s)


def _gone_within(record: Record, seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while record.process() is not None:
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True
