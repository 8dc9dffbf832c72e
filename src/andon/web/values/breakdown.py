"""The OEE breakdown of the machine page: each factor, its formula, the integers behind it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from andon.web.strings import STRINGS as S
from andon.web.values.clock import duration
from andon.web.values.display import count, percent

KINDS = (
    "running",
    "idle_job",
    "idle_no_job",
    "error",
    "repair",
    "maintenance",
    "planned_stop",
    "off_shift",
    "unknown",
)


def _percent(share: float | None) -> str:
    return S["none"] if share is None else f"{percent(share)} %"


def _time(us: int | None) -> str:
    return S["none"] if us is None else duration(us)


def breakdown(m: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Rows: name, result, formula, the integers, whether it is the total."""
    rows = [
        (S["availability"], "", _percent(m["availability"]), S["f_availability"],
         f"{_time(m['apt_us'])} / {_time(m['pbt_us'])}"),
        (S["performance"], S["performance_hint"], _percent(m["effectiveness"]), S["f_performance"],
         f"{_time(m['ideal_us'])} / {_time(m['apt_us'])}"),
        (S["quality"], "", _percent(m["quality"]), S["f_quality"],
         f"{count(m['good_units_in_oee'])} / {count(m['units'])}"),
        (S["oee"], "", _percent(m["oee"]), S["f_oee"],
         f"{_time(m['ideal_good_us'])} / {_time(m['pbt_us'])}"),
        (S["coverage"], S["coverage_hint"], _percent(m["coverage"]), S["f_coverage"],
         f"{_time(m['unknown_us'])} {S['UNKNOWN'].lower()}"),
    ]  # fmt: skip
    if m["worst"] is not None and m["worst"] != m["best"]:
        rows.append(
            (S["worst_best_short"], S["worst_best"],
             f"{_percent(m['worst'])} {S['to']} {_percent(m['best'])}", S["f_worst_best"],
             _time(m["unknown_us"]))
        )  # fmt: skip
    if m["units_uncovered"]:
        rows.append(
            (S["units_uncovered"], "", count(m["units_uncovered"]), S["f_uncovered"],
             f"{S['of']} {count(m['produced_units'])}")
        )  # fmt: skip
    names = ("name", "hint", "result", "formula", "integers")
    made: list[dict[str, Any]] = [dict(zip(names, row, strict=True)) for row in rows]
    made[3]["total"] = True
    return made


def slices(times_us: Mapping[str, int]) -> list[dict[str, str]]:
    """Today's time by kind, longest bar 1000 wide in all; kinds without time are left out."""
    whole = sum(times_us.values()) or 1
    made, x = [], 0.0
    for kind in KINDS:
        us = times_us[kind]
        if us <= 0:
            continue
        width = us / whole * 1000
        made.append(
            {
                "kind": kind,
                "name": S[f"time_{kind}"],
                "time": duration(us),
                "x": f"{x:.2f}",
                "width": f"{width:.2f}",
            }
        )
        x += width
    return made
