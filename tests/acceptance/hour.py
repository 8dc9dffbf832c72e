"""An hour of three machines, made by dice: what was published, as Python values and as bytes.

A    held for an hour; running totals and increments, some withheld; messages lost; a tie
B    increments only; products, one without a rate; two silences; words of its own for states
C    no rate; production_count and total_scrap_units now and then; ends 20 minutes before the others
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

Message = dict[str, Any]

TOML = """
[plant]
time_zone = "UTC"

[[machine]]
id = "A"
cycle_s = 2
period_s = 1200

[[machine]]
id = "B"
state_map = { PRODUCTION = "RUNNING", Standby = "IDLE" }

[[machine]]
id = "C"

[[product]]
id = "P1"
machines = ["B"]
cycle_s = 1.5

[[product]]
id = "P2"
machines = ["B"]
cycle_s = 4
"""
CYCLE_US = {("A", None): 2_000_000, ("B", "P1"): 1_500_000, ("B", "P2"): 4_000_000}
STATES = {"production": "RUNNING", "standby": "IDLE"} | {
    s.lower(): s for s in ("RUNNING", "IDLE", "MAINTENANCE", "ERROR")
}
MAX_GAP_US = {"A": 3_600_000_000, "B": 60_000_000, "C": 60_000_000}
FIVE = timedelta(minutes=5)
MICROSECOND = timedelta(microseconds=1)
REASONS = (("CRACK", "QUALITY"), ("BURR", "MATERIAL"), ("DRIFT", None), (None, "QUALITY"))
NEXT = {
    "RUNNING": ("RUNNING", "RUNNING", "IDLE", "ERROR", "MAINTENANCE"),
    "IDLE": ("RUNNING", "ERROR", "IDLE"),
    "ERROR": ("MAINTENANCE", "RUNNING"),
    "MAINTENANCE": ("RUNNING", "IDLE"),
}


@dataclass
class Dice:
    """One machine's chance and what it goes through."""

    rng: random.Random
    state: str = "RUNNING"
    good: int = 4_000
    scrap: int = 90

    def step(self) -> tuple[int, int]:
        """The next state now and then; good and scrap units of the step."""
        if self.rng.random() < 0.08:
            self.state = self.rng.choice(NEXT[self.state])
        made = self.rng.randint(0, 4) if self.state == "RUNNING" else self.rng.random() < 0.1
        scrap = sum(self.rng.random() < 0.15 for _ in range(int(made)))
        self.good += int(made) - scrap
        self.scrap += scrap
        return int(made) - scrap, scrap

    def maybe(self, share: float, **fields: Any) -> Message:
        """The fields, or some of them as null, or none."""
        if self.rng.random() > share:
            return {}
        return {name: None if self.rng.random() < 0.2 else v for name, v in fields.items()}

    def measures(self) -> Message:
        rng, found = self.rng, dict[str, Any]()
        if rng.random() < 0.9:
            found["temperature"] = rng.choice([round(rng.uniform(20, 90), 4), "hot", 61.0005])
        if rng.random() < 0.8:
            found |= {"speed": rng.uniform(0, 1500), "oee": round(rng.random(), 4)}
        if rng.random() < 0.7:
            found["quality_score"] = round(rng.uniform(0.5, 1), 5)
        return found | self.maybe(0.5, alarm=rng.random() < 0.3)

    def labels(self, at: datetime) -> Message:
        rng = self.rng
        return {
            **self.maybe(0.3, operator_name=rng.choice(["Ada", "Bo", "Cy"])),
            **self.maybe(0.3, shift=rng.choice(["early", "late"])),
            **self.maybe(0.2, location=rng.choice(["Hall 1", "Hall 2"]), firmware_version="1.4"),
            **self.maybe(0.3, job_progress=round(rng.random(), 4), target_units=rng.randint(1, 9)),
            **self.maybe(0.2, produced_units=rng.randint(0, 900)),
            **self.maybe(0.2, order_start_time=(at - timedelta(hours=3)).isoformat()),
            **self.maybe(0.2, elapsed_time_sec=round(rng.uniform(0, 9000), 3)),
        }

    def reason(self, scrap: int) -> Message:
        if not scrap:
            return {}
        reason, category = self.rng.choice(REASONS)
        return {"scrap_reason": reason, "scrap_category": category}


def instants(seed: int, start: datetime, end: datetime, step_s: float) -> list[datetime]:
    """About every `step_s` with jitter to the microsecond, the edges of windows among them.

    Dice of their own: when the hour ends changes nothing of what came before.
    """
    rng = random.Random(seed)
    found = [start]
    while found[-1] < end:
        found.append(found[-1] + timedelta(seconds=step_s * rng.uniform(0.6, 1.4)))
    edges = [start + k * FIVE for k in range(1, 12)]
    return sorted(at for at in [*found, *edges] if at < end)


