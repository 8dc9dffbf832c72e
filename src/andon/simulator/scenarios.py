"""Named mixtures of faults, and the words that `--faults` understands. Pure."""

from __future__ import annotations

import math
from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

from andon.errors import ConfigError

FAULTS: Mapping[str, str] = MappingProxyType(
    {
        "duplicates": "the same bytes once more, at once or up to SECONDS (30) later",
        "disorder": "a message is held back up to SECONDS (60), so that later ones overtake it",
        "loss": "a message is never sent",
        "poison": "beside a message comes one that nobody can read",
        "reboot": "the controller is off up to SECONDS (20) and starts again with counters at zero",
        "silence": "nothing of the machine arrives for 90 to SECONDS (300); it goes on working",
    }
)
"""Every fault with what it does; the rates are chances per message."""


class Dose(NamedTuple):
    """How often a fault strikes (chance per message) and its longest time; None is the default."""

    rate: float
    seconds: float | None = None


SCENARIOS: Mapping[str, Mapping[str, Dose]] = MappingProxyType(
    {
        "none": {},
        "all": {
            "duplicates": Dose(0.01),
            "disorder": Dose(0.01),
            "loss": Dose(0.005),
            "poison": Dose(0.002),
            "reboot": Dose(0.0003),
            "silence": Dose(0.0002),
        },
    }
)
"""Mixtures by name."""


def parse(text: str) -> dict[str, Dose]:
    """Doses of a `--faults` text: a scenario, or fault=rate[:seconds],... ; later words win.

    Raises ConfigError that names the word and what would be right.
    """
    doses: dict[str, Dose] = {}
    for word in filter(None, (part.strip() for part in text.split(","))):
        if word in SCENARIOS:
            doses.update(SCENARIOS[word])
            continue
        name, _, value = word.partition("=")
        if name not in FAULTS:
            known = ", ".join((*SCENARIOS, *(f"{fault}=RATE" for fault in FAULTS)))
            raise ConfigError(f"faults: {word!r} is not known; use {known}")
        rate, _, seconds = value.partition(":")
        doses[name] = Dose(_number(word, rate, 1.0), _number(word, seconds) if seconds else None)
    return {name: dose for name, dose in doses.items() if dose.rate > 0}


def _number(word: str, text: str, most: float = 86_400.0) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not 0.0 <= value <= most:
        raise ConfigError(
            f"faults: {word!r} has no usable number; use fault=RATE or fault=RATE:SECONDS, "
            "a rate from 0 to 1 and at most 86400 seconds, such as loss=0.01 or disorder=0.02:60"
        )
    return value
