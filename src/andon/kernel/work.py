"""The work rows: a machine's head first, then its readings in order; all columns are vectors.

The head (or birth) row of each machine is never null where a value is held on, so that a plain
forward fill over the whole frame cannot leak from one machine into the next.
"""

from __future__ import annotations

from functools import lru_cache

import polars as pl

from andon.kernel.codes import CODES, UNKNOWN, coded, mode_coded
from andon.model import COUNTER_LANES, MEASURE_SUFFIX, READINGS
from andon.plan import COUNTS_MODES, MachinePlan, Plan

FOREVER_US = 2**62
NONE = -1
"""Stands for 'no value yet' in counters and message numbers of head rows."""

_BASELINES = (
    ("total0", "total", NONE),
    ("at0", "total_at", 0),
    ("since0", "since", 0),
    ("since_boot0", "since_boot", 0),
    ("known0", "known_us", 0),
    ("unknown0", "unknown_us", 0),
)
"""Work column, carry column and value at birth of what the counters need of a head."""

_NOT_FOR_KERNEL = {
    "machine_id",
    "received",
    "awaiting_recompute",
    "scrap_rate_milli",
    "error_count",
    "downtime_incidents",
    "last_maintenance",
    "last_error_time",
    "simulated",
    "extra",
    "set_aside",
    "is_death",
}


def kernel_columns(plan: Plan) -> list[str]:
    """Columns of a reading that decide something, besides `slot`."""
    own = [n for n in READINGS.names if n not in _NOT_FOR_KERNEL]
    return own + [m + MEASURE_SUFFIX for m in plan.measures if m + MEASURE_SUFFIX not in own]


def plan_columns(machines: pl.DataFrame, plan: Plan) -> pl.DataFrame:
    """What the plan says of each machine.

    machines: slot, machine_id. Returns slot, max_gap (us; FOREVER_US on change), map_id (Int32),
    mode (planned way of counting or null), rate (float units per us, only to tell what is plainly
    below it; null without a limit).
    """
    table = _plan_table(plan)
    if table.height == 1:
        return machines.select("slot").join(table.drop("machine_id"), how="cross")
    known = pl.col("machine_id").is_in(table["machine_id"].implode())
    return (
        machines.with_columns(plan_id=pl.when(known).then("machine_id").otherwise(pl.lit("")))
        .join(table, left_on="plan_id", right_on="machine_id", how="left", maintain_order="left")
        .select("slot", "max_gap", "map_id", "mode", "rate")
    )


@lru_cache(maxsize=8)
def _plan_table(plan: Plan) -> pl.DataFrame:
    """One row per listed machine, and the default one under ''."""
    maps = state_maps(plan)
    return pl.DataFrame(
        [
            (
                machine_id,
                FOREVER_US if machine.on_change else machine.max_gap_us,
                maps.index(_map_of(machine)),
                None if machine.counts is None else COUNTS_MODES.index(machine.counts),
                None if machine.max_rate is None else float(machine.max_rate),
            )
            for machine_id, machine in {"": plan.default, **plan.machines}.items()
        ],
        schema={
            "machine_id": pl.String(),
            "max_gap": pl.Int64(),
            "map_id": pl.Int32(),
            "mode": pl.Int8(),
            "rate": pl.Float64(),
        },
        orient="row",
    )


def shortest_gap_us(plan: Plan) -> int:
    """The smallest max_gap of any machine."""
    smallest = _plan_table(plan)["max_gap"].min()
    assert isinstance(smallest, int)  # the table has the default's row
    return smallest


StateMap = tuple[tuple[str, str], ...]


def _map_of(machine: MachinePlan) -> StateMap:
    return tuple(sorted((raw.lower(), state) for raw, state in machine.state_map.items()))


@lru_cache(maxsize=8)
def state_maps(plan: Plan) -> list[StateMap]:
    """The distinct state maps of a plan: lower-case raw state to state."""
    return list(dict.fromkeys(map(_map_of, (plan.default, *plan.machines.values()))))


def with_state(rows: pl.DataFrame, plan: Plan) -> pl.DataFrame:
    """Adds `state` (code, null where the reading bears none) and `unmapped` by the state map."""
    spelled = rows["state_raw"].unique().drop_nulls().to_list()
    maps = state_maps(plan)
    code: pl.Expr = pl.lit(None, pl.Int8())
    head = pl.col("is_head")
    for number, pairs in enumerate(maps):
        known = dict(pairs)
        table = {raw: CODES[known[raw.lower()]] for raw in spelled if raw.lower() in known}
        mapped = pl.col("state_raw").replace_strict(table, default=NONE, return_dtype=pl.Int8())
        chosen = pl.col("state_raw").is_not_null()
        if len(maps) > 1:
            chosen = chosen & (pl.col("map_id") == number)
        code = pl.when(chosen).then(mapped).otherwise(code)
    return rows.with_columns(own=pl.when(head).then("own").otherwise(code)).with_columns(
        unmapped=pl.col("own").eq_missing(pl.lit(NONE, pl.Int8())),
        own=pl.when(pl.col("own") == NONE)
        .then(pl.lit(UNKNOWN, pl.Int8()))
        .otherwise(pl.col("own")),
    )


