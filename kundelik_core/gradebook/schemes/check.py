"""Runs examples against a scheme: those it carries, and files of vectors from outside.

A file of vectors tests an engine without naming a scheme: its examples bring weights, a scale
and works, and are run against a base scheme altered accordingly.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from fractions import Fraction

from kundelik_core.gradebook.schemes.engine import PeriodResult, Work, compute_period
from kundelik_core.gradebook.schemes.exact import Exact, round_ratio
from kundelik_core.gradebook.schemes.model import GradingScheme, Miss, PeriodVector
from kundelik_core.gradebook.schemes.needed import needed
from kundelik_core.gradebook.schemes.plan import plan_of
from kundelik_core.gradebook.schemes.year import (
    PeriodMark,
    compute_final,
    compute_remedial,
    compute_year,
)

_WORK = re.compile(
    r"(?P<kind>[a-z_]+) (?P<points>-|\d+(?:\.\d+)?)(?:/(?P<max>\d+(?:\.\d+)?))?"
    r"(?: (?P<flag>unexcused|excused|exempt))?"
)


def own_misses(scheme: GradingScheme) -> Iterator[Miss]:
    """Run the vectors that a scheme carries and yield those that do not hold."""
    vectors = scheme.vectors
    for period in vectors.period:
        where = f"vectors.period {period.id}"
        works = _works(scheme, period.works)
        if isinstance(works, Miss):
            yield works
            continue
        yield from _period(where, period, compute_period(scheme, works, closing=period.closing))
    for row in vectors.round:
        yield from round_misses(
            scheme, f"vectors.round {row.exact}", row.exact, row.rounded, row.mark
        )
    for year in vectors.year:
        periods = period_marks(scheme, year.periods, year.codes)
        got = compute_year(scheme, periods)
        where = f"vectors.year {year.id}"
        yield from differences(
            where, (("mark", year.mark, got.mark), ("status", year.status, got.status))
        )
    for final in vectors.final:
        result = compute_final(
            scheme,
            period_marks(scheme, final.periods),
            final.exam,
            year_rounded_first=final.year_rounded_first,
        )
        yield from differences(f"vectors.final {final.id}", (("mark", final.mark, result.mark),))
    yield from _needed(scheme)
    for extra in vectors.remedial:
        mark = compute_remedial(scheme, extra.year, extra.extra)
        yield from differences(f"vectors.remedial {extra.id}", (("mark", extra.mark, mark),))


def differences(where: str, pairs: Sequence[tuple[str, object, object]]) -> Iterator[Miss]:
    """Yield a miss for each (name, expected, got) that differs."""
    for name, expected, got in pairs:
        if expected != got:
            yield Miss(where, name, _text(expected), _text(got))


def round_misses(
    scheme: GradingScheme, where: str, exact: str, rounded: int, mark: str
) -> Iterator[Miss]:
    """Check an exact value's rounding and mark."""
    value = Fraction(exact)
    got = round_ratio(value.numerator, value.denominator, scheme.rounding)
    read, _ = plan_of(scheme).read(value.numerator, value.denominator, got)
    yield from differences(where, (("rounded", rounded, got), ("mark", mark, read)))


def period_marks(
    scheme: GradingScheme, marks: Sequence[str], codes: Sequence[str] = ()
) -> list[PeriodMark]:
    """Turn examples' marks (or percents, or statuses) into periods."""
    found = []
    for at, mark in enumerate(marks):
        code = codes[at] if at < len(codes) else ""
        if scheme.status(mark) is not None and scheme.step(mark) is None:
            found.append(PeriodMark(code, None, status=mark))
        elif scheme.year.source == "percents":
            found.append(PeriodMark(code, None, percent=Fraction(mark)))
        else:
            found.append(PeriodMark(code, mark))
    return found


def _needed(scheme: GradingScheme) -> Iterator[Miss]:
    for vector in scheme.vectors.needed:
        where = f"vectors.needed {vector.id}"
        works = _works(scheme, vector.works)
        if isinstance(works, Miss):
            yield works
            continue
        got = needed(scheme, works, vector.kind, vector.max)
        for mark, points in vector.needed.items():
            wanted = None if points is None else Fraction(points)
            yield from differences(where, ((f"points for {mark}", wanted, got.get(mark)),))


def _period(where: str, vector: PeriodVector, got: PeriodResult) -> Iterator[Miss]:
    raw = None if vector.raw is None else Fraction(vector.raw)
    yield from differences(
        where,
        (
            ("raw", raw, got.raw),
            ("percent", vector.percent, got.percent),
            ("mark", vector.mark, got.mark),
            ("hint", vector.hint, got.hint),
            ("status", vector.status, got.status),
            ("provisional", vector.provisional, got.provisional),
        ),
    )


def _works(scheme: GradingScheme, texts: Sequence[str]) -> list[Work] | Miss:
    """Read works as examples write them: "sor 12/15", "fo 8", "soch -/25 unexcused"."""
    works = []
    for text in texts:
        match = _WORK.fullmatch(text)
        if match is None:
            return Miss("vectors", f"cannot read the work {text!r}")
        try:
            top = scheme.kind(match["kind"]).max_for()
        except KeyError:
            return Miss("vectors", f"no kind {match['kind']!r}")
        limit = match["max"] or (None if top is None else str(top))
        if limit is None or Fraction(limit) <= 0:
            return Miss("vectors", f"the work {text!r} needs a maximum")
        works.append(
            Work(
                kind=match["kind"],
                points=None if match["points"] == "-" else number(match["points"]),
                max=number(limit),
                missed_unexcused=match["flag"] == "unexcused",
                excused=match["flag"] == "excused",
                exempt=match["flag"] == "exempt",
            )
        )
    return works


def number(text: str) -> Exact:
    """Read an exact number, a plain int where it is whole."""
    value = Fraction(text)
    return value.numerator if value.denominator == 1 else value


def _text(value: object) -> str:
    return "nothing" if value is None or value == "" else str(value)
