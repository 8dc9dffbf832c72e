"""The ledger: both layers, their sums, and what machines remember."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from andon.errors import StateDirError
from andon.simulator import ledger
from andon.simulator.ledger import Ledger
from andon.simulator.stream import Stream, Tick
from andon.units import SECOND_US
from andon.wire import TELEMETRY_TEMPLATE, telemetry_topic
from tests.simulator.plants import decoded, lived, meant_frame, plant


def _kept(folder: Path, tick: Tick, acknowledge: bool = True) -> None:
    """A whole run in the ledger."""
    with Ledger(folder) as book:
        book.meant(tick.meant)
        for message in tick.sent:
            topic = telemetry_topic(TELEMETRY_TEMPLATE, message.machine_id)
            number = book.sent(message, topic)
            if acknowledge and not message.lost:
                book.acknowledged([number])


def test_both_layers_come_back_as_they_went_in(tmp_path: Path) -> None:
    tick = lived(plant(faults="all,poison=0.02"), 300)
    _kept(tmp_path, tick)
    meant = ledger.read_meant(tmp_path)
    assert meant.equals(meant_frame(tick.meant).sort("machine_id", "time"))
    sent = ledger.read_sent(tmp_path)
    assert sent["payload"].to_list() == [m.payload for m in tick.sent]
    assert sent["sent"].to_list() == [m.send_us for m in tick.sent]
    assert sent.schema == ledger.SENT.schema


def test_fates_add_up_and_identities_are_the_wires(tmp_path: Path) -> None:
    tick = lived(plant(faults="all,poison=0.02"), 300)
    _kept(tmp_path, tick)
    sent = ledger.read_sent(tmp_path)
    fates = ledger.messages(sent)
    said = sum(m.seq is not None for m in tick.meant)
    assert int(fates["delivered"].sum()) + int(fates["lost"].sum()) == said
    assert fates["unacknowledged"].sum() == 0
    assert fates["duplicate"].sum() == sum(m.copy for m in tick.sent)
    arrived = sent.filter(pl.col("fate").is_in(ledger.ARRIVED))
    result = decoded(tick.sent)
    stored = set(result.readings["identity"])
    quarantined = {r.identity for r in result.rejected}
    assert set(arrived.filter(pl.col("fate") != "poison")["identity"]) == stored
    assert set(arrived.filter(pl.col("fate") == "poison")["identity"]) == quarantined


def test_what_was_never_acknowledged_is_not_called_delivered(tmp_path: Path) -> None:
    tick = lived(plant(faults="loss=0.1"), 60)
    _kept(tmp_path, tick, acknowledge=False)
    fates = ledger.messages(ledger.read_sent(tmp_path))
    assert fates["delivered"].sum() == 0
    assert fates["lost"].sum() == sum(m.lost for m in tick.sent) > 0
    assert fates["unacknowledged"].sum() == sum(not m.lost for m in tick.sent)


def test_sums_and_intervals_of_what_was_meant() -> None:
    meant = meant_frame(lived(plant(), 1800).meant)
    sums = ledger.summary(meant)
    assert sums["instants"].to_list() == [1800] * 5
    held = sums.select(pl.sum_horizontal("running_us", "idle_us", "maintenance_us", "error_us"))
    assert held.to_series().to_list() == [1799 * SECOND_US] * 5
    assert (sums["last"] - sums["first"]).to_list() == [1799 * SECOND_US] * 5
    last = meant.sort("time").group_by("machine_id").last().sort("machine_id")
    sums = sums.sort("machine_id")
    assert sums["good_units"].to_list() == last["total_good_units"].to_list()
    assert sums["incidents"].to_list() == last["downtime_incidents"].to_list()
    scrap = ledger.scrap_by_reason(meant)
    assert scrap["scrap_units"].sum() == sums["scrap_units"].sum() > 0
    parts = ledger.intervals(meant).with_columns(held=pl.col("end") - pl.col("start"))
    running = parts.filter(pl.col("state") == "RUNNING").group_by("machine_id").agg("held")
    assert len(parts) > 20
    for machine, pieces in running.rows():
        closed = sum(piece for piece in pieces if piece is not None)
        total = sums.filter(pl.col("machine_id") == machine)["running_us"].item()
        assert closed <= total
        assert (None in pieces) or closed == total
    assert parts["end"].null_count() == 5


def test_machines_remember_a_finished_run_and_forget_a_killed_one(tmp_path: Path) -> None:
    stream = Stream(plant())
    with Ledger(tmp_path) as book:
        assert book.remembered() == (0, {})
        book.remember(1, {}, finished=False)
        assert book.remembered() == (1, {})
        book.remember(1, stream.save(), finished=True)
        assert book.remembered() == (1, stream.save())
        (tmp_path / "machines.json").write_text("{torn")
        assert book.remembered() == (0, {})


def test_two_simulators_do_not_share_a_ledger(tmp_path: Path) -> None:
    with Ledger(tmp_path), pytest.raises(StateDirError, match="another simulator"):
        Ledger(tmp_path)
    Ledger(tmp_path).close()
