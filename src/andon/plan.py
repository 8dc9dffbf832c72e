"""The plant as the kernel sees it: frozen values, no file, no clock.

`plant.py` makes a Plan from andon.toml; the kernel and the oracle only read it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from types import MappingProxyType

from andon.units import HOUR_US, MINUTE_US, SECOND_US

COUNTS_MODES = ("good_scrap", "production_scrap", "production", "good")
"""How a machine counts (SEMANTICS 19), in the order in which an unset choice is made."""

DEFAULT_STATE_MAP: Mapping[str, str] = MappingProxyType(
    {s.lower(): s for s in ("RUNNING", "IDLE", "MAINTENANCE", "ERROR")}
)
DEFAULT_MEASURES = ("temperature", "speed", "oee", "quality_score")


@dataclass(frozen=True, slots=True)
class Rate:
    """An ideal rate: `cycle_us` microseconds per unit as an exact fraction, from `valid_from` on.

    `rate_id` names it in minute rows: product, "@", version; "" means no ideal rate is set.
    `valid_from` is a whole minute in us since epoch; None means since always.
    """

    rate_id: str
    cycle_us: Fraction
    product_id: str | None = None
    valid_from: int | None = None


@dataclass(frozen=True, slots=True)
class MachinePlan:
    """What the plan says of one machine.

    max_gap_us: silence longer than this is UNKNOWN (SEMANTICS 3). None with `on_change`.
    counts: one of COUNTS_MODES, or None to choose from the first reading (SEMANTICS 19).
    max_rate: units per microsecond, or None for no upper bound (SEMANTICS 21).
    counter_modulus: where the machine's totals roll over, or None.
    rates: every version of every ideal rate; without product first.
    """

    max_gap_us: int = 60 * SECOND_US
    on_change: bool = False
    counts: str | None = None
    max_rate: Fraction | None = None
    counter_modulus: int | None = None
    rates: tuple[Rate, ...] = ()
    state_map: Mapping[str, str] = field(default_factory=lambda: DEFAULT_STATE_MAP)


@dataclass(frozen=True, slots=True, eq=False)
class Plan:
    """The frozen plant configuration. Machines that are not listed get `default`.

    Compared and hashed by identity, so that tables made from it can be kept.
    """

    machines: Mapping[str, MachinePlan] = field(default_factory=dict)
    default: MachinePlan = MachinePlan()
    measures: tuple[str, ...] = DEFAULT_MEASURES
    allowed_lateness_us: int = 2 * MINUTE_US
    max_future_us: int = 30 * SECOND_US
    transit_us: int = 2 * SECOND_US
    raw_retention_us: int = 14 * 24 * HOUR_US
    version: int = 1

    def of(self, machine_id: str) -> MachinePlan:
        """The machine's plan, or the default one."""
        return self.machines.get(machine_id, self.default)
