"""Versions of ideal rates: a changed rate is a new version from now on; old minutes keep theirs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from fractions import Fraction
from typing import Any

from andon.plan import MachinePlan, Plan, Rate
from andon.units import MINUTE_US

Stored = Mapping[str, tuple[Rate, ...]]


def stored_rates(rows: Iterable[Mapping[str, Any]]) -> dict[str, tuple[Rate, ...]]:
    """Rates by machine from rows of ideal_rate (valid_from in us or None)."""
    found: dict[str, list[Rate]] = {}
    for row in rows:
        rate = Rate(
            row["rate_id"],
            Fraction(row["cycle_us_numerator"], row["cycle_us_denominator"]),
            row["product_id"],
            row["valid_from"],
        )
        found.setdefault(row["machine_id"], []).append(rate)
    return {machine_id: tuple(rates) for machine_id, rates in found.items()}


def versioned(plan: Plan, stored: Stored, now_us: int) -> Plan:
    """The plan with every stored version of each rate, and a new one where the file differs.

    A rate that the database has not seen yet holds since always; a changed one from the next
    whole minute on (SEMANTICS 0g, 18).
    """
    from_minute = -(-now_us // MINUTE_US) * MINUTE_US
    machines = {
        machine_id: _versions(machine, stored.get(machine_id, ()), from_minute)
        for machine_id, machine in plan.machines.items()
    }
    for machine_id in stored.keys() - plan.machines.keys():
        machines[machine_id] = _versions(plan.default, stored[machine_id], from_minute)
    return replace(plan, machines=machines)


def _versions(machine: MachinePlan, stored: tuple[Rate, ...], from_minute: int) -> MachinePlan:
    rates: list[Rate] = list(stored)
    for wanted in machine.rates:
        known = [r for r in stored if r.product_id == wanted.product_id]
        newest = max(known, key=lambda r: r.valid_from or 0, default=None)
        if newest is None:
            rates.append(wanted)
        elif newest.cycle_us != wanted.cycle_us:
            name = f"{wanted.product_id or ''}@{len(known) + 1}"
            rates.append(Rate(name, wanted.cycle_us, wanted.product_id, from_minute))
    return replace(machine, rates=tuple(rates))
