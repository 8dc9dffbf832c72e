"""A simulator process, and its ledger held against what was stored."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections import Counter, defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from andon.simulator import ledger
from tests.engine.live import ENGINE, LivePlant

Message = dict[str, Any]


class Fleet:
    """`andon simulate` with a state directory of its own; ended by SIGTERM."""

    def __init__(self, plant: LivePlant, folder: Path, *args: str) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._log = folder / "simulator.log"
        self.ledger = folder / "ledger"
        own = {"ANDON_STATE_DIR": str(folder), "ANDON_SIMULATOR__MACHINES": "5"}
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-c", ENGINE, "simulate", "--mqtt-url", plant.broker.url, *args],
                env={**os.environ, **own}, stdout=log, stderr=log,
            )  # fmt: skip

    def running(self) -> bool:
        return self._process.poll() is None

    def stop(self) -> None:
        """Sends what is held back, waits for the broker, finishes the ledger."""
        if self.running():
            self._process.send_signal(signal.SIGTERM)
        try:
            assert self._process.wait(30) == 0, self._log.read_text()[-3000:]
        finally:
            self._process.kill()

    def sent(self) -> pl.DataFrame:
        """The ledger's transmissions."""
        return ledger.read_sent(self.ledger)


@dataclass(frozen=True, slots=True)
class Account:
    """Identities by what became of them."""

    delivered: set[bytes]
    poison: set[bytes]
    perhaps: set[bytes]
    stored: set[bytes]
    quarantined: set[bytes]
    stored_rows: int

    @property
    def complete(self) -> bool:
        """Whether everything delivered is stored or in quarantine."""
        return self.delivered <= self.stored and self.poison <= self.quarantined

    def check(self) -> None:
        """delivered = stored + quarantined, by identity; nothing stored twice."""
        assert len(self.delivered - self.stored) == 0
        assert len(self.poison - self.quarantined) == 0
        self.check_nothing_foreign()

    def check_nothing_foreign(self) -> None:
        """Nothing is stored that was not sent, nothing twice."""
        assert self.stored <= self.delivered | self.perhaps
        assert self.quarantined <= self.poison | self.perhaps
        assert self.stored_rows == len(self.stored)


def account(plant: LivePlant, sent: pl.DataFrame) -> Account:
    """The ledger beside the database."""
    stored = [row["i"].bytes for row in plant.query("SELECT identity AS i FROM reading")]
    kept = [row["i"].bytes for row in plant.query("SELECT identity AS i FROM quarantine")]

    def named(*fates: str) -> set[bytes]:
        return set(sent.filter(pl.col("fate").is_in(list(fates)))["identity"].to_list())

    return Account(
        delivered=named(ledger.DELIVERED, ledger.DUPLICATE),
        poison=named(ledger.POISON),
        perhaps=named(ledger.UNACKNOWLEDGED),
        stored=set(stored),
        quarantined=set(kept),
        stored_rows=len(stored),
    )


def check_sums(plant: LivePlant, sent: pl.DataFrame, stored: set[bytes]) -> int:
    """Sums of the rows against plain sums over the stored messages' bytes, per machine.

    readings, alarms and scrap by reason of every machine that did not reboot; its good and scrap
    units by its running totals, which lost messages do not change. How many machines.
    """
    boots = dict(sent.group_by("machine_id").agg(pl.col("boot_id").n_unique()).iter_rows())
    messages = _messages(sent, stored)
    rows = {
        row["machine_id"]: row
        for row in plant.query(
            "SELECT machine_id, sum(readings)::bigint AS readings, "
            "sum(alarm_count)::bigint AS alarms, sum(good_units)::bigint AS good, "
            "sum(scrap_units)::bigint AS scrap FROM machine_minute GROUP BY 1"
        )
    }
    scrap: dict[str, dict[str, int]] = defaultdict(dict)
    for row in plant.query(
        "SELECT machine_id, reason, sum(units)::bigint AS units FROM scrap_event GROUP BY 1, 2"
    ):
        scrap[row["machine_id"]][row["reason"]] = row["units"]
    checked = 0
    for machine_id, own in messages.items():
        row = rows[machine_id]
        assert row["readings"] == len(own), machine_id
        assert row["alarms"] == sum(m["alarm"] is True for m in own), machine_id
        assert row["scrap"] == sum(scrap[machine_id].values()), machine_id
        if boots[machine_id] == 1:
            _check_counts(machine_id, own, row, scrap[machine_id])
            checked += 1
    return checked


def _messages(sent: pl.DataFrame, stored: set[bytes]) -> dict[str, list[Message]]:
    """Decoded messages that are stored, by machine in their order."""
    found: dict[str, list[tuple[int, int, Message]]] = defaultdict(list)
    rows = sent.unique("identity", keep="first")
    for row in rows.select("identity", "machine_id", "time", "seq", "payload").iter_rows():
        if row[0] in stored:
            found[row[1]].append((row[2], row[3], json.loads(row[4])))
    return {m: [each[2] for each in sorted(own, key=lambda e: e[:2])] for m, own in found.items()}


def _check_counts(
    machine_id: str, own: list[Message], row: dict[str, Any], scrap: dict[str, int]
) -> None:
    first, last = own[0], own[-1]
    for kind in ("good", "scrap"):
        total = f"total_{kind}_units"
        risen = last[total] - first[total] + (first[f"{kind}_units"] or 0)
        assert row[kind] == risen, (machine_id, kind)
    told: Counter[str] = Counter()
    for message in own:
        if message["scrap_units"] and message["scrap_reason"]:
            told[message["scrap_reason"]] += message["scrap_units"]
    assert {r: n for r, n in scrap.items() if r != "UNREPORTED"} == dict(told), machine_id
