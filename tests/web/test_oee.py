"""OEE from sums: SEMANTICS 8 to 12 and figures published by others."""

from __future__ import annotations

import json
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from andon.units import SECOND_US
from andon.web.values.oee import SUMS, Part, figures, over_machines, ratio, twin

EXAMPLES = json.loads(
    (Path(__file__).parents[1] / "data" / "oee-worked-examples.json").read_text("utf-8")
)
COUNTED = [e for e in EXAMPLES if e["kind"] == "counts" and "ideal_cycle_s" in e["inputs"]]


def part(cycle: tuple[int, int] | None = (SECOND_US, 1), **sums: int) -> Part:
    """Sums of one rate; columns that are not given are 0."""
    return Part({**dict.fromkeys(SUMS, 0), **sums}, cycle)


@pytest.mark.parametrize("example", COUNTED, ids=lambda e: str(e["id"]))
def test_published_examples(example: dict[str, Any]) -> None:
    """What textbooks and other programs publish for the same counts."""
    i = example["inputs"]
    cycle = Fraction(str(i["ideal_cycle_s"])) * SECOND_US
    f = figures(
        [
            part(
                (cycle.numerator, cycle.denominator),
                running_us=i["run_s"] * SECOND_US,
                error_us=i["stop_s"] * SECOND_US,
                produced_units=i["total"],
                good_units=i["good"],
                scrap_units=i["reject"],
            )
        ],
        0,
    )
    found = twin(f)
    names = {"A": "availability", "P": "effectiveness", "Q": "quality", "OEE": "oee"}
    for short, name in names.items():
        if short in example["published"]:
            assert found[name] == pytest.approx(
                example["published"][short], abs=example["tolerance"]
            )


def test_outage_healed_by_totals() -> None:
    """SEMANTICS, worked case: outage. OEE = best = worst, coverage 0.85."""
    sums = part(
        running_us=3_060 * SECOND_US,
        produced_units=3_240,
        good_units=3_240,
        produced_uncovered=486,
        good_uncovered=486,
        good_in_unknown=486,
        unknown_healed_us=540 * SECOND_US,
    )
    found = twin(figures([sums], 540 * SECOND_US))
    assert (found["availability"], found["effectiveness"], found["oee"]) == (1.0, 0.9, 0.9)
    assert (found["worst"], found["best"], found["coverage"]) == (0.9, 0.9, 0.85)
    assert (found["apt_us"], found["units"], found["produced_units"]) == (3_060_000_000, 2754, 3240)


def test_unknown_not_healed() -> None:
    """Best assumes perfect work in the unknown time, worst none."""
    found = twin(
        figures([part(running_us=100 * SECOND_US, produced_units=50, good_units=50)], 100_000_000)
    )
    assert (found["oee"], found["worst"], found["best"], found["coverage"]) == (
        0.5,
        0.25,
        0.75,
        0.5,
    )


def test_over_machines_and_products() -> None:
    """SEMANTICS, worked case: roll-up. Ratios are ideal-weighted, piece yield is its own."""
    slow = part((10 * SECOND_US, 1), running_us=100 * SECOND_US, produced_units=10, good_units=10)
    fast = part(running_us=100 * SECOND_US, produced_units=100, good_units=50)
    found = twin(over_machines([figures([fast], 0), figures([slow], 0)]))
    assert (found["oee"], found["quality"], found["piece_yield"]) == (0.75, 0.75, 0.545455)
    same = twin(figures([fast, slow], 0))
    assert (same["oee"], same["quality"]) == (0.75, 0.75)


def test_a_e_q_is_oee_exactly() -> None:
    """A*E*Q = OEE by cross-multiplied integers."""
    f = figures(
        [
            part(
                (900_000, 7),
                running_us=77_777_777,
                idle_job_us=3,
                produced_units=501,
                good_units=480,
            )
        ],
        0,
    )
    a = Fraction(f.apt_us, f.pbt_us)
    e = Fraction(f.ideal_pq, f.ideal_den * f.apt_us)
    q = Fraction(f.ideal_gq, f.ideal_pq)
    assert a * e * q == Fraction(f.ideal_gq, f.ideal_den * f.pbt_us)


def test_no_ideal_rate() -> None:
    """E and OEE are null and say why; A and Q stand."""
    found = twin(figures([part(None, running_us=8, error_us=2, produced_units=4, good_units=3)], 0))
    assert (found["effectiveness"], found["oee"], found["ideal_us"]) == (None, None, None)
    assert (found["availability"], found["quality"]) == (0.8, 0.75)
    assert "ideal_rate_not_set" in found["flags"]


def test_no_busy_time() -> None:
    """PBT = 0: everything null, coverage 1 where nothing is unknown either."""
    found = twin(figures([part()], 0))
    assert [found[k] for k in ("oee", "availability", "effectiveness", "quality")] == [None] * 4
    assert found["coverage"] == 1.0


@pytest.mark.parametrize(
    ("numerator", "denominator", "printed"),
    [
        (1, 3, 0.333333),
        (2, 3, 0.666667),
        (1, 2_000_000, 0.0),
        (3, 2_000_000, 0.000002),
        (1, 0, None),
    ],
)
def test_rounded_once_half_to_even(numerator: int, denominator: int, printed: float | None) -> None:
    """The exact ratio, rounded once."""
    assert ratio(numerator, denominator) == printed