def machine_a(start: datetime, end: datetime) -> Iterator[Message]:
    dice = Dice(random.Random(11))
    for seq, at in enumerate(instants(1, start, end, 7)):
        good, scrap = dice.step()
        message = {"at": at, "seq": seq, "state": dice.state, **dice.measures(), **dice.labels(at)}
        message |= dice.maybe(0.05, job_id=f"J{seq // 40}")
        message |= {"good_units": good, "scrap_units": scrap, **dice.reason(scrap)}
        if seq == 0 or dice.rng.random() < 0.85:
            message |= {"total_good_units": dice.good, "total_scrap_units": dice.scrap}
            if seq and dice.rng.random() < 0.2:
                del message["good_units"], message["scrap_units"]
        if seq and dice.rng.random() < 0.06:
            continue  # lost: the totals tell what was in it
        yield message
        if seq == 100:  # a second reading at the same instant: the last in order is the state
            dice.good += 1
            yield {"at": at, "seq": 100.5, "state": "ERROR", "good_units": 1, "scrap_units": 0}


def machine_b(start: datetime, end: datetime) -> Iterator[Message]:
    dice = Dice(random.Random(12))
    words = {"RUNNING": "Production", "IDLE": "STANDBY"}
    silent = (timedelta(minutes=16, seconds=40), timedelta(minutes=29, seconds=10))
    short = (timedelta(minutes=40), timedelta(minutes=41, seconds=45))
    for seq, at in enumerate(instants(1, start, end, 11)):
        good, scrap = dice.step()
        after = at - start
        if silent[0] < after < silent[1] or short[0] < after < short[1]:
            continue
        if timedelta(minutes=39) < after < timedelta(minutes=43):
            dice.state = "ERROR"  # before and after the silence: one incident
        product = "P3" if timedelta(minutes=10) < after < timedelta(minutes=12) else "P1"
        if product == "P1" and after // timedelta(seconds=100) % 2:
            product = "P2"
        message = {"at": at, "seq": seq, **dice.measures(), **dice.labels(at)}
        message |= {"product_id": product, "good_units": good + (product == "P3")}
        message |= {"scrap_units": scrap, **dice.reason(scrap)}
        if dice.rng.random() < 0.7:
            word = words.get(dice.state, dice.state)
            message["state"] = "WARMUP" if dice.rng.random() < 0.03 else word
        yield message | dice.maybe(0.1, job_id=f"K{seq // 30}")


def machine_c(start: datetime, end: datetime) -> Iterator[Message]:
    dice = Dice(random.Random(13))
    for seq, at in enumerate(instants(1, start, end - timedelta(minutes=20), 14)):
        _, scrap = dice.step()
        after = at - start
        if timedelta(minutes=21) < after < timedelta(minutes=22, seconds=50):
            continue
        if timedelta(minutes=9, seconds=40) < after < timedelta(minutes=15, seconds=20):
            dice.state = "MAINTENANCE"  # planned: a window without planned busy time
        elif timedelta(minutes=9) < after < timedelta(minutes=10):
            dice.state = "RUNNING"
        message = {"at": at, "seq": seq, **dice.measures(), **dice.labels(at)}
        if seq:  # its first reading has no state
            message["state"] = dice.state
        late = timedelta(minutes=9, seconds=20) < after < timedelta(minutes=10, seconds=20)
        if seq % 4 == 0 and not late:  # so that the window without busy time books units of before
            message["production_count"] = dice.good + dice.scrap
        if seq % 5 == 0:
            message["total_scrap_units"] = dice.scrap
        elif scrap and dice.rng.random() < 0.5:
            message |= {"scrap_units": scrap, **dice.reason(scrap)}
        yield message | dice.maybe(0.05, job_id="L1")


def hour(now: datetime) -> list[Message]:
    """Messages of the hour before now, with `machine_id` and `at`, in the order of their times."""
    start = now - (now - datetime(2000, 1, 1, tzinfo=UTC)) % FIVE - 11 * FIVE
    ends: tuple[tuple[str, Callable[[datetime, datetime], Iterator[Message]], int], ...] = (
        ("A", machine_a, 5),
        ("B", machine_b, 100),
        ("C", machine_c, 5),
    )
    found = [
        {"machine_id": machine_id, **message}
        for machine_id, machine, before in ends
        for message in machine(start, now - timedelta(seconds=before))
    ]
    for message in found:
        message["seq"] = int(2 * message["seq"])
        message["us"] = (message["at"] - datetime(1970, 1, 1, tzinfo=UTC)) // MICROSECOND
    return sorted(found, key=lambda m: m["at"])


def published(messages: list[Message]) -> list[tuple[str, bytes]]:
    """Topic and bytes as sent: some twice, blocks of less than a minute and a half shuffled."""
    rng = random.Random(14)
    sent = []
    for message in messages:
        fields = {name: value for name, value in message.items() if name not in ("at", "us")}
        fields["timestamp"] = message["at"].isoformat()
        topic = f"factory/machines/{message['machine_id']}/telemetry"
        sent += [(topic, json.dumps(fields).encode())] * (2 if rng.random() < 0.05 else 1)
    for index in range(30, len(sent) - 30, 30):
        block = sent[index : index + 12]
        rng.shuffle(block)
        sent[index : index + 12] = block
    return sent