def head_rows(head: pl.DataFrame) -> pl.DataFrame:
    """The first work row of machines that have a carry."""
    return head.select(
        "slot",
        "time",
        "boot_id",
        "job_id",
        "product_id",
        "state_raw",
        "stop_reason",
        own=coded("state"),
        is_head=pl.lit(True),
        job_ended=pl.lit(False),
        born=pl.lit(False),
        start0="interval_start",
        lre0=coded("last_run_or_error"),
        mode0=mode_coded("counts"),
        seq="seq",
        first0="first",
        seq_at0="seq_at",
        seq_boot0="boot_id",
        waiting=pl.any_horizontal(
            pl.col(f"{lane}_pending").is_not_null()
            | (
                pl.col(f"{lane}_total").is_not_null()
                & pl.col(f"{lane}_boot").ne_missing(pl.col("boot_id"))
            )
            for lane in COUNTER_LANES
        ),
        **{
            f"{lane}_{short}": pl.col(f"{lane}_{name}").fill_null(default)
            for lane in COUNTER_LANES
            for short, name, default in _BASELINES
        },
    )


def birth_rows(readings: pl.DataFrame) -> pl.DataFrame:
    """The first work row of machines that begin: at their first reading, UNKNOWN, nothing held.

    readings: sorted by slot, time, without deaths. A zero-length span follows, so it leaves no
    trace.
    """
    return readings.unique("slot", keep="first", maintain_order=True).select(
        "slot",
        "time",
        "boot_id",
        own=pl.lit(UNKNOWN, pl.Int8()),
        is_head=pl.lit(True),
        job_ended=pl.lit(False),
        born=pl.lit(True),
        start0="time",
        first0="time",
        lre0=pl.lit(UNKNOWN, pl.Int8()),
        mode0=pl.lit(None, pl.Int8()),
        waiting=pl.lit(False),
        **{
            f"{lane}_{short}": pl.lit(default, pl.Int64())
            for lane in COUNTER_LANES
            for short, _, default in _BASELINES
        },
    )


def in_order(heads: pl.DataFrame, readings: pl.DataFrame) -> pl.DataFrame:
    """Heads and readings as one frame, sorted by machine, time, seq (missing first), identity."""
    rows = pl.concat(
        [heads, readings.with_columns(is_head=pl.lit(False), born=pl.lit(False))],
        how="diagonal",
        rechunk=True,
    )
    oldest, newest, last = rows["time"].min(), rows["time"].max(), rows["slot"].max()
    if isinstance(oldest, int) and isinstance(newest, int) and isinstance(last, int):
        bits = (2 * (newest - oldest) + 1).bit_length()
        if bits + last.bit_length() < 63:
            # Machine and time in one integer sort fast; a head comes before its instant.
            key = (
                rows["slot"].cast(pl.Int64()) * (1 << bits)
                + 2 * (rows["time"] - oldest)
                + (~rows["is_head"]).cast(pl.Int64())
            )
            order = key.arg_sort()
            if key.gather(order).diff().min() != 0:
                return rows[order]
    return rows.sort(
        ["slot", "is_head", "time", "seq", "identity"],
        descending=[False, True, False, False, False],
        nulls_last=False,
    )


def held(rows: pl.DataFrame) -> pl.DataFrame:
    """Adds what is held from row to row: boot, job, product; and the row before's time.

    An absent job_id keeps the job, an explicit null ends it (SEMANTICS 24); a missing boot_id
    keeps the boot (21).
    """
    n = pl.int_range(pl.len(), dtype=pl.Int32())
    head = pl.col("is_head")

    def last(column: str, sets: pl.Expr) -> pl.Expr:
        return pl.col(column).gather(pl.when(sets | head).then(n).otherwise(None).forward_fill())

    return rows.with_columns(
        boot=last("boot_id", pl.col("boot_id").is_not_null()),
        job=last("job_id", pl.col("job_id").is_not_null() | pl.col("job_ended")),
        product=last("product_id", pl.col("product_id").is_not_null())
        if rows["product_id"].null_count() < rows.height
        else pl.lit(None, pl.String()),
        p_time=pl.col("time").shift(1),
        end_of_machine=pl.col("slot") != pl.col("slot").shift(-1).fill_null(-1),
    ).with_columns(
        last_here=pl.col("end_of_machine")
        | (pl.col("time") != pl.col("time").shift(-1).fill_null(-1)),
        p_job=pl.col("job").shift(1),
        p_product=pl.col("product").shift(1),
    )
