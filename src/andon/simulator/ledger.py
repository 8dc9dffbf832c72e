"""The ledger: what each machine did (meant) and what became of each message (sent).

Two layers of rows under <state>/ledger, kept by journal.py; `machines.json` holds what the
machines remember from one run to the next. Times are int64 microseconds since 1970 (UTC),
measures int64 thousandths.
"""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

import polars as pl

from andon.errors import StateDirError
from andon.simulator import journal
from andon.simulator.faults import Transmission
from andon.simulator.journal import Keep, Layer
from andon.simulator.stream import Meant
from andon.wire import identity, quarantine_identity

DELIVERED, LOST, DUPLICATE, POISON = "delivered", "lost", "duplicate", "poison"
UNACKNOWLEDGED = "unacknowledged"
ARRIVED = (DELIVERED, DUPLICATE, POISON)
"""Fates of what the broker has acknowledged. An unacknowledged message may have arrived or not."""

_TEXT, _INT, _FLAG, _BYTES = pl.String(), pl.Int64(), pl.Boolean(), pl.Binary()

MEANT = Layer(
    "meant",
    {
        "machine_id": _TEXT,
        "time": _INT,
        "state": _TEXT,
        "good_units": _INT,
        "scrap_units": _INT,
        "scrap_reason": _TEXT,
        "scrap_category": _TEXT,
        "total_good_units": _INT,
        "total_scrap_units": _INT,
        "alarm": _FLAG,
        "temperature_milli": _INT,
        "speed_milli": _INT,
        "oee_milli": _INT,
        "quality_score_milli": _INT,
        "job_id": _TEXT,
        "target_units": _INT,
        "produced_units": _INT,
        "order_start_time": _INT,
        "operator_name": _TEXT,
        "shift": _TEXT,
        "error_count": _INT,
        "downtime_incidents": _INT,
        "last_error_time": _INT,
        "last_maintenance": _INT,
        "boot_id": _TEXT,
        "seq": _INT,
    },
)
"""One row per message instant: MeantRecord, then boot and number of the message made of it; seq is
null where the controller was off and made none."""

SENT = Layer(
    "sent",
    {
        "machine_id": _TEXT,
        "topic": _TEXT,
        "payload": _BYTES,
        "time": _INT,
        "boot_id": _TEXT,
        "seq": _INT,
        "sent": _INT,
        "identity": _BYTES,
        "fault": _TEXT,
        "copy": _INT,
        "fate": _TEXT,
    },
    unsettled=UNACKNOWLEDGED,
)
"""One row per transmission. machine_id: of the topic; time: event time; sent: when it left;
identity: of the reading, or of the quarantine row for poison; fault: what struck it ("" nothing);
copy: 1 for a second sending; fate: one of the words above."""


class Ledger:
    """The ledger of one simulator, being written. Use as a context manager.

    Raises StateDirError when the folder cannot be written or another simulator writes it.
    """

    def __init__(self, folder: Path, keep: Keep | None = None) -> None:
        self._folder = folder
        self._lock = _lock(folder)
        self._meant = journal.Writer(folder, MEANT, keep)
        self._sent = journal.Writer(folder, SENT, keep)

    def __enter__(self) -> Ledger:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def meant(self, instants: Iterable[Meant]) -> None:
        """Add message instants."""
        for record, boot_id, seq in instants:
            self._meant.add((*record, boot_id, seq))

    def sent(self, message: Transmission, topic: str) -> int:
        """Add a transmission before it leaves; returns its number, for `acknowledged`."""
        poison = message.fault.startswith("poison")
        if poison:
            named = quarantine_identity(topic, message.payload)
        else:
            named = identity(message.machine_id, message.payload)
        fate = (
            LOST if message.lost else POISON if poison else DUPLICATE if message.copy else DELIVERED
        )
        row = (
            message.machine_id,
            topic,
            message.payload,
            message.time,
            message.boot_id,
            message.seq,
            message.send_us,
            named,
            message.fault,
            message.copy,
            fate,
        )
        return self._sent.add(row, settled=message.lost)

    def acknowledged(self, numbers: Sequence[int]) -> None:
        """The broker has acknowledged these transmissions."""
        self._sent.settle(numbers)

    def sync(self) -> None:
        """Make all rows safe against a kill of this process."""
        self._meant.sync()
        self._sent.sync()

    def close(self) -> None:
        """Roll everything into Parquet and let go of the folder."""
        try:
            self._meant.close()
            self._sent.close()
        finally:
            os.close(self._lock)

    # --- what machines remember ------------------------------------------------------------------

    def remembered(self) -> tuple[int, dict[str, Any]]:
        """How many runs there were, and what machines remember of the last one.

        Nothing is remembered of a run that was killed: its counters may have gone on after the
        last save, and a counter that goes back a little is worse than one that starts at zero.
        """
        path = self._folder / "machines.json"
        try:
            saved = json.loads(path.read_text(encoding="utf-8"))
            return int(saved["runs"]), saved["machines"] if saved["finished"] else {}
        except FileNotFoundError:
            return 0, {}
        except (ValueError, KeyError, TypeError):
            return 0, {}

    def remember(self, runs: int, machines: dict[str, Any], finished: bool) -> None:
        """Save at the start (finished false, so that a kill is seen) and at the end of a run."""
        path = self._folder / "machines.json"
        aside = path.with_suffix(".writing")
        content = {"runs": runs, "finished": finished, "machines": machines}
        try:
            aside.write_text(json.dumps(content), encoding="utf-8")
            aside.replace(path)
        except OSError as error:
            raise StateDirError(f"{path} cannot be written: {error.strerror or error}") from error


