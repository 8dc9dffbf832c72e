"""The board: heads and today's sums of every machine, read set-based and kept cheap.

Sums of minutes before a machine's watermark are final: they are added up once and kept in the
process, so that a refresh reads only the few minutes since. They are dropped at local midnight,
when a machine's watermark moves back, when its readings that await recomputation become fewer, and
every REREAD_US in any case, because recomputation replaces final minutes.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from zlib import crc32

from andon.units import MINUTE_US, to_us
from andon.web.source import Row, Store
from andon.web.values.oee import SUMS, Part

REREAD_US = 15 * MINUTE_US
FOLD_US = 2 * MINUTE_US
RATES_US = 2_000_000
TURNS = 20
FAR = 253_370_764_800_000_000
"""The year 9999: no end."""

Pulse = tuple[datetime, datetime, str, bool]
Sums = dict[str, int]
Rates = dict[tuple[str, str], tuple[int, int]]


@dataclass(slots=True)
class Closed:
    """Sums per rate_id of one machine's minutes in [since, until), all final."""

    since: int
    until: int
    awaiting: int
    read_at: int
    sums: dict[str, Sums] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class MachineRows:
    """One machine as read: its head row and its sums per ideal rate since `since`."""

    head: Row
    parts: tuple[Part, ...]
    since: int


class Today:
    """Heads and sums since local midnight. Thread-safe: one reader at a time."""

    def __init__(self, store: Store, lateness_us: int, midnight: Callable[[int], int]) -> None:
        self._store = store
        self._lateness_us = lateness_us
        self._midnight = midnight
        self._closed: dict[str, Closed] = {}
        self._rates: Rates = {}
        self._latest: dict[str, tuple[int, int]] = {}
        self._rates_at = 0
        self._pulses: dict[str, Pulse] = {}
        self._rows: dict[str, MachineRows] = {}
        self._day = -1
        self._turn = 0
        self._lock = threading.Lock()

    def read(self, now_us: int, whole: bool = True) -> list[MachineRows]:
        """Every machine in the order of its id. Raises StoreUnreachable.

        With whole=False only machines whose head has moved are read again, and one in TURNS of
        the others (a late reading leaves the head as it is); the rest are as in the call before.
        """
        with self._lock:
            pulses = self._read_pulses()
            day = self._midnight(now_us)
            whole = whole or day != self._day
            self._turn = (self._turn + 1) % TURNS
            moved = [
                m
                for i, (m, p) in enumerate(pulses.items())
                if whole or i % TURNS == self._turn or self._pulses.get(m) != p
            ]
            if moved:
                self.load_rates(now_us)
                heads = self._store.rows("heads", {"machines": None if whole else moved})
                if whole:
                    self._closed = {m: c for m, c in self._closed.items() if m in pulses}
                self._fold(heads, day, now_us)
                fresh = {r.head["machine_id"]: r for r in self._join(heads, day)}
                self._rows = fresh if whole else {**self._rows, **fresh}
            self._pulses, self._day = pulses, day
            return [self._rows[m] for m in pulses if m in self._rows]

    def _read_pulses(self) -> dict[str, Pulse]:
        return {
            r["machine_id"]: (r["time"], r["interval_start"], r["state"], r["silent"])
            for r in self._store.rows("pulses")
        }

    def load_rates(self, now_us: int) -> None:
        """Read the ideal rates again where they are older than RATES_US."""
        if self._rates_at and now_us - self._rates_at < RATES_US:
            return
        rows = self._store.rows("rates")
        self._rates = {
            (r["machine_id"], r["rate_id"]): (r["cycle_us_numerator"], r["cycle_us_denominator"])
            for r in rows
        }
        self._latest = {machine: cycle for (machine, _), cycle in self._rates.items()}
        self._rates_at = now_us

    def parts(self, machine: str, sums: dict[str, Sums]) -> tuple[Part, ...]:
        """Sums per rate with its exact cycle; a machine without minutes is one empty part."""
        if not sums:
            return (Part(dict.fromkeys(SUMS, 0), self._latest.get(machine)),)
        return tuple(
            Part(sums[rate], self._rates.get((machine, rate)) if rate else None)
            for rate in sorted(sums)
        )

    def one(self, head: Row, sums: dict[str, Sums], since: int) -> MachineRows:
        """One machine's rows over a range of its own."""
        return MachineRows(head, self.parts(head["machine_id"], sums), since)

    def sums(self, ranges: Sequence[tuple[str, int, int, int]]) -> dict[str, dict[str, Sums]]:
        """Sums by machine and rate_id over (machine, since, until, counted) minutes, in us."""
        rows = self._store.rows(
            "sums",
            {
                "machines": [r[0] for r in ranges],
                "since": _minutes(r[1] for r in ranges),
                "until": _minutes(r[2] for r in ranges),
                "counted": _minutes(r[3] for r in ranges),
            },
        )
        found: dict[str, dict[str, Sums]] = {}
        for row in rows:
            machine, rate = row.pop("machine_id"), row.pop("rate_id")
            found.setdefault(machine, {})[rate] = row
        return found

    def _fold(self, heads: list[Row], day: int, now_us: int) -> None:
        """Move what has become final into the kept sums."""
        grow: list[tuple[str, int, int, int]] = []
        kept = self._closed
        for head in heads:
            machine = head["machine_id"]
            final = (to_us(head["time"]) - self._lateness_us) // MINUTE_US * MINUTE_US
            awaiting = head["awaiting_recompute"] or 0
            closed = self._closed.get(machine)
            if closed is None or closed.since != day:
                # Spread over machines, so that they are not all read again in the same refresh.
                spread = crc32(machine.encode()) % REREAD_US
                closed = Closed(day, day, awaiting, now_us - spread)
            elif _outdated(closed, final, awaiting, now_us):
                closed = Closed(day, day, awaiting, now_us)
            closed.awaiting = awaiting
            kept[machine] = closed
            if final - closed.until >= FOLD_US:
                grow.append((machine, closed.until, final, day))
        if not grow:
            return
        found = self.sums(grow)
        for machine, _, final, _ in grow:
            closed = kept[machine]
            closed.until = final
            for rate, sums in found.get(machine, {}).items():
                _add(closed.sums, rate, sums)

    def _join(self, heads: list[Row], day: int) -> list[MachineRows]:
        """Kept sums plus the minutes since."""
        live = self.sums(
            [(h["machine_id"], self._closed[h["machine_id"]].until, FAR, day) for h in heads]
        )
        board = []
        for head in heads:
            machine = head["machine_id"]
            sums = live.get(machine, {})
            for rate, old in self._closed[machine].sums.items():
                _add(sums, rate, old)
            board.append(MachineRows(head, self.parts(machine, sums), day))
        return board


def _outdated(closed: Closed, final: int, awaiting: int, now_us: int) -> bool:
    return (
        (final < closed.until and closed.until > closed.since)
        or awaiting < closed.awaiting
        or now_us - closed.read_at > REREAD_US
    )


def _minutes(instants: Iterable[int]) -> str:
    return ",".join(str(us // MINUTE_US) for us in instants)


def _add(into: dict[str, Any], rate: str, more: Sums) -> None:
    """Add sums of a rate; `more` itself is never kept, so that it may be added again."""
    have = into.get(rate)
    if have is None:
        into[rate] = dict(more)
        return
    for name in SUMS:
        have[name] += more[name]
