"""States and intervals: SEMANTICS 0d, 0f, 3, 4, 7, 14, and 24 as far as a job is there or not."""

from __future__ import annotations

import pytest

from andon.plan import MachinePlan, Plan
from andon.units import SECOND_US
from tests.kernel.conftest import Tell
from tests.kernel.story import at, minutes, planned, states, told, us, whole_seconds


def raws(rows: list[dict[str, object]]) -> list[tuple[object, object]]:
    return [(row["state"], row["state_raw"]) for row in rows]


def test_a_state_is_held_until_the_next_one(tell: Tell) -> None:
    """Readings without a state keep it.

    #  t   0    10   20   30
    #      R----.----I----.
    """
    book = tell([at(0, "RUNNING"), at(10), at(20, "IDLE"), at(30)])
    assert states(book) == [(0, 20, "RUNNING"), (20, None, "IDLE")]
    assert whole_seconds(book) == {"running_us": 20, "idle_no_job_us": 10}


def test_the_same_state_again_is_one_interval(tell: Tell) -> None:
    """Equal neighbours are one interval, however many readings say so."""
    book = tell([at(s, "RUNNING") for s in range(0, 50, 10)])
    assert states(book) == [(0, None, "RUNNING")]


def test_a_pause_of_exactly_max_gap_still_holds(tell: Tell) -> None:
    """Equal still holds.

    #  t   0                 60
    #      R-----------------I
    """
    book = tell([at(0, "RUNNING"), at(60, "IDLE")])
    assert states(book) == [(0, 60, "RUNNING"), (60, None, "IDLE")]


def test_a_pause_longer_than_max_gap_is_unknown(tell: Tell) -> None:
    """One microsecond more than max_gap is UNKNOWN for one microsecond."""
    book = tell([at(0, "RUNNING"), at(60.000001, "IDLE")])
    assert states(book) == [
        (0, 60, "RUNNING"), (60, 60.000001, "UNKNOWN"), (60.000001, None, "IDLE"),
    ]  # fmt: skip
    assert book.total("unknown_us") == 1


def test_any_reading_keeps_the_state_alive(tell: Tell) -> None:
    """Silence is counted from the last reading of any kind.

    #  t   0     50    100         160   170
    #      R-----.-----.-----------|U----R
    """
    book = tell([at(0, "RUNNING"), at(50), at(100), at(170, "RUNNING")])
    assert states(book) == [(0, 160, "RUNNING"), (160, 170, "UNKNOWN"), (170, None, "RUNNING")]


def test_after_silence_only_a_state_gives_a_state(tell: Tell) -> None:
    """Counts alone do not end UNKNOWN.

    #  t   0           60   70   80   90
    #      R-----------|U---.----.----R
    """
    book = tell([at(0, "RUNNING"), at(70), at(80), at(90, "RUNNING")])
    assert states(book) == [(0, 60, "RUNNING"), (60, 90, "UNKNOWN"), (90, None, "RUNNING")]


def test_before_the_first_state_is_unknown(tell: Tell) -> None:
    """A machine that has told no state yet is UNKNOWN from its first reading, not before it."""
    book = tell([at(5), at(15, "RUNNING"), at(20)])
    assert states(book) == [(5, 15, "UNKNOWN"), (15, None, "RUNNING")]
    assert book.table("state_interval")[0]["prev_end"] is None
    assert whole_seconds(book) == {"unknown_us": 10, "running_us": 5}


def test_max_gap_is_the_machines_own(tell: Tell) -> None:
    """A machine of a slow period stays known for longer."""
    plan = Plan(machines={"m": MachinePlan(max_gap_us=300 * SECOND_US)})
    book = tell([at(0, "RUNNING"), at(300, "IDLE")], plan)
    assert states(book) == [(0, 300, "RUNNING"), (300, None, "IDLE")]


def test_on_change_holds_without_limit(tell: Tell) -> None:
    """Silence says nothing of a machine that reports only changes."""
    book = tell([at(0, "RUNNING"), at(10_000, "IDLE")], planned(on_change=True))
    assert states(book) == [(0, 10_000, "RUNNING"), (10_000, None, "IDLE")]
    assert whole_seconds(book) == {"running_us": 10_000}


