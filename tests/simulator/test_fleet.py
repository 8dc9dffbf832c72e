"""Who the machines are, and plant time."""

from __future__ import annotations

from datetime import datetime
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest

from andon import plant
from andon.simulator.fleet import Timetable, ideal, machine_id, traits
from andon.simulator.shifts import PlantTime, operator_at, shift_at
from andon.units import HOUR_US, SECOND_US, to_us
from tests.simulator.plants import ROME, START_US


def test_the_default_plant_and_the_simulator_speak_of_the_same_machines() -> None:
    for number in range(1, 12):
        assert machine_id(number) == plant.simulated_id(number)
        assert ideal(number) == plant.simulated_units_per_minute(number)


def test_traits_belong_to_seed_and_number() -> None:
    assert traits(7, 3) == traits(7, 3)
    assert traits(7, 3) != traits(8, 3)
    assert len({traits(7, n).location for n in range(1, 6)}) == 5


def test_the_timetable_is_in_order_and_keeps_its_rhythm() -> None:
    times = Timetable(7, START_US, SECOND_US)
    found = list(times.until(START_US + 3 * SECOND_US - 1, 1000))
    assert len(found) == 21
    assert [us for us, _ in found] == sorted(us for us, _ in found)
    ours = [us for us, number in found if number == 4]
    assert [b - a for a, b in pairwise(ours)] == [SECOND_US, SECOND_US]
    times.skip_to(START_US + HOUR_US)
    assert times.next_us >= START_US + HOUR_US
    assert (times.next_us - found[0][0]) % SECOND_US == 0


@pytest.mark.parametrize(
    ("local", "name"),
    [("05:59", "Night"), ("06:00", "Morning"), ("14:00", "Afternoon"), ("22:00", "Night")],
)
def test_shifts_follow_the_plants_wall_clock(local: str, name: str) -> None:
    instant = datetime.fromisoformat(f"2026-07-01T{local}:00").replace(tzinfo=ROME)
    assert PlantTime(ROME).shift(to_us(instant)).name == name


def test_the_night_is_one_shift_across_midnight_and_operators_change_with_it() -> None:
    night = shift_at(23 * HOUR_US)
    assert shift_at(29 * HOUR_US) == night
    assert operator_at(1, night) != operator_at(1, shift_at(30 * HOUR_US))


@pytest.mark.parametrize(
    ("zone", "stamp"),
    [
        ("Europe/Rome", "2026-11-23T12:53:21.059052+01:00"),
        ("Asia/Kolkata", "2026-11-23T17:23:21.059052+05:30"),
        ("America/St_Johns", "2026-11-23T08:23:21.059052-03:30"),
        ("UTC", "2026-11-23T11:53:21.059052+00:00"),
    ],
)
def test_stamps_carry_the_plants_offset_and_are_exact(zone: str, stamp: str) -> None:
    assert PlantTime(ZoneInfo(zone)).stamp(START_US) == stamp
    assert to_us(datetime.fromisoformat(stamp)) == START_US


def test_stamps_are_right_on_both_sides_of_a_change_of_the_clock() -> None:
    change = to_us(datetime.fromisoformat("2026-10-25T01:00:00+00:00"))
    clock = PlantTime(ROME)
    assert clock.stamp(change - 1) == "2026-10-25T02:59:59.999999+02:00"
    assert clock.stamp(change) == "2026-10-25T02:00:00.000000+01:00"
