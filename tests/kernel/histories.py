"""Generated histories: what machines can tell in the worst of worlds, and how it can arrive."""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

from hypothesis import strategies as st

from andon.plan import MachinePlan, Plan, Rate
from andon.testing import T0, make_reading
from andon.units import MINUTE_US, SECOND_US


class Row(dict[str, Any]):
    """A reading that prints only what it says, so that a failing example can be read."""

    def __repr__(self) -> str:
        said = {k: v for k, v in self.items() if v not in (None, False) and k not in _UNSAID}
        second = (self["time"] - T0) / SECOND_US
        return f"({second:g} s, {self['identity'].hex()}, {said})"


_UNSAID = ("machine_id", "time", "identity", "received")
MODULUS = 2**16
LATENESS_S = 120
TO_THE_MINUTE = -1
"""Instead of a gap: the next reading comes exactly at the next minute's edge."""

GAPS_S = (1, 1, 1, 1, 0, 0, 5, 10, 30, 59, 60, 60.000001, 61, 90, 200, 700, TO_THE_MINUTE)
STATES = (
    "RUNNING", "RUNNING", "RUNNING", None, None, "IDLE", "ERROR", "MAINTENANCE", "running", "BOGUS",
)  # fmt: skip
DEEDS = (
    *("",) * 12, "boot", "boot and reset", "reset", "reclassify", "jump", "drop",
    "near the modulus", "roll over", "old boot", "death", "death of the boot before",
    "death of no boot",
)  # fmt: skip
FIELDS = (
    "good_units", "scrap_units", "total_good_units", "total_scrap_units", "production_count",
    "scrap_reason", "boot_id", "seq", "job_id", "product_id", "stop_reason", "temperature_milli",
    "operator_name",
)  # fmt: skip


def _row(machine_id: str, **fields: Any) -> Row:
    return Row(make_reading(machine_id, 0, **fields))


@dataclass(slots=True)
class _Teller:
    """A machine that knows its true counts and tells some of them."""

    machine_id: str
    time: int
    good: int
    scrap: int = 0
    boots: int = 0
    seq: int = 0
    rows: list[Row] = field(default_factory=list)

    def tell(self, step: dict[str, Any]) -> None:
        gap = step["gap"]
        if gap == TO_THE_MINUTE:
            self.time += MINUTE_US - self.time % MINUTE_US
        else:
            self.time += round(gap * SECOND_US)
        self.seq += step["skips"] + 1
        self.good += step["good"]
        self.scrap += step["scrap"]
        deed = step["deed"]
        if deed.startswith("death"):
            self._die(deed, step["died"])
        else:
            self._do(deed, step)
            self._say(step)

    def _do(self, deed: str, step: dict[str, Any]) -> None:
        if deed.startswith("boot"):
            self.boots, self.seq = self.boots + 1, 1
        if deed.endswith("reset"):
            self.good, self.scrap = step["good"], step["scrap"]
        elif deed == "reclassify":
            moved = min(self.good, 2)
            self.good, self.scrap = self.good - moved, self.scrap + moved
        elif deed == "jump":
            self.good += 900
        elif deed == "drop":
            self.good = self.good * 2 // 3
        elif deed == "near the modulus":
            self.good = MODULUS - 3
        elif deed == "roll over":
            self.good %= MODULUS

    def _say(self, step: dict[str, Any]) -> None:
        boots = self.boots - (step["deed"] == "old boot")
        known = {
            "good_units": step["good"],
            "scrap_units": step["scrap"],
            "total_good_units": self.good,
            "total_scrap_units": self.scrap,
            "production_count": self.good + self.scrap,
            "scrap_reason": "AB"[step["choice"] % 2],
            "boot_id": f"boot {max(boots, 0)}",
            "seq": self.seq,
            "job_id": f"job {step['choice'] % 2}",
            "product_id": f"p{step['choice'] % 3}",
            "stop_reason": "AB"[step["choice"] % 2],
            "temperature_milli": step["choice"] * 7,
            "operator_name": "XYZ"[step["choice"] % 3],
        }
        said = {name: known[name] for name in FIELDS if name in step["says"]}
        if "scrap_reason" in said:
            said["scrap_category"] = "QUALITY" if step["choice"] % 2 else "MATERIAL"
        if "job_id" not in said and step["choice"] == 5:
            said["job_ended"] = True
        row = _row(
            self.machine_id, state_raw=step["state"], alarm=step["choice"] == 1, **said,
            identity=len(self.rows).to_bytes(2, "big") + bytes([step["tie"]]) * 14,
        )  # fmt: skip
        row["identity"] = row["identity"][2:9] + row["identity"][:2] + self._name()
        row["time"] = row["received"] = self.time
        self.rows.append(row)

    def _name(self) -> bytes:
        return self.machine_id.encode().ljust(7)

    def _die(self, deed: str, offset_s: float) -> None:
        boots = self.boots - deed.endswith("before")
        boot = None if deed.endswith("no boot") else f"boot {max(boots, 0)}"
        row = _row(self.machine_id, is_death=True, boot_id=boot)
        row["time"] = row["received"] = self.time + round(offset_s * SECOND_US)
        row["identity"] = b"death" + len(self.rows).to_bytes(4, "big") + self._name()
        self.rows.append(row)


