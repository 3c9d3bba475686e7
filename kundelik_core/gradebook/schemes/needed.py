"""Answers "what must I write in the coming work?" by the engine itself, not by a formula."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import Decimal
from fractions import Fraction

from kundelik_core.gradebook.schemes.engine import Work, compute_period
from kundelik_core.gradebook.schemes.exact import Exact, exact
from kundelik_core.gradebook.schemes.model import GradingScheme
from kundelik_core.gradebook.schemes.year import mark_value


def needed(
    scheme: GradingScheme,
    works: Sequence[Work],
    kind: str,
    max: Decimal,  # noqa: A002 - the field's word
) -> dict[str, Exact | None]:
    """Give the fewest points of a coming work for each mark; None where it is out of reach.

    A work of that kind without points is the coming one; otherwise one is added. Marks come
    best first; a scheme whose marks are plain values answers for its passing mark alone.
    """
    spec = scheme.kind(kind)
    step, lowest, limit = Fraction(spec.step), Fraction(spec.lowest), exact(max)
    blank = next((at for at, work in enumerate(works) if _is_blank(work, kind)), None)
    rest = [work for at, work in enumerate(works) if at != blank]

    def points_at(count: int) -> Exact:
        points = lowest + step * count
        return points.numerator if points.denominator == 1 else points

    def worth(count: int) -> Fraction | None:
        result = compute_period(scheme, [*rest, Work(kind, points_at(count), limit)])
        mark = result.hint if result.hint is not None else result.mark
        return None if mark is None else mark_value(scheme, mark)

    steps = sorted(scheme.scale, key=lambda step: step.min, reverse=True)
    marks = [step.mark for step in steps] or [scheme.passing]
    last = int((Fraction(max) - lowest) // step)
    found: dict[str, Exact | None] = {}
    for mark in marks:
        fewest = _fewest(worth, mark_value(scheme, mark), last)
        found[mark] = None if fewest is None else points_at(fewest)
    return found


def _is_blank(work: Work, kind: str) -> bool:
    return work.kind == kind and work.points is None and not (work.exempt or work.missed_unexcused)


def _fewest(worth: Callable[[int], Fraction | None], target: Fraction, last: int) -> int | None:
    """Find the least count that reaches the target, by halving: more points never do harm."""

    def reaches(count: int) -> bool:
        value = worth(count)
        return value is not None and value >= target

    if last < 0 or not reaches(last):
        return None
    low, high = 0, last
    while low < high:
        middle = (low + high) // 2
        if reaches(middle):
            high = middle
        else:
            low = middle + 1
    return low
