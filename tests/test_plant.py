"""The plant file: what it means, and what a wrong line says."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import pytest

from andon.errors import ConfigError
from andon.exact import fraction_of, shown_fraction
from andon.plant import Plant, load_plant, simulated_machines
from andon.plant_tables import is_machine_id
from andon.settings import load


def plant_of(folder: Path, text: str, **environ: str) -> Plant:
    """The plant of this text as andon.toml."""
    file = folder / "andon.toml"
    file.write_text(text, "utf-8")
    return load_plant(None, load(file, environ=environ))


def test_without_a_file_the_plant_is_the_simulated_machines(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    plant = load_plant(None, load(environ={"TZ": "Europe/Rome"}))
    assert [m.id for m in plant.machines] == [f"MACHINE_{n:03d}" for n in range(1, 6)]
    assert all(len(plant.plan().of(m.id).rates) == 1 for m in plant.machines)
    assert plant.plan().of("OTHER").rates == ()
    assert plant.time_zone.key == "Europe/Rome"
    empty = load_plant(None, load(environ={"ANDON_SIMULATOR__MACHINES": "0"}))
    assert empty.machines == ()
    assert empty.plan().machines == {}
    assert empty.fingerprint() != plant.fingerprint()


def test_a_file_without_machines_leaves_the_simulated_ones(tmp_path: Path) -> None:
    plant = plant_of(tmp_path, "[web]\nport = 5001")
    assert plant.machines == simulated_machines(5, 1.0)
    assert not plant.declared


def test_a_file_with_machines_is_the_plant(tmp_path: Path) -> None:
    plant = plant_of(tmp_path, '[[machine]]\nid = "A"')
    assert [m.id for m in plant.machines] == ["A"]
    assert plant.declared
    assert plant.plan().of("A").rates == ()


@pytest.mark.parametrize(
    ("rate", "cycle_us"),
    [
        ("cycle_s = 1.2", Fraction(1_200_000)),
        ("units_per_minute = 50", Fraction(1_200_000)),
        ("units_per_hour = 28000", Fraction(900_000, 7)),
        ('units_per_hour = "84000/3"', Fraction(900_000, 7)),
        ("cycle_s = 0.1", Fraction(100_000)),
        ('cycle_s = "1/3"', Fraction(1_000_000, 3)),
    ],
)
def test_an_ideal_rate_is_exact(tmp_path: Path, rate: str, cycle_us: Fraction) -> None:
    """SEMANTICS 11; 28,000 per hour for a day is exactly a day."""
    plan = plant_of(tmp_path, f'[[machine]]\nid = "A"\n{rate}').plan()
    (only,) = plan.of("A").rates
    assert (only.rate_id, only.product_id, only.cycle_us) == ("@1", None, cycle_us)


def test_what_a_machine_may_say_of_itself(tmp_path: Path) -> None:
    plan = plant_of(
        tmp_path,
        """
[[machine]]
id = "A"
period_s = 0.5
counts = "production"
max_rate = 90
counter_modulus = 65536
state_map = { Prod = "running" }

[[machine]]
id = "B"
reporting = "on_change"

[state_map]
PAUSE = "idle"

[engine]
max_gap_s = 30
allowed_lateness_s = 240

[store]
raw_retention_days = 2
""",
    ).plan()
    a, b = plan.of("A"), plan.of("B")
    assert a.max_gap_us == 1_500_000
    assert a.counts == "production"
    assert a.max_rate == Fraction(90, 60_000_000)
    assert a.counter_modulus == 65_536
    assert (a.state_map["prod"], a.state_map["pause"], a.state_map["error"]) == (
        "RUNNING",
        "IDLE",
        "ERROR",
    )
    assert (a.on_change, b.on_change) == (False, True)
    assert b.max_gap_us == plan.default.max_gap_us == 30_000_000
    assert "prod" not in b.state_map
    assert plan.default.state_map["pause"] == "IDLE"
    assert plan.allowed_lateness_us == 240_000_000
    assert plan.raw_retention_us == 2 * 86_400_000_000


def test_a_products_rate_is_for_all_machines_or_for_those_named(tmp_path: Path) -> None:
    plan = plant_of(
        tmp_path,
        """