def test_on_change_counts_every_ten_seconds(tell: Tell) -> None:
    """Worked case: RUNNING once, then counts only, for 10 min: 600 s RUNNING, 0 UNKNOWN."""
    rows = [at(0, "RUNNING"), *(at(s, total_good_units=s) for s in range(10, 601, 10))]
    assert whole_seconds(tell(rows)) == {"running_us": 600}


def test_on_change_with_a_silence_in_the_middle(tell: Tell) -> None:
    """Worked case: a silence of 61 s: UNKNOWN until the next state; on change: no UNKNOWN.

    #  t   0 ... 300         360 361 ... 600
    #      R ----.-----------|U--.-- ... .
    """
    rows = [
        at(0, "RUNNING"),
        *(at(s, total_good_units=s) for s in (*range(10, 301, 10), *range(361, 601, 10), 600)),
    ]
    assert whole_seconds(tell(rows)) == {"running_us": 360, "unknown_us": 240}
    assert whole_seconds(tell(rows, planned(on_change=True))) == {"running_us": 600}


@pytest.mark.parametrize("first", ["RUNNING", "ERROR"])
def test_of_several_at_one_time_the_last_is_the_state(tell: Tell, first: str) -> None:
    """The others leave no interval and no entry into ERROR."""
    rows = [at(0, "RUNNING", seq=1), at(10, first, seq=2), at(10, "IDLE", seq=3), at(20, seq=4)]
    book = tell(rows)
    assert states(book) == [(0, 10, "RUNNING"), (10, None, "IDLE")]
    assert book.total("incidents") == 0


def test_order_is_time_then_seq_then_identity(tell: Tell) -> None:
    """0d: a missing seq comes first; equal ones are ordered by identity."""
    by_seq = [at(0, "RUNNING"), at(10, "ERROR", seq=2), at(10, "IDLE", seq=3), at(10, "RUNNING")]
    assert states(tell(by_seq)) == [(0, 10, "RUNNING"), (10, None, "IDLE")]
    by_identity = [
        at(10, "ERROR", identity=b"\x01" * 16),
        at(10, "IDLE", identity=b"\xff" + b"\x00" * 15),
        at(0, "RUNNING", identity=b"\xff" * 16),
    ]
    assert states(tell(by_identity)) == [(0, 10, "RUNNING"), (10, None, "IDLE")]


def test_a_reading_without_state_at_the_same_time_changes_nothing(tell: Tell) -> None:
    """The last *with a state* is the state."""
    book = tell([at(0, "RUNNING", seq=1), at(10, "IDLE", seq=2), at(10, seq=3), at(20, seq=4)])
    assert states(book) == [(0, 10, "RUNNING"), (10, None, "IDLE")]


def test_a_state_at_the_minutes_edge_begins_in_the_new_minute(tell: Tell) -> None:
    """0f: [start, end) for state time; a first reading on the edge leaves nothing before it."""
    book = tell([at(60, "RUNNING"), at(120, "IDLE"), at(130)])
    assert minutes(book, "running_us") == {1: 60 * SECOND_US, 2: 0}
    assert minutes(book, "idle_no_job_us") == {1: 0, 2: 10 * SECOND_US}


def test_state_map_ignores_case(tell: Tell) -> None:
    """7: the state is one, the raw name parts the interval where it differs byte for byte."""
    book = tell([at(0, "Running"), at(10, "RUNNING"), at(20, "RUNNING"), at(30)])
    assert states(book) == [(0, 10, "RUNNING"), (10, None, "RUNNING")]
    assert raws(book.table("state_interval")) == [("RUNNING", "Running"), ("RUNNING", "RUNNING")]


def test_an_unmapped_state_is_unknown_with_its_name_and_counted(tell: Tell) -> None:
    """7: never guessed."""
    book = tell([at(0, "RUNNING"), at(10, "WARP"), at(20, "WARP"), at(30, "RUNNING")])
    assert raws(book.table("state_interval")) == [
        ("RUNNING", "RUNNING"), ("UNKNOWN", "WARP"), ("RUNNING", "RUNNING"),
    ]  # fmt: skip
    assert book.total("unmapped_states") == 2
    assert whole_seconds(book) == {"running_us": 10, "unknown_us": 20}


