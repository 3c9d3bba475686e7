"""Count money in its smallest unit: tiyn are whole numbers, never fractions of anything."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

__all__ = ["CURRENCIES", "Money", "charge_share", "shown", "split", "whole_units"]

CURRENCIES: Final = {"KZT": "₸", "EUR": "€", "USD": "$"}
"""The signs of the currencies that are known; all of them have two decimals."""

_PER_UNIT: Final = 100
_PARTS: Final = 10_000
_THIN: Final = "\N{NARROW NO-BREAK SPACE}"
_HARD: Final = "\N{NO-BREAK SPACE}"


@dataclass(frozen=True, slots=True, order=True)
class Money:
    """An amount in a currency; amounts of two currencies never meet."""

    minor: int
    currency: str

    def __post_init__(self) -> None:
        if self.currency not in CURRENCIES:
            raise ValueError(f"unknown currency {self.currency!r}")

    def __add__(self, other: "Money") -> "Money":
        self._same(other)
        return Money(self.minor + other.minor, self.currency)

    def __sub__(self, other: "Money") -> "Money":
        self._same(other)
        return Money(self.minor - other.minor, self.currency)

    def _same(self, other: "Money") -> None:
        if self.currency != other.currency:
            raise ValueError(f"{self.currency} and {other.currency} cannot be added up")


def shown(minor: int, currency: str) -> str:
    """Return an amount as people read it: whole tenge, tiyn only where there are any."""
    units, rest = divmod(abs(minor), _PER_UNIT)
    grouped = f"{units:,}".replace(",", _THIN)
    decimals = f",{rest:02d}" if rest else ""
    sign = "\N{MINUS SIGN}" if minor < 0 else ""
    return f"{sign}{grouped}{decimals}{_HARD}{CURRENCIES[currency]}"


def whole_units(minor: int) -> int:
    """Round half up to whole tenge: prices have no tiyn."""
    return (minor + _PER_UNIT // 2) // _PER_UNIT * _PER_UNIT


def charge_share(minor: int, basis_points: int) -> int:
    """Return a share in hundredths of a percent, half a tiyn rounded up."""
    return (minor * basis_points * 2 + _PARTS) // (2 * _PARTS)


def split(minor: int, weights: Sequence[int]) -> list[int]:
    """Divide an amount by weights so that the parts sum to it: largest remainders get the rest."""
    whole = sum(weights)
    if minor < 0 or whole <= 0 or min(weights) < 0:
        raise ValueError("split a positive amount by weights of which none is negative")
    parts = [minor * weight // whole for weight in weights]
    by_rest = sorted(range(len(weights)), key=lambda n: (-(minor * weights[n] % whole), n))
    for n in by_rest[: minor - sum(parts)]:
        parts[n] += 1
    return parts
