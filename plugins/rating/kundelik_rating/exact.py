"""Write exact numbers into the plugin's tables, and read them back."""

from fractions import Fraction
from functools import lru_cache

from kundelik_rating.domain.measure import Scale

__all__ = ["fraction", "scale_of", "text"]


def text(value: Fraction) -> str:
    """Return a number as it is kept: ``31`` or ``193/3``."""
    return str(value)


@lru_cache(maxsize=8192)
def fraction(kept: str) -> Fraction:
    """Return a kept number; many children of a school have the same few."""
    top, _slash, bottom = kept.partition("/")
    return Fraction(int(top), int(bottom or 1))


@lru_cache(maxsize=64)
def scale_of(metric: str, low: int, high: int) -> Scale:
    """Return the scale of a scheme's ``rating_metric``."""
    return Scale.percent() if metric == "percent" else Scale.marks(low, high)
