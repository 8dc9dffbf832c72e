"""Numbers kept exactly: what a person writes as 1.2 or "7/3" stays that fraction."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

_RIGHT = 'should be a positive number such as 1.5, or a fraction as text such as "7/3"'


def fraction_of(value: object) -> Fraction | None:
    """The exact positive value of an int, a Decimal, or text ("1.5", "7/3"); None stays None.

    Raises ValueError with what would be right. A binary float is taken by its shortest decimal.
    """
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float | str | Decimal | Fraction):
        raise ValueError(_RIGHT)
    try:
        exact = Fraction(repr(value) if isinstance(value, float) else value)
    except (ValueError, ZeroDivisionError, OverflowError):
        raise ValueError(_RIGHT) from None
    if exact <= 0:
        raise ValueError(_RIGHT)
    return exact


def shown_fraction(value: Fraction) -> str:
    """The fraction as a decimal where that is exact and short, else as "a/b"."""
    text = format(Decimal(value.numerator) / Decimal(value.denominator), "f")
    return text if Fraction(text) == value else f"{value.numerator}/{value.denominator}"
