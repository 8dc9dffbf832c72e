"""Each injector: its rate, what it does, and that the sent layer accounts for every message."""

from __future__ import annotations

from collections import Counter

import pytest

from andon.errors import ConfigError
from andon.simulator.faults import Transmission
from andon.simulator.poison import KINDS
from andon.simulator.scenarios import FAULTS, SCENARIOS, Dose, parse
from andon.simulator.stream import Tick
from andon.units import SECOND_US
from andon.wire import Reason
from tests.simulator.plants import decoded, lived, plant

SECONDS = 1200
INSTANTS = 5 * SECONDS


def _struck(tick: Tick, fault: str) -> list[Transmission]:
    return [m for m in tick.sent if m.fault.startswith(fault)]


def _originals(tick: Tick) -> list[Transmission]:
    return [m for m in tick.sent if not m.copy and not m.fault.startswith("poison")]


def test_without_faults_every_instant_is_one_message_at_its_time() -> None:
    tick = lived(plant(), 60)
    assert len(tick.sent) == len(tick.meant) == 300
    assert all(not m.fault and not m.lost and m.send_us == m.time for m in tick.sent)


def test_duplicates_repeat_bytes_at_once_or_later() -> None:
    tick = lived(plant(faults="duplicates=0.05:20"), SECONDS)
    copies = _struck(tick, "duplicates")
    assert 0.04 < len(copies) / INSTANTS < 0.06
    first = {m.payload: m for m in tick.sent if not m.copy}
    assert len(first) == INSTANTS
    late = [copy.send_us - first[copy.payload].send_us for copy in copies]
    assert all(0 <= us <= 20 * SECOND_US for us in late)
    assert 0.3 < sum(us == 0 for us in late) / len(late) < 0.7


def test_disorder_lets_later_messages_overtake_within_the_bound() -> None:
    tick = lived(plant(faults="disorder=0.05:30"), SECONDS)
    held = _struck(tick, "disorder")
    assert 0.04 < len(held) / INSTANTS < 0.06
    assert all(m.time <= m.send_us <= m.time + 30 * SECOND_US for m in held)
    assert [m.send_us for m in tick.sent] == sorted(m.send_us for m in tick.sent)
    assert [m.time for m in tick.sent] != sorted(m.time for m in tick.sent)
    assert len(tick.sent) == INSTANTS


def test_loss_leaves_a_hole_in_seq_and_the_totals_run_on() -> None:
    tick = lived(plant(faults="loss=0.02"), SECONDS)
    lost = _struck(tick, "loss")
    assert all(m.lost for m in lost)
    assert 0.012 < len(lost) / INSTANTS < 0.03
    arrived = {(m.machine_id, m.seq) for m in tick.sent if not m.lost}
    assert arrived | {(m.machine_id, m.seq) for m in lost} == {
        (m.machine_id, seq) for m in tick.sent for seq in range(1, SECONDS + 1)
    }
    clean = {m.payload for m in lived(plant(), SECONDS).sent}
    assert {m.payload for m in tick.sent} == clean


def test_silence_lasts_and_the_machine_goes_on() -> None:
    tick = lived(plant(faults="silence=0.001"), SECONDS)
    silent = _struck(tick, "silence")
    assert silent
    assert all(m.lost for m in silent)
    times = sorted(m.time for m in silent if m.machine_id == silent[0].machine_id)
    run = [times[0]]
    for us in times[1:]:
        if us - run[-1] > SECOND_US:
            break
        run.append(us)
    assert 89 * SECOND_US <= run[-1] - run[0] <= 301 * SECOND_US or run[-1] == times[-1]
    assert {m.payload for m in tick.sent} == {m.payload for m in lived(plant(), SECONDS).sent}


