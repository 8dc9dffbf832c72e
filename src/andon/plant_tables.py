"""The tables of andon.toml that describe the plant: each key, its type, what is right."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import Annotated, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    model_validator,
)

from andon.exact import fraction_of, shown_fraction
from andon.model import READINGS, State
from andon.plan import DEFAULT_MEASURES, DEFAULT_STATE_MAP, MachinePlan, Rate
from andon.sections import Engine
from andon.units import MINUTE_US, SECOND_US, seconds_us

SILENT_PERIODS = 3
"""A machine is UNKNOWN after so many of its declared periods without a reading (SEMANTICS 3)."""

MAX_ID = 64
_RESERVED = {name.removesuffix("_milli") for name in READINGS.names} - set(DEFAULT_MEASURES)


def _machine_id(value: str) -> str:
    if not is_machine_id(value):
        raise ValueError("should be 1 to 64 characters, none of / + # or control characters")
    return value


def is_machine_id(value: str) -> bool:
    """1 to 64 characters, none of / + # or control: fit for one level of a topic."""
    return 1 <= len(value) <= MAX_ID and not any(
        c in "/+#" or ord(c) < 0x20 or 0x7F <= ord(c) < 0xA0 for c in value
    )


def _states(value: object) -> object:
    if not isinstance(value, dict):
        return value
    known = {state.value for state in State}
    states: dict[str, str] = {}
    for raw, state in value.items():
        if not isinstance(state, str) or state.upper() not in known:
            raise ValueError(f"{raw} = {state!r} should be one of {', '.join(sorted(known))}")
        if raw.lower() in states:
            raise ValueError(f"{raw} stands twice; upper and lower case are the same here")
        states[raw.lower()] = state.upper()
    return states


def _measure_name(value: str) -> str:
    if value in _RESERVED:
        raise ValueError("is a field that andon knows already; choose another name")
    return value


Exact = Annotated[Fraction, BeforeValidator(fraction_of)]
"""A positive number kept exactly; a decimal, or text such as "7/3"."""

MachineId = Annotated[str, AfterValidator(_machine_id)]
Name = Annotated[str, Field(max_length=120)]
StateMap = Annotated[dict[str, str], BeforeValidator(_states)]


class Table(BaseModel):
    """A table of andon.toml that describes the plant."""

    model_config = ConfigDict(extra="forbid", frozen=True, arbitrary_types_allowed=True)


class Rated(Table):
    """A table with an ideal rate, given in exactly one of three ways, or not at all."""

    cycle_s: Exact | None = None
    units_per_minute: Exact | None = None
    units_per_hour: Exact | None = None

    @model_validator(mode="after")
    def _one_rate(self) -> Rated:
        given = [name for name in RATE_KEYS if getattr(self, name) is not None]
        if len(given) > 1:
            raise ValueError(f"has {' and '.join(given)}; give the ideal rate in one way only")
        return self

    @property
    def cycle_us(self) -> Fraction | None:
        """Microseconds per unit at the ideal rate; None where no rate is set."""
        if self.cycle_s is not None:
            return self.cycle_s * SECOND_US
        if self.units_per_minute is not None:
            return MINUTE_US / self.units_per_minute
        if self.units_per_hour is not None:
            return 60 * MINUTE_US / self.units_per_hour
        return None


RATE_KEYS = ("cycle_s", "units_per_minute", "units_per_hour")


class PlantTable(Table):
    """[plant]: the top of the tree, and the local time."""

    enterprise: Name = ""
    site: Name = ""
    time_zone: str = ""


class MachineTable(Rated):
    """[[machine]]: one machine, its place in the tree, its ideal rate, how it speaks."""

    id: MachineId
    name: Name = ""
    area: Name = ""
    line: Name = ""
    period_s: Annotated[float, Field(gt=0, le=86_400)] | None = None
    reporting: Literal["periodic", "on_change"] = "periodic"
    counts: Literal["good_scrap", "production_scrap", "production", "good"] | None = None
    max_rate: Exact | None = None
    counter_modulus: Annotated[int, Field(ge=2)] | None = None
    state_map: StateMap = Field(default_factory=dict)

    def plan(
        self, engine: Engine, rates: tuple[Rate, ...], states: Mapping[str, str]
    ) -> MachinePlan:
        """The kernel's view; `states` is the plant's state map, which the machine's own refines."""
        silence_s = SILENT_PERIODS * self.period_s if self.period_s else engine.max_gap_s
        return MachinePlan(
            max_gap_us=seconds_us(silence_s),
            on_change=self.reporting == "on_change",
            counts=self.counts,
            max_rate=self.max_rate / MINUTE_US if self.max_rate else None,
            counter_modulus=self.counter_modulus,
            rates=rates,
            state_map={**DEFAULT_STATE_MAP, **states, **self.state_map},
        )


class ProductTable(Rated):
    """[[product]]: the ideal rate of a product, on every machine or on those named."""

    id: Annotated[str, Field(min_length=1, max_length=120)]
    name: Name = ""
    machines: tuple[MachineId, ...] = ()

    @model_validator(mode="after")
    def _has_rate(self) -> ProductTable:
        if self.cycle_us is None:
            raise ValueError(f"has no ideal rate; give one of {', '.join(RATE_KEYS)}")
        return self


class MeasureTable(Table):
    """[[measure]]: a number that machines report, its unit, and the range a page shows."""

    name: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,39}$"), AfterValidator(_measure_name)]
    unit: Annotated[str, Field(max_length=20)] = ""
    label: Name = ""
    low: float | None = None
    high: float | None = None

    @model_validator(mode="after")
    def _in_order(self) -> MeasureTable:
        if self.low is not None and self.high is not None and self.low >= self.high:
            raise ValueError(f"has low = {self.low:g} and high = {self.high:g}; low must be less")
        return self


BUILT_IN_MEASURES = (
    MeasureTable(name="temperature", unit="°C", label="Temperature", low=0, high=120),
    MeasureTable(name="speed", unit="rpm", label="Speed", low=0, high=2000),
    MeasureTable(name="oee", unit="", label="OEE (device)", low=0, high=1),
    MeasureTable(name="quality_score", unit="", label="Quality score", low=0, high=1),
)


def values_of(table: Table) -> dict[str, object]:
    """The table as JSON values, without what is not set; fractions as text."""
    values = table.model_dump(exclude_defaults=True)
    return {k: shown_fraction(v) if isinstance(v, Fraction) else v for k, v in values.items()}