def _lock(folder: Path) -> int:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        handle = os.open(folder / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise StateDirError(
            f"the simulator's ledger in {folder} cannot be written: {error.strerror or error}; "
            "choose another directory with --state-dir"
        ) from error
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(handle)
        raise StateDirError(
            f"another simulator is writing the ledger in {folder}; stop it, or start this one "
            "with another --state-dir"
        ) from None
    return handle


# --- reading -----------------------------------------------------------------------------------


def read_meant(folder: Path) -> pl.DataFrame:
    """Columns of MEANT, one row per message instant, by machine and time."""
    return journal.read(folder, MEANT).sort("machine_id", "time")


def read_sent(folder: Path) -> pl.DataFrame:
    """Columns of SENT, one row per transmission, by time of sending."""
    return journal.read(folder, SENT).sort("sent", maintain_order=True)


def intervals(meant: pl.DataFrame) -> pl.DataFrame:
    """State intervals of meant rows: machine_id, start, end (null while open), state."""
    changed = (pl.col("state") != pl.col("state").shift().over("machine_id")).fill_null(True)
    starts = meant.sort("machine_id", "time").filter(changed)
    return starts.select(
        "machine_id",
        pl.col("time").alias("start"),
        pl.col("time").shift(-1).over("machine_id").alias("end"),
        "state",
    )


def summary(meant: pl.DataFrame) -> pl.DataFrame:
    """Sums of meant rows, one row per machine.

    instants, good_units, scrap_units, alarm_count, incidents, first, last; and <state>_us of the
    time held until the next instant (the last instant holds for nothing).
    """
    held = pl.col("time").shift(-1).over("machine_id") - pl.col("time")
    entered = (pl.col("state") == "ERROR") & (
        pl.col("state") != pl.col("state").shift().over("machine_id")
    ).fill_null(True)
    states = ("RUNNING", "IDLE", "MAINTENANCE", "ERROR")
    rows = meant.sort("machine_id", "time").with_columns(held=held, entered=entered)
    return rows.group_by("machine_id", maintain_order=True).agg(
        pl.len().cast(_INT).alias("instants"),
        pl.col("good_units", "scrap_units").sum(),
        pl.col("alarm").sum().cast(_INT).alias("alarm_count"),
        pl.col("entered").sum().cast(_INT).alias("incidents"),
        pl.col("time").min().alias("first"),
        pl.col("time").max().alias("last"),
        *(
            pl.col("held").filter(pl.col("state") == state).sum().alias(f"{state.lower()}_us")
            for state in states
        ),
    )


def scrap_by_reason(meant: pl.DataFrame) -> pl.DataFrame:
    """machine_id, scrap_category, scrap_reason, scrap_units (sum), events (rows with scrap)."""
    return (
        meant.filter(pl.col("scrap_units") > 0)
        .group_by("machine_id", "scrap_category", "scrap_reason")
        .agg(pl.col("scrap_units").sum(), pl.len().cast(_INT).alias("events"))
        .sort("machine_id", "scrap_category", "scrap_reason")
    )


def messages(sent: pl.DataFrame) -> pl.DataFrame:
    """machine_id and how many transmissions had each fate, one column per fate."""
    fates = (*ARRIVED, LOST, UNACKNOWLEDGED)
    return (
        sent.group_by("machine_id")
        .agg(*((pl.col("fate") == fate).sum().cast(_INT).alias(fate) for fate in fates))
        .sort("machine_id")
    )
