"""Say for which days of a paid time a family had nothing to look at, period by period.

What was last published is there to see until the next publication of the group is due. So a span in
which something is shown goes from the first snapshot with the child's own standing to the first day
on which the following period could have one.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from kundelik_rating.domain.schedule import Rhythm, closing_day, days_to_credit, publication_days

__all__ = ["Period", "Window", "credit_days", "finest", "shown_until", "windows"]

Span = tuple[date, date]
"""A first day, and the day after the last."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Period:
    """A period of the school year, by its code: a letter for its kind, and its number."""

    code: str
    first: date
    last: date


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """The days that are settled with a period: from the closing day before up to its own."""

    period: str
    begins: date
    ends: date


def _of_kind(periods: Iterable[Period], kind: str) -> list[Period]:
    found = (one for one in periods if one.code[:1] == kind and one.code[1:].isdigit())
    return sorted(found, key=lambda one: one.first)


def finest(periods: Collection[Period]) -> list[Period]:
    """Return the periods of the kind that a school has most of, in order.

    They only cut time into pieces that follow each other: what is shown in a subject goes by the
    periods of its own group.
    """
    kinds = {one.code[:1] for one in periods}
    return max((_of_kind(periods, kind) for kind in sorted(kinds)), key=len, default=[])


def windows(periods: Sequence[Period]) -> list[Window]:
    """Return the pieces of time of periods that follow each other."""
    found: list[Window] = []
    for one in periods:
        begins = found[-1].ends if found else one.first
        found.append(Window(period=one.code, begins=begins, ends=closing_day(one.last)))
    return found


_FOR_GOOD: Final = date.max


def shown_until(periods: Collection[Period], rhythm: Rhythm) -> Mapping[str, date]:
    """Return for each period the day from which its last snapshot shows no longer what is due."""
    until: dict[str, date] = {}
    for kind in {one.code[:1] for one in periods}:
        ordered = _of_kind(periods, kind)
        for one, following in zip(ordered, [*ordered[1:], None], strict=True):
            until[one.code] = (
                publication_days(following.first, following.last, rhythm)[0]
                if following
                else _FOR_GOOD
            )
    return until


def credit_days(
    window: Window, held: Iterable[Span], shown: Iterable[Span], away: Iterable[Span] = ()
) -> int:
    """Return the days of a window that were held while nothing was there to see.

    ``away`` are the times in which the family did not want its child counted: nothing is shown.
    """
    visible = _without([*shown], _joined(away))
    return sum(
        days_to_credit(max(begins, window.begins), min(ends, window.ends), visible)
        for begins, ends in _joined(held)
        if max(begins, window.begins) < min(ends, window.ends)
    )


def _joined(spans: Iterable[Span]) -> list[Span]:
    """Return the same days as spans that do not meet."""
    found: list[Span] = []
    for begins, ends in sorted(spans):
        if found and begins <= found[-1][1]:
            found[-1] = (found[-1][0], max(found[-1][1], ends))
        elif begins < ends:
            found.append((begins, ends))
    return found


def _without(spans: Iterable[Span], holes: Iterable[Span]) -> list[Span]:
    """Return what is left of spans outside the holes."""
    left = [*spans]
    for since, until in holes:
        left = [
            piece
            for begins, ends in left
            for piece in ((begins, min(ends, since)), (max(begins, until), ends))
            if piece[0] < piece[1]
        ]
    return left
