"""The plant: tree, machines, ideal rates, measures; read from andon.toml, turned into the Plan.

A machine that andon.toml does not list is discovered when it speaks and gets the defaults. Where
the file lists no machine at all (or there is no file) the plant is the simulated machines with
their ideal rates, and with `simulator.machines = 0` (`--without simulator`) it is empty.
A wrong value is a ConfigError that names file, line, key, value and what would be right.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any, TypeVar
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from pydantic import TypeAdapter, ValidationError
from pydantic_core import ErrorDetails

from andon.errors import ConfigError
from andon.plan import DEFAULT_STATE_MAP, MachinePlan, Plan, Rate
from andon.plant_tables import (
    BUILT_IN_MEASURES,
    SILENT_PERIODS,
    MachineTable,
    MeasureTable,
    PlantTable,
    ProductTable,
    StateMap,
    Table,
    values_of,
)
from andon.sections import Engine
from andon.settings import Settings
from andon.simulator import fleet
from andon.sources import Document, closest, plain_words, read_document, shown_input
from andon.units import DAY_US, seconds_us

simulated_id = fleet.machine_id
simulated_units_per_minute = fleet.ideal

T = TypeVar("T", bound=Table)


@dataclass(frozen=True, slots=True)
class Plant:
    """The plant as configured. `declared` is False where no file lists its machines."""

    enterprise: str
    site: str
    time_zone: ZoneInfo
    machines: tuple[MachineTable, ...]
    products: tuple[ProductTable, ...]
    measures: tuple[MeasureTable, ...]
    state_map: Mapping[str, str]
    engine: Engine
    raw_retention_days: int
    declared: bool

    def machine(self, machine_id: str) -> MachineTable | None:
        """The machine as listed, or None: it is discovered."""
        return next((m for m in self.machines if m.id == machine_id), None)

    def plan(self) -> Plan:
        """The frozen values that the kernel reads."""
        engine = self.engine
        return Plan(
            machines={m.id: m.plan(engine, self._rates(m), self.state_map) for m in self.machines},
            default=MachinePlan(
                max_gap_us=seconds_us(engine.max_gap_s),
                rates=self._rates(None),
                state_map={**DEFAULT_STATE_MAP, **self.state_map},
            ),
            measures=tuple(m.name for m in self.measures),
            allowed_lateness_us=seconds_us(engine.allowed_lateness_s),
            max_future_us=seconds_us(engine.max_future_s),
            transit_us=seconds_us(engine.transit_s),
            raw_retention_us=self.raw_retention_days * DAY_US,
        )

    def _rates(self, machine: MachineTable | None) -> tuple[Rate, ...]:
        """Its own rate, then its products'; one for the machine beats one for all."""
        rates = []
        if machine is not None and machine.cycle_us is not None:
            rates.append(Rate("@1", machine.cycle_us))
        by_product: dict[str, ProductTable] = {}
        for product in sorted(self.products, key=lambda p: len(p.machines) > 0):
            if not product.machines or (machine is not None and machine.id in product.machines):
                by_product[product.id] = product
        for product_id, product in sorted(by_product.items()):
            assert product.cycle_us is not None  # a product without rate is refused
            rates.append(Rate(f"{product_id}@1", product.cycle_us, product_id))
        return tuple(rates)

    def content(self) -> str:
        """What rows depend on, as canonical JSON text (kept with each version of the plan)."""
        return json.dumps(
            {
                "enterprise": self.enterprise,
                "site": self.site,
                "time_zone": self.time_zone.key,
                "machines": [values_of(m) for m in sorted(self.machines, key=lambda m: m.id)],
                "products": [values_of(p) for p in self.products],
                "measures": [values_of(m) for m in self.measures],
                "state_map": dict(self.state_map),
                "engine": {name: getattr(self.engine, name) for name in _ENGINE_KEYS},
            },
            sort_keys=True,
            separators=(",", ":"),
            ensure_ascii=False,
        )

    def fingerprint(self) -> str:
        """32 hex digits that change when the content does."""
        return hashlib.blake2b(self.content().encode(), digest_size=16).hexdigest()


_ENGINE_KEYS = ("max_gap_s", "allowed_lateness_s", "max_future_s", "transit_s")


def simulated_machines(count: int, interval_s: float) -> tuple[MachineTable, ...]:
    """The machines that the simulator plays, as an andon.toml would list them."""
    return tuple(
        MachineTable(
            id=fleet.machine_id(n),
            name=f"Simulated machine {n}",
            area="Demo area",
            line=f"Line {1 + (n - 1) // 5}",
            units_per_minute=Fraction(fleet.ideal(n)),
            period_s=None if interval_s * SILENT_PERIODS < 60 else interval_s,
        )
        for n in range(1, count + 1)
    )


