"""What the pages show now: the newest board, kept so that it can be shown without the store."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, replace
from typing import Any
from zoneinfo import ZoneInfo

from andon.errors import StoreUnreachable
from andon.units import from_us, to_us
from andon.web.board import Today
from andon.web.source import RunFiles, Store
from andon.web.values import board, display
from andon.web.values.board import Moment
from andon.web.values.clock import iso, local_midnight
from andon.web.values.strip import strip

TALLIES_US = 2_000_000


@dataclass(frozen=True, slots=True)
class Plant:
    """What the pages need of the plant file."""

    name: str
    time_zone: ZoneInfo
    mqtt_host: str
    mqtt_port: int
    topic: str


@dataclass(frozen=True, slots=True)
class Snapshot:
    """One board: the JSON value and the fields made from it."""

    value: dict[str, Any]
    tiles: dict[str, display.Fields]
    plant: display.Fields
    strip: display.Fields
    store_since: str | None


class Current:
    """The newest board. Thread-safe; makes a new one at most every `fresh_s` seconds."""

    def __init__(self, store: Store, run: RunFiles, lateness_us: int, plant: Plant) -> None:
        self.store = store
        self.run = run
        self.lateness_us = lateness_us
        self.plant = plant
        self.today = Today(store, lateness_us, self.midnight)
        self._lock = threading.Lock()
        self._board: dict[str, Any] | None = None
        self._tiles: dict[str, display.Fields] = {}
        self._plant_fields: display.Fields = {}
        self._made: dict[str, board.Made] = {}
        self._made_at = float("-inf")
        self._tallies: dict[str, Any] = {}
        self._tallies_at = 0

    def midnight(self, now_us: int) -> int:
        """The local midnight before `now_us`, in us."""
        return local_midnight(now_us, self.plant.time_zone)

    def moment(self) -> Moment:
        """The wall clock, read here and nowhere else in the pages, and its local midnight."""
        now_us = time.time_ns() // 1000
        return Moment(now_us, self.midnight(now_us))

    def snapshot(self, fresh_s: float = 0.5, whole: bool = True) -> Snapshot:
        """The board, not older than `fresh_s`; the last known one while the store is away.

        With whole=False machines that sent nothing new come in turns (board.TURNS).
        Raises StoreUnreachable where there is no last known one.
        """
        with self._lock:
            if time.monotonic() - self._made_at >= fresh_s:
                try:
                    self._make(whole)
                except StoreUnreachable:
                    if self._board is None:
                        raise
            return self._with_strip()

    def _make(self, whole: bool) -> None:
        moment = self.moment()
        read = self.today.read(moment.now_us, whole)
        made, tiles = {}, {}
        for rows in read:
            machine = rows.head["machine_id"]
            old = self._made.get(machine)
            if old is not None and old.rows is rows:
                made[machine], tiles[machine] = old, self._tiles[machine]
            else:
                made[machine] = new = board.made(rows, moment)
                tiles[machine] = display.tile(new.tile)
        value = board.board(list(made.values()), moment)
        if moment.now_us - self._tallies_at >= TALLIES_US:
            since = from_us(moment.midnight_us)
            self._tallies = self.store.rows("tallies", {"since": since})[0]
            self._tallies_at = moment.now_us
        self._board = value
        self._made = made
        self._tiles = tiles
        self._plant_fields = display.plant(value["plant"])
        self._made_at = time.monotonic()

    def _with_strip(self) -> Snapshot:
        assert self._board is not None
        now_us = time.time_ns() // 1000
        away = self.store.unreachable_since
        away_us = None if away is None else to_us(away)
        state = strip(self.run.engine(), self.run.status(), self._tallies, now_us)
        state["store_unreachable_since"] = iso(away_us)
        fields = display.strip(state, None if away_us is None else away_us // 1000)
        value = {
            "at": self._board["at"],
            "at_us": self._board["at_us"],
            "stale_since": state["stale_since"],
            "store_unreachable_since": state["store_unreachable_since"],
            "plant": self._board["plant"],
            "strip": state,
            "machines": self._board["machines"],
        }
        return Snapshot(value, self._tiles, self._plant_fields, fields, iso(away_us))

    def only(self, snapshot: Snapshot, machine: str) -> Snapshot:
        """The snapshot with nothing but one machine's tile."""
        tiles = {machine: snapshot.tiles[machine]} if machine in snapshot.tiles else {}
        return replace(snapshot, tiles=tiles)
