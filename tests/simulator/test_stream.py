"""The stream: the same seed gives the same bytes, and its bytes are what the wire expects."""

from __future__ import annotations

import json
from dataclasses import replace

import polars as pl

from andon.simulator.stream import Stream
from andon.units import HOUR_US, SECOND_US
from andon.wire import FIELDS
from tests.simulator.plants import START_US, decoded, lived, meant_frame, plant


def test_same_seed_same_bytes_and_another_seed_other_bytes() -> None:
    first, again = lived(plant(faults="all"), 120), lived(plant(faults="all"), 120)
    assert first == again
    assert lived(plant(faults="all", seed=8), 120).sent != first.sent
    assert lived(plant(faults="all", run=1), 120).sent != first.sent


def test_the_stream_does_not_depend_on_how_time_is_cut() -> None:
    whole = lived(plant(faults="all,disorder=0.2"), 60)
    stream = Stream(plant(faults="all,disorder=0.2"))
    meant, sent = [], []
    for step in range(1, 400):
        tick = stream.advance(START_US + min(step * 153_271, 60 * SECOND_US - 1), limit=3)
        meant += tick.meant
        sent += tick.sent
    assert meant == whole.meant
    assert [*sent, *stream.rest()] == whole.sent


def test_a_machine_is_the_same_in_a_small_and_a_large_fleet() -> None:
    few, many = lived(plant(2), 60), lived(plant(9), 60)
    ours = [m for m in many.meant if m.record.machine_id in ("MACHINE_001", "MACHINE_002")]
    assert sorted(ours) == sorted(few.meant)


def test_every_field_of_the_wire_is_there_and_nothing_is_set_aside() -> None:
    tick = lived(plant(), 3600)
    first = json.loads(tick.sent[0].payload)
    optional = {"stop_reason", "product_id"}
    assert {"machine_id", "timestamp", *(f.name for f in FIELDS)} - set(first) == optional
    result = decoded(tick.sent)
    assert result.rejected == []
    assert not result.set_aside
    readings = result.readings
    filled = {
        column for column in readings.columns if readings[column].null_count() < len(readings)
    }
    never = {"stop_reason", "product_id", "extra", "set_aside"}
    assert set(readings.columns) - filled == never


def test_what_the_wire_reads_is_what_was_meant_to_the_bit() -> None:
    tick = lived(plant(), 900)
    meant = meant_frame(tick.meant).sort("machine_id", "time")
    readings = decoded(tick.sent).readings.sort("machine_id", "time")
    same = {name: name for name in meant.columns if name in readings.columns}
    same |= {"state": "state_raw", "shift": "reported_shift"}
    assert len(same) > 20
    for ours, theirs in same.items():
        assert meant[ours].to_list() == readings[theirs].to_list(), ours


def test_messages_are_numbered_from_one_in_each_boot() -> None:
    tick = lived(plant(faults="reboot=0.02"), 600)
    frame = meant_frame(tick.meant).drop_nulls("seq")
    boots = frame.group_by("machine_id", "boot_id").agg("seq")
    assert boots["boot_id"].n_unique() == len(boots) > 5
    for seqs in boots["seq"].to_list():
        assert seqs == list(range(1, len(seqs) + 1))


def test_machines_do_not_speak_at_once() -> None:
    tick = lived(plant(1000), 1)
    assert len({m.record.time // 1000 for m in tick.meant}) > 600


def test_a_saved_plant_goes_on_with_its_totals_under_a_new_boot() -> None:
    before = Stream(plant())
    last = {m.record.machine_id: m for m in before.advance(START_US + 300 * SECOND_US).meant}
    saved = json.loads(json.dumps(before.save()))
    stream = Stream(replace(plant(run=1), start_us=START_US + HOUR_US), saved)
    first = {
        m.record.machine_id: m for m in stream.advance(START_US + HOUR_US + SECOND_US - 1).meant
    }
    for machine_id, old in last.items():
        new = first[machine_id]
        assert new.record.good_units == 0
        assert new.record.total_good_units == old.record.total_good_units > 0
        assert new.record.state in ("RUNNING", "IDLE", "MAINTENANCE", "ERROR")
        assert (new.seq, new.boot_id != old.boot_id) == (1, True)


def test_a_plant_that_stood_still_goes_on_from_now() -> None:
    stream = Stream(plant())
    stream.advance(START_US + 10 * SECOND_US)
    stream.skip_to(START_US + HOUR_US)
    meant = stream.advance(START_US + HOUR_US + 2 * SECOND_US).meant
    assert min(m.record.time for m in meant) >= START_US + HOUR_US
    made = pl.Series([m.record.good_units for m in meant[:5]])
    assert made.sum() == 0