[[machine]]
id = "A"
cycle_s = 1
[[machine]]
id = "B"
[[product]]
id = "P"
cycle_s = 3
[[product]]
id = "P"
machines = ["A"]
cycle_s = 2
""",
    ).plan()

    def rates(machine_id: str) -> list[tuple[str, int]]:
        return [(r.rate_id, int(r.cycle_us)) for r in plan.of(machine_id).rates]

    assert rates("A") == [("@1", 1_000_000), ("P@1", 2_000_000)]
    assert rates("B") == rates("discovered") == [("P@1", 3_000_000)]


def test_measures(tmp_path: Path) -> None:
    plant = plant_of(
        tmp_path,
        '[[measure]]\nname = "pressure"\nunit = "bar"\nlow = 0\nhigh = 10\n'
        '[[measure]]\nname = "speed"\nunit = "m/min"',
    )
    names = ("temperature", "speed", "oee", "quality_score", "pressure")
    assert plant.plan().measures == names
    assert plant.measures[1].unit == "m/min"
    assert plant.measures[4].high == 10


def test_the_fingerprint_follows_the_content(tmp_path: Path) -> None:
    text = '[[machine]]\nid = "A"\ncycle_s = 1.0'
    one = plant_of(tmp_path, text).fingerprint()
    assert plant_of(tmp_path, text + " # a comment\n[web]\nport = 5001").fingerprint() == one
    assert plant_of(tmp_path, text.replace("1.0", "1")).fingerprint() == one
    assert plant_of(tmp_path, text.replace("1.0", "1.1")).fingerprint() != one


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (
            '[plant]\ntime_zone = "Europe/Rom"',
            'line 2: plant.time_zone = "Europe/Rom" is no time z',
        ),
        ('[plant]\ntime_zone = "Europe/Rom"', 'Did you mean "Europe/Rome"?'),
        (
            '[[machine]]\nid = "A"\ncycle_s = -1',
            "line 3: machine.cycle_s = -1: should be a positive",
        ),
        ('[[machine]]\nid = "A"\ncycle_s = 0', "should be a positive number"),
        ('[[machine]]\nid = "A"\ncycle_s = nan', "should be a positive number"),
        ('[[machine]]\nid = "A"\ncycle_s = true', "should be a positive number"),
        ('[[machine]]\nid = "A"\ncycle_s = "7/0"', "should be a positive number"),
        (
            '[[machine]]\nid = "A"\ncycles = 1',
            "line 3: machine.cycles: there is no such key. Did y",
        ),
        (
            '[[machine]]\nid = "A"\ncycle_s = 1\nunits_per_hour = 2',
            "line 1: [[machine]] has cycle_s and units_per_hour; give the ideal rate in one way",
        ),
        ('[[machine]]\nname = "A"', "line 1: [[machine]] has no id"),
        ('[[machine]]\nid = "A/b"', 'line 2: machine.id = "A/b": should be 1 to 64 characters'),
        (
            '[[machine]]\nid = "A"\n[[machine]]\nid = "A"',
            'line 4: machine.id = "A" stands already in line 2',
        ),
        ('[[machine]]\nid = "A"\nstate_map = { x = "RUN" }', "x = 'RUN' should be one of ERROR"),
        ('[state_map]\nx = "RUN"', "state_map: x = 'RUN' should be one of ERROR"),
        ('[state_map]\nx = "IDLE"\nX = "ERROR"', "X stands twice"),
        ('[machine]\nid = "A"', "write [[machine]] with two brackets"),
        ("[[plant]]", "write [plant], one table"),
        ('[[product]]\nid = "P"', "has no ideal rate"),
        (
            '[[machine]]\nid = "A1"\n[[product]]\nid = "P"\ncycle_s = 1\nmachines = ["A2"]',
            'line 6: product.machines names "A2", which no [[machine]] lists. Did you mean "A1"?',
        ),
        ('[[measure]]\nname = "job_id"', "is a field that andon knows already"),
        ('[[measure]]\nname = "Pressure"', "measure.name"),
        ('[[measure]]\nname = "p"\nlow = 2\nhigh = 1', "low must be less"),
    ],
)
def test_a_wrong_line_is_named_with_what_is_right(tmp_path: Path, text: str, says: str) -> None:
    with pytest.raises(ConfigError) as caught:
        plant_of(tmp_path, text)
    assert says in str(caught.value)
    assert str(tmp_path / "andon.toml") in str(caught.value)


@pytest.mark.parametrize("value", ["A", "x" * 64, "press 1", "Ölmühle"])
def test_machine_ids(value: str) -> None:
    assert is_machine_id(value)


@pytest.mark.parametrize("value", ["", "x" * 65, "a/b", "a+", "#", "a\n", "a\x00", "a\x85"])
def test_no_machine_ids(value: str) -> None:
    assert not is_machine_id(value)


@pytest.mark.parametrize("text", ["1.2", "28000", "1/3", "0.1", "1000/7"])
def test_a_fraction_is_shown_as_it_may_be_written(text: str) -> None:
    value = fraction_of(text)
    assert value is not None
    assert shown_fraction(value) == text