def test_a_reboot_is_a_short_silence_a_new_boot_and_counters_from_zero() -> None:
    tick = lived(plant(faults="reboot=0.002"), SECONDS)
    unsaid = [m for m in tick.meant if m.seq is None]
    assert unsaid
    assert len(tick.sent) + len(unsaid) == len(tick.meant)
    readings = decoded(tick.sent).readings.sort("machine_id", "time")
    boots = readings.group_by("machine_id", "boot_id", maintain_order=True).agg(
        "seq", "good_units", "total_good_units", "production_count", "total_scrap_units"
    )
    assert len(boots) > 7
    for boot in boots.iter_rows(named=True):
        assert boot["seq"][0] == 1
        assert boot["total_good_units"][0] == boot["good_units"][0]
        assert boot["total_good_units"][-1] == sum(boot["good_units"])
        assert boot["production_count"][-1] == (
            boot["total_good_units"][-1] + boot["total_scrap_units"][-1]
        )


def test_poison_comes_beside_a_message_and_is_refused_with_its_reason() -> None:
    tick = lived(plant(faults="poison=0.05"), SECONDS)
    poison = _struck(tick, "poison:")
    kinds = Counter(m.fault.removeprefix("poison:") for m in poison)
    assert set(kinds) == set(KINDS)
    assert 0.04 < len(poison) / INSTANTS < 0.06
    result = decoded(tick.sent)
    assert len(result.readings) == INSTANTS
    assert len(result.rejected) == len(poison)
    expected = {
        "bad_json": Reason.BAD_JSON,
        "bad_utf8": Reason.NOT_UTF8,
        "nul": Reason.BAD_JSON,
        "empty": Reason.EMPTY,
        "huge": Reason.TOO_LARGE,
        "deep": Reason.TOO_DEEP,
        "nan": Reason.BAD_JSON,
        "infinity": Reason.BAD_JSON,
        "big_integer": Reason.BAD_TIMESTAMP,
        "duplicate_key": Reason.DUPLICATE_KEY,
        "machine_id_type": Reason.BAD_MACHINE_ID,
        "timestamp_type": Reason.BAD_TIMESTAMP,
        "wrong_machine": Reason.WRONG_MACHINE,
        "far_future": Reason.MAX_FUTURE,
    }
    reasons = dict(
        zip(
            (m.fault.removeprefix("poison:") for m in poison),
            (r.reason for r in result.rejected),
            strict=True,
        )
    )
    assert reasons == expected
    payloads = [m.payload for m in poison if m.payload]
    assert len(set(payloads)) == len(payloads)


def test_all_faults_together_add_up() -> None:
    tick = lived(plant(faults="all,reboot=0.002,silence=0.001"), SECONDS)
    said = [m for m in tick.meant if m.seq is not None]
    originals = _originals(tick)
    assert Counter((m.record.machine_id, m.boot_id, m.seq) for m in said) == Counter(
        (m.machine_id, m.boot_id, m.seq) for m in originals
    )
    result = decoded([m for m in tick.sent if not m.lost])
    arrived = len([m for m in tick.sent if not m.lost])
    assert arrived == len(result.readings) + len(result.rejected)
    assert result.readings["identity"].n_unique() == sum(not m.lost for m in originals)


def test_switching_a_fault_on_leaves_the_others_chances_alone() -> None:
    alone = {m.payload for m in _struck(lived(plant(faults="loss=0.02"), 300), "loss")}
    with_poison = lived(plant(faults="loss=0.02,poison=0.1"), 300)
    assert {m.payload for m in _struck(with_poison, "loss")} == alone


def test_words_of_the_faults_option() -> None:
    assert parse("") == parse("none") == {}
    assert parse("all") == SCENARIOS["all"]
    assert set(parse("all")) == set(FAULTS)
    assert parse("loss=0.5, disorder=0.02:60") == {"loss": Dose(0.5), "disorder": Dose(0.02, 60.0)}
    assert "poison" not in parse("all,poison=0")


@pytest.mark.parametrize("text", ["lost=1", "loss", "loss=2", "loss=-1", "loss=nan", "loss=1:x"])
def test_a_wrong_word_is_named_with_what_would_be_right(text: str) -> None:
    with pytest.raises(ConfigError, match=r"faults: .*loss"):
        parse(text)
