"""Judge and make colours: contrast as WCAG counts it, and the nearest colour that passes. Pure."""

import math
import re
from collections.abc import Callable
from typing import Final

__all__ = [
    "BLACK",
    "WHITE",
    "Colour",
    "contrast",
    "luminance",
    "mix",
    "nearest",
    "parse_hex",
    "to_hex",
]

Colour = tuple[int, int, int]
"""Red, green and blue, 0 to 255."""

WHITE: Final[Colour] = (255, 255, 255)
BLACK: Final[Colour] = (0, 0, 0)

_HEX: Final = re.compile(r"#?([0-9a-fA-F]{3}|[0-9a-fA-F]{6})\Z")
# How far the search for a colour that passes moves per step, on a scale of lightness 0 to 1.
_STEP: Final = 0.004


def parse_hex(text: str) -> Colour | None:
    """Read ``#006a7e``, ``006A7E`` or ``#07e``; None for anything else."""
    found = _HEX.match(text.strip())
    if not found:
        return None
    digits = found[1]
    if len(digits) == 3:
        digits = "".join(d * 2 for d in digits)
    return int(digits[:2], 16), int(digits[2:4], 16), int(digits[4:], 16)


def to_hex(colour: Colour) -> str:
    """Return ``#006a7e``."""
    return "#{:02x}{:02x}{:02x}".format(*colour)


def _linear(part: int) -> float:
    share = part / 255
    return share / 12.92 if share <= 0.04045 else ((share + 0.055) / 1.055) ** 2.4


def luminance(colour: Colour) -> float:
    """Return the relative luminance of WCAG 2: 0 for black, 1 for white."""
    red, green, blue = (_linear(part) for part in colour)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: Colour, other: Colour) -> float:
    """Return the contrast ratio of WCAG 2, from 1 to 21."""
    high, low = sorted((luminance(one), luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def mix(one: Colour, other: Colour, share: float) -> Colour:
    """Return ``other`` with this share of ``one`` in it."""
    red, green, blue = (round(a * share + b * (1 - share)) for a, b in zip(one, other, strict=True))
    return red, green, blue


def _to_oklab(colour: Colour) -> tuple[float, float, float]:
    red, green, blue = (_linear(part) for part in colour)
    # The matrices of the OKLab colour space, in which equal steps look equal.
    long = math.cbrt(0.4122214708 * red + 0.5363325363 * green + 0.0514459929 * blue)
    middle = math.cbrt(0.2119034982 * red + 0.6806995451 * green + 0.1073969566 * blue)
    short = math.cbrt(0.0883024619 * red + 0.2817188376 * green + 0.6299787005 * blue)
    return (
        0.2104542553 * long + 0.7936177850 * middle - 0.0040720468 * short,
        1.9779984951 * long - 2.4285922050 * middle + 0.4505937099 * short,
        0.0259040371 * long + 0.7827717662 * middle - 0.8086757660 * short,
    )


def _from_oklab(light: float, a: float, b: float) -> tuple[float, float, float]:
    long = (light + 0.3963377774 * a + 0.2158037573 * b) ** 3
    middle = (light - 0.1055613458 * a - 0.0638541728 * b) ** 3
    short = (light - 0.0894841775 * a - 1.2914855480 * b) ** 3
    return (
        4.0767416621 * long - 3.3077115913 * middle + 0.2309699292 * short,
        -1.2684380046 * long + 2.6097574011 * middle - 0.3413193965 * short,
        -0.0041960863 * long - 0.7034186147 * middle + 1.7076147010 * short,
    )


def _part(share: float) -> int:
    share = min(max(share, 0.0), 1.0)
    curved = share * 12.92 if share <= 0.0031308 else 1.055 * share ** (1 / 2.4) - 0.055
    return round(curved * 255)


def _at(light: float, a: float, b: float) -> Colour:
    """Return a tint at another lightness, with as much of its colour as a screen can show."""
    low, high = 0.0, 1.0
    shown = _from_oklab(light, a, b)
    if not all(-1e-4 <= part <= 1 + 1e-4 for part in shown):
        for _round in range(12):
            middle = (low + high) / 2
            tried = _from_oklab(light, a * middle, b * middle)
            if all(-1e-4 <= part <= 1 + 1e-4 for part in tried):
                low = middle
            else:
                high = middle
        shown = _from_oklab(light, a * low, b * low)
    red, green, blue = (_part(part) for part in shown)
    return red, green, blue


def nearest(colour: Colour, passes: Callable[[Colour], bool]) -> Colour | None:
    """Return the colour of the same tint, as little lighter or darker as it takes to pass."""
    if passes(colour):
        return colour
    light, a, b = _to_oklab(colour)
    for step in range(1, int(1 / _STEP) + 1):
        for way in (-1, 1):
            moved = light + way * step * _STEP
            if 0 <= moved <= 1:
                tried = _at(moved, a, b)
                if passes(tried):
                    return tried
    return None
