"""Live updates: one listener per process, one diff per change, every viewer its own short queue.

The thread listens for the engine's NOTIFY after each commit, only while someone is connected, reads
the board at most every PACE_S and hands the changed fields to the viewers.
"""

from __future__ import annotations

import json
import logging
import threading
import time
from collections import deque
from contextlib import suppress
from typing import Any

from andon.errors import AndonError
from andon.store import postgres
from andon.web.current import Current, Snapshot
from andon.web.values.display import Fields

CHANNEL = "andon_batch"
PACE_S = 0.25
TICK_S = 1.0
REFRESH_S = 5.0
QUEUE = 16
COUNTED = frozenset({"held", "heard_at"})

log = logging.getLogger(__name__)


def compact(value: object) -> str:
    """JSON without spaces."""
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def changed(old: Fields, new: Fields) -> Fields:
    """The fields of `new` that differ from `old`, without those that the browser counts itself."""
    return {n: text for n, text in new.items() if old.get(n) != text and n not in COUNTED}


class Difference:
    """What changed between two snapshots; its JSON is made once for all viewers."""

    def __init__(self, before: Snapshot | None, after: Snapshot) -> None:
        old = {} if before is None else before.tiles
        self.tiles: dict[str, Fields] = {}
        for machine, fields in after.tiles.items():
            known = old.get(machine)
            if known is fields:
                continue
            more = fields if known is None else changed(known, fields)
            if more:
                self.tiles[machine] = more
        self.gone = [machine for machine in old if machine not in after.tiles]
        self.plant = changed({} if before is None else before.plant, after.plant)
        self.strip = changed({} if before is None else before.strip, after.strip)
        self.whole = before is None
        self.at_ms = after.value["at_us"] // 1000
        self._text: str | None = None

    def __bool__(self) -> bool:
        return bool(self.tiles or self.gone or self.plant or self.strip or self.whole)

    def text(self) -> str:
        """The JSON of everything."""
        if self._text is None:
            self._text = compact(self._value(self.tiles, self.gone))
        return self._text

    def text_of(self, machine: str) -> str:
        """The JSON of one machine, plant and strip."""
        tiles = {machine: self.tiles[machine]} if machine in self.tiles else {}
        return compact(self._value(tiles, [m for m in self.gone if m == machine]))

    def _value(self, tiles: dict[str, Fields], gone: list[str]) -> dict[str, Any]:
        value: dict[str, Any] = {"at": self.at_ms, "whole": self.whole}
        if self.whole or tiles:
            value["tiles"] = tiles
        for name, part in (("gone", gone), ("plant", self.plant), ("strip", self.strip)):
            if part:
                value[name] = part
        return value


class Viewer:
    """One connected browser: its queue, and whether it fell behind and needs everything again."""

    def __init__(self, machine: str | None) -> None:
        self.machine = machine
        self._queue: deque[Difference] = deque()
        self._ready = threading.Condition()
        self._behind = False

    def put(self, difference: Difference) -> None:
        """Add a change; a viewer that does not take its changes loses them and gets the whole."""
        with self._ready:
            if len(self._queue) >= QUEUE:
                self._queue.clear()
                self._behind = True
            else:
                self._queue.append(difference)
            self._ready.notify()

    def reset(self) -> None:
        """The viewer has been given the whole: nothing waits."""
        with self._ready:
            self._behind = False
            self._queue.clear()

    def wake(self) -> None:
        """End a wait in `take`."""
        with self._ready:
            self._ready.notify()

    def take(self, wait_s: float) -> list[Difference] | None:
        """Changes in order, empty after `wait_s`; None where the viewer must be sent the whole."""
        with self._ready:
            if not self._queue and not self._behind:
                self._ready.wait(wait_s)
            if self._behind:
                return None
            taken = list(self._queue)
            self._queue.clear()
            return taken


class Live:
    """The listener thread and its viewers."""

    def __init__(self, current: Current, most: int) -> None:
        self._current = current
        self._most = most
        self._viewers: list[Viewer] = []
        self._changed = threading.Condition()
        self._last: Snapshot | None = None
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        self.refreshes = 0
        self.refresh_s = 0.0

    @property
    def viewers(self) -> int:
        """How many browsers are connected."""
        return len(self._viewers)

    def join(self, machine: str | None) -> tuple[Viewer, Difference] | None:
        """A new viewer with the whole board as its first change; None where there are too many.

        Raises StoreUnreachable where nothing is known yet.
        """
        with self._changed:
            if len(self._viewers) >= self._most:
                return None
            if self._last is None or not self._viewers:
                self._last = self._current.snapshot()
            viewer = Viewer(machine)
            self._viewers.append(viewer)
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="andon-live", daemon=True)
                self._thread.start()
            self._changed.notify_all()
            return viewer, Difference(None, self._last)

    def catch_up(self, viewer: Viewer) -> Difference:
        """Everything, for a viewer that fell behind."""
        with self._changed:
            assert self._last is not None
            viewer.reset()
            return Difference(None, self._last)

    def leave(self, viewer: Viewer) -> None:
        """The browser is gone."""
        with self._changed:
            if viewer in self._viewers:
                self._viewers.remove(viewer)
            self._changed.notify_all()

    @property
    def stopping(self) -> bool:
        """The server is about to end: viewers are to be let go."""
        return self._stop.is_set()

    def stop(self) -> None:
        """End the thread and let every viewer go."""
        self._stop.set()
        with self._changed:
            for viewer in self._viewers:
                viewer.wake()
            self._changed.notify_all()

    def _run(self) -> None:
        while not self._stop.is_set():
            with self._changed:
                while not self._viewers and not self._stop.is_set():
                    self._changed.wait()
            try:
                self._follow()
            except AndonError as error:
                log.warning("live updates wait for the store: %s", error)
                with suppress(AndonError):
                    self._refresh()
                self._stop.wait(TICK_S)
            except Exception:
                log.exception("live updates failed; trying again")
                self._stop.wait(TICK_S)

    def _follow(self) -> None:
        """Listen while anyone looks. Closing the connection at the end ends LISTEN as well."""
        connection = self._current.store.connect()
        try:
            postgres.listen(connection, CHANNEL)
            self._refresh()
            read_at = time.monotonic()
            while self._viewers and not self._stop.is_set():
                told = postgres.notifications(connection, TICK_S)
                now = time.monotonic()
                if told or now - read_at >= REFRESH_S:
                    # The pace, longer where a read takes long; what is told meanwhile is in it.
                    rest = read_at + max(PACE_S, 1.5 * self.refresh_s) - now
                    if rest > 0:
                        self._stop.wait(rest)
                        postgres.notifications(connection, 0)
                    read_at = time.monotonic()
                    self._refresh(whole=not told)
                else:
                    self._refresh(fresh_s=REFRESH_S)
        finally:
            connection.close()

    def _refresh(self, fresh_s: float = 0.0, whole: bool = True) -> None:
        """Take a snapshot and hand on what changed. The store may be away: then only the strip."""
        begun = time.monotonic()
        snapshot = self._current.snapshot(fresh_s, whole)
        with self._changed:
            difference = Difference(self._last, snapshot)
            self._last = snapshot
            if difference:
                for viewer in self._viewers:
                    viewer.put(difference)
        if fresh_s == 0.0:
            self.refreshes += 1
            self.refresh_s = time.monotonic() - begun