def default_plant(settings: Settings, time_zone: ZoneInfo) -> Plant:
    """The plant where no file lists machines: the simulated ones, none without the simulator."""
    return Plant(
        enterprise="",
        site="",
        time_zone=time_zone,
        machines=simulated_machines(settings.simulator.machines, settings.simulator.interval_s),
        products=(),
        measures=BUILT_IN_MEASURES,
        state_map={},
        engine=settings.engine,
        raw_retention_days=settings.store.raw_retention_days,
        declared=False,
    )


def load_plant(file: Path | None, settings: Settings) -> Plant:
    """The plant of `file`, else of the andon.toml that `settings` read, else the default one.

    Raises ConfigError naming file, line, key, value and what would be right.
    """
    path = file or settings.file
    if path is None:
        return default_plant(settings, _zone(None, "", settings))
    document = read_document(path)
    top = _one(document, "plant", PlantTable)
    machines = _many(document, "machine", MachineTable, "id")
    products = _many(document, "product", ProductTable, None)
    measures = {m.name: m for m in BUILT_IN_MEASURES}
    measures |= {m.name: m for m in _many(document, "measure", MeasureTable, "name")}
    played = simulated_machines(settings.simulator.machines, settings.simulator.interval_s)
    _known_machines(document, products, machines)
    return Plant(
        enterprise=top.enterprise,
        site=top.site,
        time_zone=_zone(document, top.time_zone, settings),
        machines=machines or played,
        products=products,
        measures=tuple(measures.values()),
        state_map=_state_map(document),
        engine=settings.engine,
        raw_retention_days=settings.store.raw_retention_days,
        declared=bool(machines),
    )


def _zone(document: Document | None, name: str, settings: Settings) -> ZoneInfo:
    """The zone named, else the machine's, else UTC."""
    try:
        return ZoneInfo(name or settings.machine_zone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        if not name or document is None:
            return ZoneInfo("UTC")
        raise ConfigError(
            f'{document.origin("plant", "time_zone")}: plant.time_zone = "{name}" is no time zone; '
            f'it should be a name such as "Europe/Rome".{closest(name, available_timezones())}'
        ) from None


def _one(document: Document, table: str, model: type[T]) -> T:
    content = document.tables.get(table, {})
    if not isinstance(content, dict):
        raise ConfigError(f"{document.origin(table)}: write [{table}], one table, not a list.")
    return _checked(document, table, 0, content, model)


def _many(document: Document, table: str, model: type[T], unique: str | None) -> tuple[T, ...]:
    content = document.tables.get(table, [])
    if not isinstance(content, list) or not all(isinstance(c, dict) for c in content):
        raise ConfigError(
            f"{document.origin(table)}: write [[{table}]] with two brackets, once for each."
        )
    rows = tuple(_checked(document, table, n, entry, model) for n, entry in enumerate(content))
    seen: dict[str, int] = {}
    for n, row in enumerate(rows):
        name = getattr(row, unique) if unique else ""
        if unique and name in seen:
            first = document.line(table, unique, seen[name])
            raise ConfigError(
                f'{document.origin(table, unique, n)}: {table}.{unique} = "{name}" stands already '
                f"in line {first}; each {table} needs its own {unique}."
            )
        seen[name] = n
    return rows


def _checked(
    document: Document, table: str, nth: int, content: Mapping[str, Any], model: type[T]
) -> T:
    try:
        return model.model_validate(content)
    except ValidationError as error:
        lines = []
        for detail in error.errors():
            key = str(detail["loc"][0]) if detail["loc"] else ""
            place = document.origin(table, key, nth)
            known = list(model.model_fields)
            lines.append(f"{place}: {_problem(table, key, known, detail)}")
        raise ConfigError("\n".join(lines)) from None


def _problem(table: str, key: str, known: list[str], detail: ErrorDetails) -> str:
    """What is wrong with one key of a table, and what would be right."""
    said = plain_words(detail["msg"])
    if not key:
        return f"[[{table}]] {said}."
    if key not in known:
        return (
            f"{table}.{key}: there is no such key.{closest(key, known)} Known: {', '.join(known)}."
        )
    if detail["type"] == "missing":
        return f"[[{table}]] has no {key}; add a line {key} = ..."
    return f"{table}.{key} = {shown_input(detail['input'])}: {said}."


def _state_map(document: Document) -> dict[str, str]:
    content = document.tables.get("state_map", {})
    try:
        return TypeAdapter(StateMap).validate_python(content)
    except ValidationError as error:
        message = plain_words(error.errors()[0]["msg"])
        raise ConfigError(f"{document.origin('state_map')}: state_map: {message}.") from None


def _known_machines(
    document: Document, products: tuple[ProductTable, ...], machines: tuple[MachineTable, ...]
) -> None:
    known = {machine.id for machine in machines}
    for n, product in enumerate(products):
        for machine_id in product.machines:
            if machine_id not in known:
                raise ConfigError(
                    f"{document.origin('product', 'machines', n)}: product.machines names "
                    f'"{machine_id}", which no [[machine]] lists.{closest(machine_id, known)}'
                )
