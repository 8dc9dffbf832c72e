"""States as small integers inside the kernel; names outside."""

from __future__ import annotations

import polars as pl

from andon.model import State
from andon.plan import COUNTS_MODES

UNKNOWN, RUNNING, IDLE, MAINTENANCE, ERROR = range(5)
"""0 is UNKNOWN and also 'none yet' where a state may be absent."""

NAMES = (State.UNKNOWN, State.RUNNING, State.IDLE, State.MAINTENANCE, State.ERROR)
CODES = {str(name): code for code, name in enumerate(NAMES)}


def named(column: str) -> pl.Expr:
    """The state's name for its code."""
    return pl.col(column).replace_strict(
        dict(enumerate(map(str, NAMES))), default=None, return_dtype=pl.String()
    )


def coded(column: str) -> pl.Expr:
    """The code of a state's name; null becomes UNKNOWN."""
    return pl.col(column).replace_strict(CODES, default=UNKNOWN, return_dtype=pl.Int8())


GOOD_SCRAP, PRODUCTION_SCRAP, PRODUCTION, GOOD = range(len(COUNTS_MODES))
"""How a machine counts, by its place in COUNTS_MODES."""
NO_MODE = -1
"""Stands for 'not chosen yet' where a null would not stop a forward fill."""


def mode_coded(column: str) -> pl.Expr:
    """The code of a way of counting; null stays null."""
    return pl.col(column).replace_strict(
        {name: code for code, name in enumerate(COUNTS_MODES)},
        default=None,
        return_dtype=pl.Int8(),
    )


def mode_named(column: str) -> pl.Expr:
    """The name of a way of counting; null stays null."""
    return pl.col(column).replace_strict(
        dict(enumerate(COUNTS_MODES)), default=None, return_dtype=pl.String()
    )
