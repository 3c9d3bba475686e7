"""Exact numbers and the one way of rounding them.

Python's own `round` rounds halves to even and would turn 84.5 into 84.
"""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

from kundelik_core.gradebook.schemes.model import Rounding

Exact = int | Fraction


def exact(value: Decimal) -> Exact:
    """Turn a decimal into an exact number, a plain int wherever it is whole."""
    whole = int(value)
    return whole if whole == value else Fraction(value)


def round_ratio(numerator: int, denominator: int, rounding: Rounding) -> Exact:
    """Round a ratio of whole numbers (denominator above zero) as a scheme asks."""
    power = 1 if not rounding.digits else 10**rounding.digits
    if rounding.mode == "down":
        scaled = numerator * power // denominator
    else:
        scaled = (2 * numerator * power + denominator) // (2 * denominator)
    return scaled if power == 1 else Fraction(scaled, power)


def fixed(value: Exact | Decimal, digits: int) -> str:
    """Write a number with exactly so many digits, halves up, and a decimal point."""
    return fixed_ratio(*value.as_integer_ratio(), digits)


def fixed_ratio(top: int, bottom: int, digits: int) -> str:
    """Write a ratio of whole numbers (``bottom`` above zero) like ``fixed``, reduced or not."""
    power = 10**digits
    scaled = (2 * abs(top) * power + bottom) // (2 * bottom)
    sign = "-" if top < 0 and scaled else ""
    whole, rest = divmod(scaled, power)
    return f"{sign}{whole}.{rest:0{digits}d}" if digits else f"{sign}{whole}"


def plain(value: Exact | Decimal) -> str:
    """Write points as a person would: no idle zeros, at most three digits."""
    if type(value) is int:
        return str(value)
    text = fixed(value, 3)
    return text.rstrip("0").rstrip(".")


def localised(text: str, locale: str) -> str:
    """Put the decimal comma where the language wants one."""
    return text.replace(".", ",") if locale[:2] in ("kk", "ru") else text
