"""The worked cases as messages: what each machine publishes, and the plant file they need."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

WINDOW = timedelta(minutes=5)
_SINCE = datetime.now(UTC) - timedelta(hours=2)
START = _SINCE - (_SINCE - datetime(2000, 1, 1, tzinfo=UTC)) % WINDOW
"""Two hours ago, where a 5-minute window begins."""

DAY = START - timedelta(hours=24)
ROLL_UP = datetime(2026, 11, 20, 6, tzinfo=UTC)
"""Before every other machine's first reading, so that a range there has these two alone."""

TOML = """
[plant]
time_zone = "UTC"

[[machine]]
id = "outage"
cycle_s = 1

[[machine]]
id = "slow counter"
cycle_s = 1

[[machine]]
id = "on change"
reporting = "on_change"

[[machine]]
id = "modulus"
counter_modulus = 65536

[[machine]]
id = "rollover"
counter_modulus = 65536

[[machine]]
id = "fast cycle"
cycle_s = 1

[[machine]]
id = "slow cycle"
cycle_s = 10

[[machine]]
id = "failure"
cycle_s = 1

[[machine]]
id = "28000 an hour"
units_per_hour = 28000
"""


@dataclass
class Story:
    """What one machine publishes, in its order."""

    machine_id: str
    start: datetime = START
    messages: list[tuple[str, bytes]] = field(default_factory=list)

    def say(self, second: float, **fields: Any) -> None:
        """One message at so many seconds after the start."""
        at = (self.start + timedelta(seconds=second)).isoformat()
        payload = {"machine_id": self.machine_id, "timestamp": at, **fields}
        topic = f"factory/machines/{self.machine_id}/telemetry"
        self.messages.append((topic, json.dumps(payload).encode()))


def outage() -> Story:
    story = Story("outage")
    for second in range(0, 3601, 10):
        if not 1500 < second < 2100:
            story.say(second, state="RUNNING", total_good_units=1_000 + second * 9 // 10)
    return story


def slow_counter() -> Story:
    story = Story("slow counter")
    for second in range(0, 1801, 10):
        total = {} if second % 300 else {"total_good_units": second * 4 // 5}
        story.say(second, state="RUNNING", **total)
    return story


def on_change(machine_id: str, silence: bool) -> Story:
    """`state` once, then counts alone; with a silence of 61 s and a state long after it."""
    story = Story(machine_id)
    story.say(0, state="RUNNING", good_units=0, seq=0)
    later = [*range(10, 301, 10), *range(361 if silence else 310, 602, 10)]
    for seq, second in enumerate(later, start=1):
        story.say(second, good_units=5, seq=seq)
    if silence:
        story.say(660, state="RUNNING", good_units=5, seq=len(later) + 1)
        story.say(720, good_units=5, seq=len(later) + 2)
    return story


def totals(machine_id: str, *values: int, boot_from: int | None = None) -> Story:
    """A total every 10 s; a new boot begins at index `boot_from`."""
    story = Story(machine_id)
    for index, value in enumerate(values):
        boot = {} if boot_from is None else {"boot_id": "B2" if index >= boot_from else "B1"}
        story.say(10 * index, state="RUNNING", total_good_units=value, **boot)
    return story


def cycle(machine_id: str, good: int, scrap: int) -> Story:
    """100 s RUNNING in which all is counted, then planned maintenance to the full minute."""
    story = Story(machine_id, ROLL_UP)
    story.say(0, state="RUNNING", seq=0)
    for seq in range(1, 10):
        story.say(10 * seq, state="RUNNING", good_units=0, scrap_units=0, seq=seq)
    story.say(100, state="MAINTENANCE", good_units=good, scrap_units=scrap, seq=10)
    story.say(120, state="MAINTENANCE", seq=11)
    return story


def failure() -> Story:
    story = Story("failure")
    for second, state in enumerate(["RUNNING"] * 10 + ["ERROR"] + ["MAINTENANCE"] * 5):
        story.say(10 * second, state=state)
    for second in range(160, 181, 10):
        story.say(second, state="RUNNING")
    return story


SCRAP = ((3, "CRACK"), (0, None), (2, "CRACK"), (1, "BURR"), (4, "CRACK"), (0, None))


def withheld(machine_id: str, lost: bool) -> Story:
    """Six readings after the first; of two, the scrap (or the whole message) is withheld."""
    story = Story(machine_id)
    total = 17
    story.say(0, state="RUNNING", total_good_units=50, total_scrap_units=total, seq=0)
    for index, (units, reason) in enumerate(SCRAP, start=1):
        total += units
        hide = index in (3, 5)
        own = {} if hide or not units else {"scrap_units": units, "scrap_reason": reason}
        counts = {"total_good_units": 50 + index, "total_scrap_units": total}
        if not (hide and lost):
            story.say(10 * index, state="RUNNING", seq=index, **counts, **own)
    return story


def day_at_28000() -> Story:
    """A whole day; the total is what 28,000 an hour make, cut to whole units."""
    story = Story("28000 an hour", DAY)
    for minute in range(24 * 60 + 1):
        story.say(60 * minute, state="RUNNING", total_good_units=28_000 * minute // 60)
    return story


def no_rate() -> Story:
    story = Story("no rate")
    for second in range(0, 61, 10):
        story.say(second, state="RUNNING", good_units=4, scrap_units=1, seq=second)
    return story


def stories() -> list[Story]:
    return [
        outage(),
        slow_counter(),
        on_change("periodic", silence=False),
        on_change("silent", silence=True),
        on_change("on change", silence=True),
        totals("glitch", 100, 99, 100, 101),
        totals("modulus", 100, 99, 100, 101),
        totals("lower", 100, 50, 60, 70),
        totals("jitter", 8, 7, 8),
        totals("new boot lower", 10_000, 9_000, boot_from=1),
        totals("plc", 10_000, 10_050, boot_from=1),
        totals("rollover", 65_530, 4),
        cycle("fast cycle", 50, 50),
        cycle("slow cycle", 10, 0),
        failure(),
        withheld("scrap field withheld", lost=False),
        withheld("scrap message withheld", lost=True),
        day_at_28000(),
        no_rate(),
    ]


def heartbeat() -> list[tuple[str, bytes]]:
    """A message of another machine, now."""
    story = Story("heartbeat", datetime.now(UTC))
    story.say(0)
    return story.messages
