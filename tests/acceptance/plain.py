"""The figures of a machine in plain Python, from its messages alone. Times are microseconds."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import Any

from tests.acceptance.hour import CYCLE_US, MAX_GAP_US, STATES, Message

FIVE_US = 300_000_000
UNKNOWN = "UNKNOWN"


@dataclass(frozen=True)
class Stretch:
    """One state from start to end; repair is MAINTENANCE after an ERROR before RUNNING."""

    start: int
    end: int
    state: str
    repair: bool = False

    @property
    def busy(self) -> bool:
        return self.state in ("RUNNING", "IDLE", "ERROR") or self.repair

    def inside(self, start: int, end: int) -> int:
        """How much of it lies in [start, end)."""
        return max(0, min(self.end, end) - max(self.start, start))


@dataclass(frozen=True)
class Booked:
    """Units of one counter at one reading: all, those in known busy time, their span's start."""

    units: int = 0
    covered: int = 0
    start: int = 0


@dataclass(frozen=True)
class Scrap:
    """One scrap event."""

    message: Message
    reason: str
    category: str | None
    units: int
    produced: int
    good: int
    span_start: int
    job_id: str | None


@dataclass
class Counter:
    """One counter: its total's baseline and the increments booked since."""

    total: int | None = None
    at: int = 0
    since: int = 0


@dataclass
class Machine:
    """What one machine did, up to `now`."""

    machine_id: str
    now: int
    messages: list[Message]
    stretches: list[Stretch] = field(default_factory=list)
    entries: list[int] = field(default_factory=list)
    scrap: list[Scrap] = field(default_factory=list)
    units: list[tuple[int, dict[str, Any]]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.messages.sort(key=lambda m: (m["us"], m["seq"]))
        self.first = self.messages[0]["us"]
        self._time()
        self._incidents()
        self._counts()

    def _time(self) -> None:
        state, gap = UNKNOWN, MAX_GAP_US[self.machine_id]
        last_mark = ""  # the last of RUNNING and ERROR
        ends = [m["us"] for m in self.messages[1:]] + [None]
        for message, until in zip(self.messages, ends, strict=True):
            at = message["us"]
            if message.get("state"):
                state = STATES.get(message["state"].lower(), UNKNOWN)
            if until == at:
                continue
            if state in ("RUNNING", "ERROR"):
                last_mark = state
            repair = state == "MAINTENANCE" and last_mark == "ERROR"
            if until is None and self.now - at <= gap:
                break  # from the newest reading on: nowhere yet
            held = at + gap if until is None else min(until, at + gap)
            self.stretches.append(Stretch(at, held, state, repair))
            if until is None or held < until:
                state = UNKNOWN
                self.stretches.append(Stretch(held, until or self.now, state))

    def _incidents(self) -> None:
        known = ""
        for stretch in self.stretches:
            if stretch.state == "ERROR" != known:
                self.entries.append(stretch.start)
            known = known if stretch.state == UNKNOWN else stretch.state

    def _covered(self, units: int, start: int, end: int) -> int:
        if start == end:
            return units if any(s.busy and s.start <= end < s.end for s in self.stretches) else 0
        known = sum(s.inside(start, end) for s in self.stretches if s.busy)
        return abs(units) * known // (end - start) * (1 if units >= 0 else -1)

    def _book(
        self, counter: Counter, message: Message, total: Any, own: Any, before: int
    ) -> Booked:
        at = message["us"]
        if total is not None and counter.total is not None:
            units, start = total - counter.total - counter.since, counter.at
            counter.total, counter.at, counter.since = total, at, 0
        else:
            units, start = own or 0, before
            counter.since += units
            if total is not None:
                counter.total, counter.at, counter.since = total, at, 0
        return Booked(units, self._covered(units, start, at), start)

    def _counts(self) -> None:
        main, waste = Counter(), Counter()
        whole = self.machine_id == "C"  # counts produced and scrap, the others good and scrap
        before, job = self.first, None
        for m in self.messages:
            total = m.get("production_count" if whole else "total_good_units")
            own = None if whole else m.get("good_units")
            made = self._book(main, m, total, own, before)
            lost = self._book(waste, m, m.get("total_scrap_units"), m.get("scrap_units"), before)
            before = m["us"]
            job = m.get("job_id", job)
            sign = -1 if whole else 1
            good = made.units if not whole else made.units - lost.units
            covered = made.covered + sign * lost.covered
            self._booked(m, good, good + lost.units, lost, made.covered, covered)
            self._events(m, lost, good, job)

    def _booked(
        self, m: Message, good: int, produced: int, lost: Booked, main: int, derived: int
    ) -> None:
        whole = self.machine_id == "C"
        product = m.get("product_id") if self.machine_id == "B" else None
        values = {
            "good": good,
            "produced": produced,
            "scrap": lost.units,
            "good_covered": derived if whole else main,
            "produced_covered": main if whole else derived,
            "cycle_us": CYCLE_US.get((self.machine_id, product)),
        }
        self.units.append((m["us"], values))

    def _events(self, m: Message, lost: Booked, good: int, job: str | None) -> None:
        own, reason = m.get("scrap_units") or 0, m.get("scrap_reason")
        named = max(min(own, lost.units), 0) if reason else 0
        parts = [(reason, m.get("scrap_category"), named), ("UNREPORTED", None, lost.units - named)]
        for name, category, units in parts:
            if units:
                produced = good + lost.units
                self.scrap.append(
                    Scrap(m, name or "", category, units, produced, good, lost.start, job)
                )

    # --- windows -------------------------------------------------------------------------------

    def booked_in(self, at: int) -> int:
        """Start of the window to which what accumulated up to `at` belongs: (start, end]."""
        return _window(at if at == self.first else at - 1)

    def windows(self) -> list[int]:
        """Starts of the windows of which anything but UNKNOWN is known."""
        found = {_window(m["us"]) for m in self.messages}
        found |= {self.booked_in(at) for at, u in self.units if u["produced"] or u["scrap"]}
        for stretch in self.stretches:
            if stretch.state != UNKNOWN:
                found |= set(range(_window(stretch.start), stretch.end, FIVE_US))
        return sorted(found)

    def times(self, start: int) -> dict[str, int]:
        """us per state, and `busy` (PBT), in the window that starts there."""
        found: dict[str, int] = defaultdict(int)
        for stretch in self.stretches:
            inside = stretch.inside(start, start + FIVE_US)
            found[stretch.state] += inside
            found["busy"] += inside if stretch.busy else 0
        return found

    def sums(self, start: int) -> dict[str, int]:
        """Units booked in the window; ideal times in us; `unrated` units without a rate."""
        found: dict[str, int] = defaultdict(int)
        for at, units in self.units:
            if self.booked_in(at) != start:
                continue
            for name in ("good", "produced", "scrap", "good_covered", "produced_covered"):
                found[name] += units[name]
            cycle = units["cycle_us"]
            found["unrated"] += cycle is None and bool(units["produced_covered"])
            found["ideal_good"] += units["good_covered"] * (cycle or 0)
            found["ideal_produced"] += units["produced_covered"] * (cycle or 0)
        events = [e for e in self.scrap if self.booked_in(e.message["us"]) == start]
        found["defects"] = sum(e.units for e in events if e.category == "QUALITY")
        found["incidents"] = sum(_window(at) == start for at in self.entries)
        return found

    def of_window(self, start: int) -> list[Message]:
        """The window's readings [start, end) in order."""
        return [m for m in self.messages if _window(m["us"]) == start]


def _window(us: int) -> int:
    return us // FIVE_US * FIVE_US