def test_an_unmapped_state_is_held_and_then_silent(tell: Tell) -> None:
    """Its name is held for max_gap like any other state's; silence has no name.

    #  t   0          60         100
    #      WARP-------|U---------R
    """
    book = tell([at(0, "WARP"), at(100, "RUNNING")])
    assert raws(book.table("state_interval")) == [
        ("UNKNOWN", "WARP"), ("UNKNOWN", None), ("RUNNING", "RUNNING"),
    ]  # fmt: skip
    assert [row["start"] for row in book.table("state_interval")] == [us(0), us(60), us(100)]


def test_each_machine_has_its_own_state_map() -> None:
    """7: the plan's map is the machine's; others keep the default one."""
    plan = Plan(machines={"m": MachinePlan(state_map={"produce": "RUNNING", "running": "IDLE"})})
    other = {**at(0, "PRODUCE"), "machine_id": "n", "identity": b"n" * 16}
    book = told([at(0, "Produce"), at(10, "RUNNING"), other], plan)
    found = [(row["machine_id"], row["state"]) for row in book.table("state_interval")]
    assert found == [("m", "RUNNING"), ("m", "IDLE"), ("n", "UNKNOWN")]


def test_a_stop_reason_parts_the_interval_and_is_never_guessed(tell: Tell) -> None:
    """7: without a reason a stop is unassigned."""
    rows = [at(0, "IDLE"), at(10, "IDLE", stop_reason="JAM"), at(20, "IDLE"), at(30)]
    found = [row["stop_reason"] for row in tell(rows).table("state_interval")]
    assert found == [None, "JAM", None]


REPAIRS = {
    "ERROR MAINTENANCE": True,
    "ERROR IDLE MAINTENANCE": True,
    "ERROR UNKNOWN MAINTENANCE": True,
    "ERROR MAINTENANCE IDLE MAINTENANCE": True,
    "RUNNING ERROR MAINTENANCE": True,
    "ERROR RUNNING MAINTENANCE": False,
    "ERROR RUNNING UNKNOWN MAINTENANCE": False,
    "RUNNING MAINTENANCE": False,
    "MAINTENANCE": False,
}


@pytest.mark.parametrize("story", REPAIRS)
def test_maintenance_after_an_error_is_its_repair(tell: Tell, story: str) -> None:
    """14: after any ERROR, before the next RUNNING, UNKNOWN being transparent."""
    rows, second = [], 0
    for state in story.split():
        if state == "UNKNOWN":
            second += 100
            continue
        rows.append(at(second, state))
        second += 10
    book = tell([*rows, at(second)])
    last = book.table("state_interval")[-1]
    assert (last["state"], last["repair"]) == ("MAINTENANCE", REPAIRS[story])
    column = "repair_us" if REPAIRS[story] else "maintenance_us"
    assert whole_seconds(book, column)[column] == 10 * story.split().count("MAINTENANCE")


def test_an_error_that_leaves_no_interval_makes_no_repair(tell: Tell) -> None:
    """0f: the ERROR at the same instant as MAINTENANCE never was."""
    rows = [at(0, "RUNNING", seq=1), at(10, "ERROR", seq=2), at(10, "MAINTENANCE", seq=3), at(20)]
    assert whole_seconds(tell(rows)) == {"running_us": 10, "maintenance_us": 10}


def test_idle_time_goes_with_or_without_a_job(tell: Tell) -> None:
    """24: an absent job_id keeps the job, an explicit null ends it.

    #  t     0    10   20   30   40
    #  job   -    j1   .    null .
    """
    rows = [
        at(0, "IDLE"),
        at(10, job_id="j1"),
        at(20),
        at(30, job_ended=True),
        at(45),
    ]
    assert whole_seconds(tell(rows)) == {"idle_no_job_us": 25, "idle_job_us": 20}


def test_a_job_is_kept_through_silence(tell: Tell) -> None:
    """24: only an explicit null or another id ends a job."""
    rows = [at(0, "IDLE", job_id="j1"), at(100, "IDLE"), at(110)]
    assert whole_seconds(tell(rows)) == {"idle_job_us": 70, "unknown_us": 40}
