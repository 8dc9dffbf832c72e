"""What the database knows of the plant: machines, versions of ideal rates and of the plan."""

from __future__ import annotations

from collections.abc import Sequence

from andon.engine.rates import stored_rates, versioned
from andon.plan import Plan
from andon.plant import Plant
from andon.store import postgres
from andon.store.postgres import Connection
from andon.store.sql import query as query_text
from andon.units import from_us


def current_plan(conn: Connection, plant: Plant, now_us: int) -> Plan:
    """The plan with all versions of its rates; keeps what is new of it."""
    stored = stored_rates(postgres.query(conn, query_text("rates_read")))
    plan = versioned(plant.plan(), stored, now_us)
    with postgres.transaction(conn):
        postgres.execute(
            conn,
            query_text("plan_put"),
            {"fingerprint": plant.fingerprint(), "content": plant.content()},
        )
        register(conn, plant, plan, [m.id for m in plant.machines if plant.declared])
        known = postgres.query(conn, "SELECT machine_id FROM machine WHERE NOT declared")
        _put_rates(conn, plan, [row["machine_id"] for row in known])
    return plan


def register(conn: Connection, plant: Plant, plan: Plan, machines: Sequence[str]) -> None:
    """Makes machines known with their place in the plant and their ideal rates."""
    if not machines:
        return
    found = [plant.machine(machine_id) if plant.declared else None for machine_id in machines]
    postgres.execute(
        conn,
        query_text("machine_discover"),
        {
            "machine_id": list(machines),
            "declared": [m is not None for m in found],
            "name": [m.name or None if m else None for m in found],
            "enterprise": [plant.enterprise or None] * len(machines),
            "site": [plant.site or None] * len(machines),
            "area": [m.area or None if m else None for m in found],
            "line": [m.line or None if m else None for m in found],
        },
    )
    _put_rates(conn, plan, machines)


def _put_rates(conn: Connection, plan: Plan, machines: Sequence[str]) -> None:
    rows = [(machine_id, rate) for machine_id in machines for rate in plan.of(machine_id).rates]
    if not rows:
        return
    postgres.execute(
        conn,
        query_text("rates_put"),
        {
            "machine_id": [machine_id for machine_id, _ in rows],
            "rate_id": [rate.rate_id for _, rate in rows],
            "product_id": [rate.product_id for _, rate in rows],
            "valid_from": [
                None if rate.valid_from is None else from_us(rate.valid_from) for _, rate in rows
            ],
            "numerator": [rate.cycle_us.numerator for _, rate in rows],
            "denominator": [rate.cycle_us.denominator for _, rate in rows],
        },
    )
