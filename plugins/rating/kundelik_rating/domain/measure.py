"""Measure a group by its inner places only, so that no number hangs on any one child.

Sort the results of those counted. Every number that leaves this module, and every border between
bands, is the result at a place that has at least ``SHELTER`` children on either side, or the mean
of two such. Two families that put their heads together know two of the three; the third shelters
the rest. ``docs/privacy.md`` has the whole argument.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from fractions import Fraction
from typing import Final

__all__ = [
    "COLLUDING",
    "DISTINCT",
    "FEWEST",
    "SEVERAL",
    "SHELTER",
    "Band",
    "Measure",
    "Scale",
    "Spread",
    "band_of",
    "border_places",
    "fresh_needed",
    "measure",
    "nearest",
    "varied",
]

COLLUDING: Final = 2
"""So many children's families may compare everything that they ever saw."""

SHELTER: Final = COLLUDING + 1
"""So many children at least stand beyond every published place, on either side."""

FEWEST: Final = 2 * SHELTER + 1
"""The fewest children with a place in the middle: seven."""

DISTINCT: Final = 3
"""The fewest different results among which a comparison says anything."""

SEVERAL: Final = 2 * SHELTER + DISTINCT
"""The fewest whose sheltered places can differ: nine. Fewer are published once in a period."""

_TWENTIETH: Final = Fraction(1, 20)


class Band(Enum):
    """A third of the group; in a group of seven or eight the middle is one place or two."""

    LOWER = "lower"
    MIDDLE = "middle"
    UPPER = "upper"


class Spread(Enum):
    """How far the middle third of the group lies apart, against the whole scale."""

    CLOSE = "close"
    MIXED = "mixed"
    WIDE = "wide"


@dataclass(frozen=True, slots=True, kw_only=True)
class Scale:
    """What results are measured on: its ends, and the step to which the middle is rounded."""

    low: Fraction
    high: Fraction
    step: Fraction

    @classmethod
    def percent(cls) -> "Scale":
        """Return the scale of ``rating_metric: percent``."""
        return cls(low=Fraction(0), high=Fraction(100), step=Fraction(5))

    @classmethod
    def marks(cls, low: int, high: int) -> "Scale":
        """Return the scale of ``rating_metric: mean_mark``: half marks on 1 to 5, whole above."""
        step = Fraction(1, 2) if high - low < 10 else Fraction(1)
        return cls(low=Fraction(low), high=Fraction(high), step=step)


@dataclass(frozen=True, slots=True, kw_only=True)
class Measure:
    """What is worked out of a group; ``low`` and ``high`` are the borders of the middle band.

    Only ``middle``, which is rounded, and ``spread`` are told; of the borders a family learns the
    side that its own child is on.
    """

    low: Fraction
    high: Fraction
    middle: Fraction
    spread: Spread | None


def border_places(count: int) -> tuple[int, int]:
    """Return the places, counted from 1 below, of the results that bound the middle band."""
    if count < FEWEST:
        raise ValueError(f"{count} results have no place that {SHELTER} others shelter")
    low = max(SHELTER + 1, count // 3 + 1)
    return low, count + 1 - low


def fresh_needed(count: int) -> int:
    """Return how many of those counted need new marks before the group is measured again.

    Otherwise whoever knows that one classmate alone was marked could read the change as theirs.
    With so many, not all of them can have crossed a border, whoever else knows who they are.
    """
    low, high = border_places(count)
    return high - low + 2 * COLLUDING + 2


def varied(results: Sequence[Fraction]) -> bool:
    """Say whether there are enough different results for a comparison.

    The answer can be seen, so it too hangs on sheltered places alone wherever there are enough of
    them. In a smaller group all results are asked: the reason why it is published only once.
    """
    ordered = sorted(results)
    asked = ordered[SHELTER:-SHELTER] if len(ordered) >= SEVERAL else ordered
    return len(set(asked)) >= DISTINCT


def measure(results: Sequence[Fraction], scale: Scale) -> Measure:
    """Measure a group; the order of the results does not matter."""
    ordered = sorted(results)
    low, high = border_places(len(ordered))
    middle = (ordered[(len(ordered) - 1) // 2] + ordered[len(ordered) // 2]) / 2
    return Measure(
        low=ordered[low - 1],
        high=ordered[high - 1],
        middle=nearest(middle, scale.step),
        spread=_spread(ordered[high - 1] - ordered[low - 1], len(ordered), scale),
    )


def band_of(result: Fraction, group: Measure) -> Band:
    """Return where a result lies; equal results lie in one band."""
    if result < group.low:
        return Band.LOWER
    return Band.UPPER if result > group.high else Band.MIDDLE


def nearest(value: Fraction, step: Fraction) -> Fraction:
    """Round to a multiple of ``step``, halves up."""
    return (value / step + Fraction(1, 2)).__floor__() * step


def _spread(width: Fraction, count: int, scale: Scale) -> Spread | None:
    """Return the word for the width of the middle third; None where there is no such third."""
    if count < SEVERAL:
        return None
    part = width / (scale.high - scale.low)
    if part < _TWENTIETH:
        return Spread.CLOSE
    return Spread.MIXED if part < 3 * _TWENTIETH else Spread.WIDE
