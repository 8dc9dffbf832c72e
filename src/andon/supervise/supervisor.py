"""Starts the services in path order, keeps them running, ends them in reverse.

One thread, one loop. Each service goes waiting -> starting -> running; a crash makes it restarting
after 0.5 to 30 s; a task ends as done. What a service can never get right by itself (settings,
password, state directory, schema, missing program: exit codes in FATAL) ends the whole run.
"""

from __future__ import annotations

import contextlib
import os
import select
import signal
import socket
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from types import FrameType
from typing import Literal

from andon import errors
from andon.errors import AndonError, ServiceFailed
from andon.settings import Settings
from andon.supervise import ports, process
from andon.supervise.lock import sole_supervisor
from andon.supervise.process import Child
from andon.supervise.services import Service
from andon.supervise.status import ServiceStatus, State, now_text, write_status

FATAL: dict[int, type[AndonError]] = {
    kind.exit_code: kind
    for kind in (
        errors.ConfigError,
        errors.AccessRefused,
        errors.StateDirError,
        errors.SchemaError,
        errors.DependencyMissing,
    )
}
"""Exit codes of a service that are not retried."""

FIRST_DELAY_S, LONGEST_DELAY_S = 0.5, 30.0
CALM_S = 60.0
"""A service that ran this long starts again with the first delay."""

STOP_ALL_S = 8.5
_CHECK_EVERY_S, _BUSY_S, _IDLE_S, _HEARTBEAT_S, _ROTATE_S = 0.1, 0.03, 1.0, 5.0, 60.0


@dataclass(frozen=True)
class Event:
    """Something a person at the terminal wants to know; seconds since the service's start."""

    service: str
    kind: Literal["stale", "ready", "crashed", "ended", "stopped", "killed"]
    seconds: float = 0.0
    text: str = ""


@dataclass
class _Kept:
    service: Service
    status: ServiceStatus
    child: Child | None = None
    began: float = 0.0  # seconds since 1970, when the gate was last opened
    first_began: float | None = None  # monotonic, of the first start
    delay_s: float = FIRST_DELAY_S
    retry_at: float = 0.0
    checked_at: float = 0.0
    was_ready: bool = False
    told_to_end: float | None = None

    @property
    def alive(self) -> bool:
        return self.child is not None and self.child.process.poll() is None

    def enter(self, state: State, detail: str = "") -> None:
        self.status.state, self.status.detail, self.status.since = state, detail, now_text()
        self.status.pid = self.child.pid if self.child and self.alive else None


