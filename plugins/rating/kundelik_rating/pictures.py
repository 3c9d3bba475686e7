"""Turn what a family sees into plain values for the templates: words' keys, numbers, places.

The pictures are drawn by the templates out of whole numbers, in the colour of the text around
them, so that they need no style of their own and follow light, dark and print.
"""

from collections.abc import Callable, Sequence
from datetime import date
from fractions import Fraction
from typing import Final

from kundelik_core.sdk import Json
from kundelik_rating.domain.measure import Band, Scale
from kundelik_rating.domain.story import Line, Look, Missing, turn

__all__ = [
    "Speech",
    "Values",
    "missing_values",
    "profile_values",
    "row_values",
    "strip_values",
    "trend_values",
]

# Drawn for the narrowest phone, and as large everywhere: a wide screen shows text, not a poster.
WIDTH: Final = 288
_GAP: Final = 6
_ZONE: Final = (WIDTH - 2 * _GAP) // 3
_TOP, _BOTTOM, _EDGE = 14, 106, 12
_MOST: Final = 12
"""So many snapshots fit into a trend; the latest are shown."""

Values = dict[str, Json]


class Speech:
    """Say numbers and days as the reader's language does."""

    def __init__(self, locale: str, day: Callable[[date], str], scale: Scale) -> None:
        self._comma = "." if locale == "en" else ","
        percent = scale.high == 100
        self._unit = ("%" if locale == "en" else "\N{NO-BREAK SPACE}%") if percent else ""
        self.day = day
        self.scale = scale

    def exact(self, value: Fraction) -> str:
        """Return a result as the diary shows it: one digit behind the comma, halves up."""
        # In whole numbers, since a page says dozens of these.
        tenths = (20 * value.numerator + value.denominator) // (2 * value.denominator)
        return f"{tenths // 10}{self._comma}{tenths % 10}{self._unit}"

    def rounded(self, value: Fraction) -> str:
        """Return a rounded number without needless digits."""
        return self.exact(value).replace(f"{self._comma}0", "")


def strip_values(seen: Look, speech: Speech) -> Values:
    """Return the three parts of the group with the own one marked, and its words."""
    own = list(Band).index(seen.band)
    zones: list[Json] = [
        {
            "x": at * (_ZONE + _GAP),
            "centre": at * (_ZONE + _GAP) + _ZONE // 2,
            "band": band.value,
            "own": at == own,
        }
        for at, band in enumerate(Band)
    ]
    return {
        "width": WIDTH,
        "zone": _ZONE,
        "zones": zones,
        "mark": own * (_ZONE + _GAP) + _ZONE // 2,
        "band": seen.band.value,
        "result": speech.exact(seen.result),
        "middle": speech.rounded(seen.middle),
        "spread": seen.spread.value if seen.spread else "",
        "day": speech.day(seen.day),
    }


def trend_values(looks: Sequence[Look], speech: Speech) -> Values:
    """Return the last snapshots as two lines, the own result and the group's middle, and a table.

    Both axes are the same for everybody: a scale fitted to the group would tell its extremes.
    """
    shown = looks[-_MOST:]
    points: list[Json] = []
    for at, one in enumerate(shown):
        points.append(
            {
                "x": _across(at, len(shown)),
                "own": _height(one.result, speech.scale),
                "group": _height(one.middle, speech.scale),
                "day": speech.day(one.day),
                "result": speech.exact(one.result),
                "middle": speech.rounded(one.middle),
                "band": one.band.value,
            }
        )
    way = turn(shown)
    return {
        "width": WIDTH,
        "top": _TOP,
        "bottom": _BOTTOM,
        "low": speech.rounded(speech.scale.low),
        "high": speech.rounded(speech.scale.high),
        "points": points,
        "turn": way.value if way else "",
    }


def profile_values(lines: Sequence[Line], speech: Speech) -> list[Json]:
    """Return the subjects as rows; a subject without a rating says why."""
    return [
        {**row_values(line.subject, line.seen, speech), "query": "", "current": False}
        for line in lines
    ]


def row_values(subject: str, seen: Look | Missing, speech: Speech) -> Values:
    """Return one subject as a row."""
    if isinstance(seen, Missing):
        return {"subject": subject, **missing_values(seen)}
    return {
        "subject": subject,
        "missing": "",
        "band": seen.band.value,
        "result": speech.exact(seen.result),
        "middle": speech.rounded(seen.middle),
    }


def missing_values(why: Missing) -> Values:
    """Return the reason why there is nothing, by the key that the template has words for."""
    return {"missing": why.value}


def _across(at: int, count: int) -> int:
    if count == 1:
        return WIDTH // 2
    return _EDGE + at * (WIDTH - 2 * _EDGE) // (count - 1)


def _height(value: Fraction, scale: Scale) -> int:
    """Return how far down a value stands, to the pixel; beyond the ends it stays at the edge."""
    # In whole numbers, as in ``exact``: what part of the scale lies below, of how many parts.
    low, high = scale.low, scale.high
    below = value.numerator * low.denominator - low.numerator * value.denominator
    below *= high.denominator
    parts = high.numerator * low.denominator - low.numerator * high.denominator
    parts *= value.denominator
    inside = min(max(below, 0), parts)
    return (2 * _BOTTOM * parts - 2 * (_BOTTOM - _TOP) * inside + parts) // (2 * parts)