_STEPS = st.fixed_dictionaries(
    {
        "gap": st.sampled_from(GAPS_S),
        "state": st.sampled_from(STATES),
        "deed": st.sampled_from(DEEDS),
        "good": st.integers(0, 4),
        "scrap": st.sampled_from((0, 0, 1, 2)),
        "skips": st.sampled_from((0, 0, 0, 2)),
        "choice": st.integers(0, 5),
        "tie": st.integers(0, 255),
        "died": st.sampled_from((0, 0.5, -3, 20, 31)),
        "says": st.one_of(st.just(frozenset(FIELDS)), st.frozensets(st.sampled_from(FIELDS))),
    }
)


@st.composite
def histories(draw: st.DrawFn, readings: int = 40) -> list[Row]:
    """Readings of one or two machines in order of time, each machine's first no death."""
    rows: list[Row] = []
    for number in range(draw(st.integers(1, 2))):
        start = T0 + draw(st.sampled_from((0, 1, 30, 59))) * SECOND_US
        teller = _Teller(f"m{number}", start, draw(st.sampled_from((0, 100, 10_000))))
        least = draw(st.sampled_from((1, readings // 2)))
        for step in draw(st.lists(_STEPS, min_size=least, max_size=readings)):
            teller.tell(step)
        rows += _alive(teller.rows)
    return sorted(rows, key=lambda row: row["time"])


def _alive(rows: list[Row]) -> list[Row]:
    """Without a machine that only ever died."""
    return rows if any(not row["is_death"] for row in rows) else []


@st.composite
def plans(draw: st.DrawFn) -> Plan:
    """Plans that say something or nothing of each matter."""
    rates = (
        Rate("@1", Fraction(SECOND_US)),
        Rate("@2", Fraction(SECOND_US, 3), valid_from=T0 + 2 * MINUTE_US),
        Rate("p1@1", Fraction(2 * SECOND_US), product_id="p1"),
    )
    machine = MachinePlan(
        counts=draw(st.sampled_from((None, None, "good_scrap", "production_scrap", "good"))),
        max_rate=draw(st.sampled_from((None, None, Fraction(5, SECOND_US)))),
        counter_modulus=draw(st.sampled_from((None, MODULUS))),
        on_change=draw(st.sampled_from((False, False, False, True))),
        rates=draw(st.sampled_from(((), rates[:1], rates))),
    )
    return Plan(default=machine, allowed_lateness_us=LATENESS_S * SECOND_US)


@dataclass(frozen=True, slots=True)
class Batch:
    """Rows that come together; whether `now` is told with them, and the engine dies after them."""

    rows: tuple[Row, ...]
    clock: bool
    crash: bool


@st.composite
def deliveries(draw: st.DrawFn, rows: list[Row]) -> list[Batch]:
    """The rows in another order, within the allowed lateness, some twice, cut into batches."""
    fates = draw(
        st.lists(
            st.tuples(
                st.sampled_from((0, 0, 0, 1, 30, 60, 119, LATENESS_S)),  # delay, s
                st.sampled_from((False, False, True)),  # ends a batch
                st.sampled_from((0, 0, 0, 1, 40)),  # comes again, s later
                st.sampled_from((False,) * 7 + (True,)),  # crash after the batch
                st.booleans(),  # now is told
            ),
            min_size=len(rows),
            max_size=len(rows),
        )
    )
    sent = [
        (row["time"] + delay * SECOND_US, n, row, fates[n])
        for n, (row, (delay, *_)) in enumerate(zip(rows, fates, strict=True))
    ]
    sent += [(when + fate[2] * SECOND_US, n, row, fate) for when, n, row, fate in sent if fate[2]]
    batches: list[Batch] = []
    gathered: list[Row] = []
    for _, _, row, fate in _known_first(sorted(sent, key=lambda s: (s[0], s[1]))):
        gathered.append(row)
        if fate[1]:
            batches.append(Batch(tuple(gathered), fate[4], fate[3]))
            gathered = []
    return [*batches, Batch(tuple(gathered), clock=False, crash=False)]


Sent = tuple[int, int, Row, tuple[int, bool, int, bool, bool]]


def _known_first(sent: list[Sent]) -> list[Sent]:
    """A death of a machine not yet known is not admitted: its oldest reading comes before it."""
    out: list[Sent] = []
    known: set[str] = set()
    for one in sent:
        machine_id = one[2]["machine_id"]
        if one[2]["is_death"] and machine_id not in known:
            readings = (s for s in sent if s[2]["machine_id"] == machine_id)
            out.append(min((s for s in readings if not s[2]["is_death"]), key=_when))
        known.add(machine_id)
        out.append(one)
    return out


def _when(one: Sent) -> int:
    return int(one[2]["time"])