@dataclass
class Supervisor:
    """Runs `services` until SIGTERM, SIGINT or SIGHUP. tell is called with each Event.

    on_ready: called once when every service is ready. prepare: called as the only supervisor,
    once what an earlier run left has ended, before the first service starts.
    program: what stands for `andon` in a service's command line ([] is andon itself).
    """

    settings: Settings
    services: Sequence[Service]
    tell: Callable[[Event], None]
    on_ready: Callable[[], None] = lambda: None
    prepare: Callable[[], None] = lambda: None
    program: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._kept = [_Kept(s, ServiceStatus(s.name, since=now_text())) for s in self.services]
        self._by_name = {kept.service.name: kept for kept in self._kept}
        self._stops = 0
        self._written = ""
        self._written_at = self._rotated_at = 0.0
        self._all_ready = False
        self._bell, self._ear = socket.socketpair()

    def run(self) -> None:
        """Start everything and stay; returns after an orderly stop.

        Raises ServiceFailed if andon runs already or a service does not become ready in time,
        PortTaken, or the error of a service that cannot be helped; all services have ended then.
        """
        run_dir = self.settings.run_dir
        with sole_supervisor(run_dir), self._signals():
            try:
                self._end_stale()
                self.prepare()
                for service in self.services:
                    for port in service.ports:
                        ports.require_free(port)
                while not self._stops:
                    self._turn()
            finally:
                self._end_all()

    def _end_stale(self) -> None:
        run_dir = self.settings.run_dir
        names = [service.name for service in reversed(self.services)]
        names += [name for name in _recorded(run_dir) if name not in names]
        process.end_stale(
            run_dir, names, lambda name, pid: self.tell(Event(name, "stale", text=str(pid)))
        )

    # --- one turn of the loop ------------------------------------------------------------------

    def _turn(self) -> None:
        for kept in self._kept:
            self._advance(kept)
        if not self._all_ready and all(k.was_ready for k in self._kept):
            self._all_ready = True
            self._write_status()
            self.on_ready()
        self._write_status()
        self._rotate_logs()
        self._sleep()

    def _advance(self, kept: _Kept) -> None:
        match kept.status.state:
            case "waiting" if kept.child is None:
                early = bool(kept.service.imports)  # it imports while the others become ready
                if all(o.was_ready or (early and o.began) for o in self._before(kept)):
                    self._spawn(kept)
            case "waiting" if kept.alive and all(o.was_ready for o in self._before(kept)):
                self._open(kept)
            case "restarting" if time.monotonic() >= kept.retry_at:
                self._spawn(kept)
                self._open(kept)
            case "waiting" | "starting" | "running" if kept.child and not kept.alive:
                self._ended(kept, kept.child.process.returncode)
            case "starting":
                self._check_ready(kept)
            case "restarting":
                self._require_time_left(kept)
            case _:
                pass

    def _before(self, kept: _Kept) -> list[_Kept]:
        return [self._by_name[name] for name in kept.service.after if name in self._by_name]

    def _spawn(self, kept: _Kept) -> None:
        # Frames are small: a second Polars thread only costs hand-overs.
        environ = {
            "POLARS_MAX_THREADS": "1",
            **os.environ,
            **self.settings.environment(),
            "PYTHONUNBUFFERED": "1",
        }
        kept.child = process.spawn(
            kept.service, environ, self.settings.logs_dir, self.settings.run_dir, self.program
        )

    def _open(self, kept: _Kept) -> None:
        assert kept.child is not None
        kept.began = time.time()
        kept.first_began = kept.first_began or time.monotonic()
        kept.child.open_gate()
        kept.enter("starting", "starting")

    def _check_ready(self, kept: _Kept) -> None:
        now = time.monotonic()
        if now - kept.checked_at < _CHECK_EVERY_S:
            return
        kept.checked_at = now
        if not kept.service.task:
            waits = self._waits_for(kept)
            if not waits:
                self._ready(kept, "running")
                return
            kept.status.detail = waits
        self._require_time_left(kept)

    def _require_time_left(self, kept: _Kept) -> None:
        """Raises ServiceFailed once a service that was never ready has had its time."""
        since = time.monotonic() - (kept.first_began or time.monotonic())
        if kept.was_ready or since <= kept.service.start_s:
            return
        why = kept.status.detail
        if kept.status.restarts:
            why = f"it ended {kept.status.restarts} times: {process.last_line(self._log(kept))}"
        raise ServiceFailed(
            f"{kept.service.name} is not ready after {since:.0f} s ({why}). "
            f"Its log: {self._log(kept)}"
        )

    def _waits_for(self, kept: _Kept) -> str:
        if kept.service.ready is None:
            return "" if time.time() - kept.began > 0.3 else "starting"
        return kept.service.ready(self.settings, kept.began)

    def _ready(self, kept: _Kept, state: State) -> None:
        kept.was_ready = True
        kept.enter(state)
        self.tell(Event(kept.service.name, "ready", time.time() - kept.began))

    def _ended(self, kept: _Kept, code: int) -> None:
        name, ran_s = kept.service.name, time.time() - kept.began
        process.record_file(self.settings.run_dir, name).unlink(missing_ok=True)
        if kept.child:
            kept.child.close_gate()
        if code == 0 and kept.service.task:
            self._ready(kept, "done")
            return
        line = process.last_line(self._log(kept))
        if code == 0 and kept.service.may_end:
            kept.was_ready = True
            kept.enter("stopped", "it has ended by itself")
            self.tell(Event(name, "ended", ran_s, line))
            return
        if code in FATAL:
            kept.enter("failed", line)
            raise FATAL[code](line.removeprefix("andon: ") or f"{name}: see {self._log(kept)}")
        if ran_s > CALM_S:
            kept.delay_s = FIRST_DELAY_S
        kept.status.restarts += 1
        kept.retry_at = time.monotonic() + kept.delay_s
        again = f"starting again in {kept.delay_s:g} s (restart {kept.status.restarts})"
        kept.enter("restarting", f"{_how(code)}: {line}" if line else _how(code))
        self.tell(Event(name, "crashed", ran_s, f"{kept.status.detail}; {again}"))
        kept.delay_s = min(kept.delay_s * 2, LONGEST_DELAY_S)

    # --- the end -------------------------------------------------------------------------------

    def _end_all(self) -> None:
        """SIGTERM to whoever nobody alive depends on; SIGKILL to who takes too long."""
        began = time.monotonic()
        first_stop = self._stops
        waiting = [kept for kept in self._kept if kept.child]
        while waiting:
            hurry = time.monotonic() - began > STOP_ALL_S or self._stops > first_stop + 1
            for kept in list(waiting):
                if not kept.alive:
                    self._has_ended(kept)
                    waiting.remove(kept)
                elif hurry or not self._needed(kept, waiting):
                    self._tell_to_end(kept, hurry)
            self._write_status()
            time.sleep(0.02)
        for kept in self._kept:
            if kept.status.state in ("waiting", "restarting"):
                kept.enter("stopped")
        self._write_status(force=True)
        with contextlib.suppress(OSError):
            self._bell.close()
            self._ear.close()

    def _tell_to_end(self, kept: _Kept, hurry: bool) -> None:
        assert kept.child is not None
        now = time.monotonic()
        if kept.told_to_end is None:
            kept.told_to_end = now
            kept.enter("stopping")
            kept.child.close_gate()
            kept.child.signal(signal.SIGTERM)
        elif hurry or now - kept.told_to_end > kept.service.stop_s:
            kept.child.signal(signal.SIGKILL)

    def _has_ended(self, kept: _Kept) -> None:
        assert kept.child is not None
        kept.child.close_gate()
        process.record_file(self.settings.run_dir, kept.service.name).unlink(missing_ok=True)
        if kept.told_to_end is None:
            return
        killed = kept.child.process.returncode == -signal.SIGKILL
        kept.enter("stopped", "killed after it did not end" if killed else "")
        seconds = time.monotonic() - kept.told_to_end
        self.tell(Event(kept.service.name, "killed" if killed else "stopped", seconds))

    def _needed(self, kept: _Kept, alive: Sequence[_Kept]) -> bool:
        return any(kept.service.name in self._depends_on(other) for other in alive)

    def _depends_on(self, kept: _Kept) -> set[str]:
        found = set(kept.service.after)
        for name in kept.service.after:
            if name in self._by_name:
                found |= self._depends_on(self._by_name[name])
        return found

    # --- around --------------------------------------------------------------------------------

    def _log(self, kept: _Kept) -> str:
        return str(self.settings.logs_dir / f"{kept.service.name}.log")

    def _write_status(self, force: bool = False) -> None:
        now = time.monotonic()
        rows = [kept.status for kept in self._kept]
        changed = repr(rows) != self._written
        if force or now - self._written_at > _HEARTBEAT_S or changed:
            self._written, self._written_at = repr(rows), now
            with contextlib.suppress(OSError):  # a full disk must not end what runs
                write_status(self.settings.run_dir, rows)

    def _rotate_logs(self) -> None:
        if time.monotonic() - self._rotated_at > _ROTATE_S:
            self._rotated_at = time.monotonic()
            for kept in self._kept:
                process.rotate(self.settings.logs_dir / f"{kept.service.name}.log")

    def _sleep(self) -> None:
        states = {kept.status.state for kept in self._kept}
        pause = _BUSY_S if states & {"waiting", "starting"} else _IDLE_S
        if "restarting" in states:
            pause = min(pause, 0.25)
            soonest = min(k.retry_at for k in self._kept if k.status.state == "restarting")
            pause = min(pause, max(soonest - time.monotonic(), 0.01))
        if select.select([self._ear], [], [], pause)[0]:
            self._ear.recv(4_096)

    @contextlib.contextmanager
    def _signals(self) -> Iterator[None]:
        """Signals only count and ring; the loop acts on them."""

        def stop(_number: int, _frame: FrameType | None) -> None:
            self._stops += 1

        self._bell.setblocking(False)
        wanted = {signal.SIGTERM: stop, signal.SIGINT: stop, signal.SIGHUP: stop}
        before = {number: signal.signal(number, handler) for number, handler in wanted.items()}
        before[signal.SIGCHLD] = signal.signal(signal.SIGCHLD, lambda *_: None)
        bell_before = signal.set_wakeup_fd(self._bell.fileno(), warn_on_full_buffer=False)
        try:
            yield
        finally:
            signal.set_wakeup_fd(bell_before)
            for number, handler in before.items():
                signal.signal(number, handler)


def _recorded(run_dir: os.PathLike[str]) -> list[str]:
    return sorted(
        name.removesuffix(".pid") for name in os.listdir(run_dir) if name.endswith(".pid")
    )


def _how(code: int) -> str:
    if code >= 0:
        return f"ended with code {code}"
    try:
        return f"killed by {signal.Signals(-code).name}"
    except ValueError:
        return f"killed by signal {-code}"
