"""From the cells of a pupil to the result of a period, and between a result and its row.

The parts of a result are kept with it, exactly, so that a diary can say how a mark came about
without reading every mark again, and a closed period explains itself for ever.
"""

from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal
from fractions import Fraction
from functools import cache, lru_cache
from typing import Final

import msgspec

from kundelik_core.gradebook.cells import EMPTY, Column
from kundelik_core.gradebook.schemes import explain
from kundelik_core.gradebook.schemes.catalogue import builtin
from kundelik_core.gradebook.schemes.engine import (
    UNMARKED,
    PeriodResult,
    TermResult,
    Work,
    compute_period,
)
from kundelik_core.gradebook.schemes.entry import Cell, work_of
from kundelik_core.gradebook.schemes.exact import Exact, round_ratio
from kundelik_core.gradebook.schemes.model import GradingScheme, KindSpec
from kundelik_core.gradebook.schemes.plan import plan_of
from kundelik_core.kernel.errors import Problem
from kundelik_core.kernel.i18n import N_, Locale, translations

__all__ = [
    "ComputedView",
    "Kept",
    "StoredTerm",
    "computed_view",
    "counted_work",
    "kind_of",
    "level_of",
    "level_of_points",
    "pupil_result",
    "restore",
    "scheme_of",
    "store",
    "told",
    "top_of",
]

_BANDS: Final = 3


class StoredTerm(msgspec.Struct, array_like=True, frozen=True):
    """One term of a result as it is kept: whole numbers, and sums as "38" or "15/2"."""

    code: str
    numerator: int
    denominator: int
    weight_numerator: int
    weight_denominator: int
    factor: int
    count: int
    points: str
    max: str


class Kept(msgspec.Struct, array_like=True, frozen=True):
    """A row of core.period_result, computed and given."""

    raw: str | None
    terms: tuple[StoredTerm | None, ...] | None
    percent: int | None
    mark: str | None
    status: str
    provisional: bool
    given: str | None = None


class ComputedView(msgspec.Struct, frozen=True):
    """The computed end of a journal row, in the reader's language."""

    cells: list[str]
    percent: str
    mark: str
    status: str
    explain: str


def scheme_of(code: str, version: int) -> GradingScheme:
    """Find the scheme that a group's marks rest on.

    Raises:
        Problem: this installation does not have it.
    """
    scheme = builtin().get((code, version))
    if scheme is None:
        raise Problem(
            "scheme-missing",
            N_("The grading scheme %(code)s, version %(version)s, is not installed here."),
            status=503,
            params={"code": code, "version": version},
        )
    return scheme


def kind_of(scheme: GradingScheme, code: str) -> KindSpec | None:
    """Find a kind of work; None when the scheme does not have it."""
    return next((kind for kind in scheme.kinds if kind.code == code), None)


def top_of(kind: KindSpec, column: Column, grade: int) -> Decimal | None:
    """Give the maximum of a column: its own, or what its kind says for the grade."""
    return column.max if column.max is not None else kind.max_for(grade)


def pupil_result(
    scheme: GradingScheme,
    grade: int,
    columns: Iterable[Column],
    cell_of: Callable[[Column], Cell],
    *,
    is_member: Callable[[Column], bool] | None = None,
    closing: bool = False,
) -> PeriodResult:
    """Compute one pupil's period from the columns of the journal.

    A work of a day on which the pupil was not in the group counts only if it has points.
    """
    kinds = {kind.code: kind for kind in scheme.kinds}
    found = (
        counted_work(kinds, grade, column, cell_of(column), is_member=is_member)
        for column in columns
    )
    works = [work for work in found if work is not None]
    return compute_period(scheme, works, closing=closing)


def counted_work(
    kinds: Mapping[str, KindSpec],
    grade: int,
    column: Column,
    cell: Cell,
    *,
    is_member: Callable[[Column], bool] | None = None,
) -> Work | None:
    """Give what a cell is in the result of its period; None where it is nothing."""
    if column.status != "active" or not column.is_work:
        return None
    kind = kinds.get(column.kind)
    if kind is None or kind.input in {"none", "verbal"}:
        return None
    if cell.points is None and cell.code is None and is_member and not is_member(column):
        return None
    if cell is EMPTY and not kind.required and kind.per_lesson:
        return None
    return work_of(kind, cell, top_of(kind, column, grade))


def store(result: PeriodResult) -> Kept:
    """Turn a result into what its row keeps."""
    terms = tuple(
        None
        if term is None
        else StoredTerm(
            term.code,
            term.numerator,
            term.denominator,
            term.weight_numerator,
            term.weight_denominator,
            term.factor,
            term.count,
            str(term.points),
            str(term.max),
        )
        for term in result.terms
    )
    return Kept(
        raw=None if result.raw is None else str(result.raw),
        terms=terms or None,
        percent=result.percent,
        mark=result.mark,
        status="" if result.status == UNMARKED else result.status,
        provisional=result.provisional,
    )


def restore(scheme: GradingScheme, kept: Kept) -> PeriodResult:
    """Turn a row back into a result that can explain itself."""
    result = _bare(scheme, kept)
    return msgspec.structs.replace(result, terms=tuple(_term(term) for term in kept.terms or ()))


def _bare(scheme: GradingScheme, kept: Kept) -> PeriodResult:
    """Turn a row back into a result without its terms."""
    raw = None if kept.raw is None else _fraction(kept.raw)
    rounded: Exact | None = None
    hint: str | None = None
    if raw is not None:
        rounded = round_ratio(raw.numerator, raw.denominator, scheme.rounding)
        hint = plan_of(scheme).read(raw.numerator, raw.denominator, rounded)[0]
    return PeriodResult(
        raw=raw,
        rounded=rounded,
        percent=kept.percent,
        mark=kept.given or kept.mark,
        status="" if kept.given else kept.status,
        provisional=kept.provisional and not kept.given,
        hint=hint,
        set_by_teacher=bool(kept.given),
    )


def _term(term: StoredTerm | None) -> TermResult | None:
    if term is None:
        return None
    return TermResult(
        term.code,
        term.numerator,
        term.denominator,
        term.weight_numerator,
        term.weight_denominator,
        term.factor,
        term.count,
        _exact(term.points),
        _exact(term.max),
    )


def _exact(text: str) -> Exact:
    return _fraction(text) if "/" in text else int(text)


def _fraction(text: str) -> Fraction:
    """Read what ``str`` wrote of a fraction; its own reader takes any number, and its time."""
    top, _slash, bottom = text.partition("/")
    return Fraction(int(top), int(bottom or 1))


def told(
    code: str, version: int, kept: Kept, locale: Locale
) -> tuple[PeriodResult, explain.Explanation]:
    """Give a kept result with its explanation; the result itself comes without its terms."""
    scheme = scheme_of(code, version)
    result = _bare(scheme, kept)
    terms = kept.terms or (None,) * len(scheme.terms)
    # Whole results are as many as pupils; sums of points out of a maximum come again and again.
    parts = tuple([_part(code, version, n, term, locale) for n, term in enumerate(terms)])
    return result, explain.compose(scheme, result, parts, (locale, translations(locale).gettext))


@lru_cache(maxsize=16384)
def _part(
    code: str, version: int, place: int, term: StoredTerm | None, locale: Locale
) -> explain.TermPart:
    scheme = scheme_of(code, version)
    reader = (locale, translations(locale).gettext)
    return explain.part_of(scheme, scheme.terms[place], _term(term), reader)


def computed_view(
    scheme: GradingScheme, result: PeriodResult, locale: str, translate: Callable[[str], str]
) -> ComputedView:
    """Show a result in the columns of the journal."""
    if result.raw is None and result.mark is None and not result.status:
        return ComputedView([""] * len(scheme.terms), "", "", "", "")
    told = explain.explain(scheme, result, locale, translate)
    return ComputedView(
        cells=[part.contribution for part in told.parts],
        percent=told.raw,
        mark=told.mark,
        status=told.short,
        explain=told.text,
    )


def level_of(scheme: GradingScheme, mark: str | None) -> str:
    """Give the band in which a mark is shown: the best one, a failing one, or between; or none."""
    return "" if mark is None else _levels(scheme.code, scheme.version).get(mark, "")


@cache
def _levels(code: str, version: int) -> dict[str, str]:
    scheme = scheme_of(code, version)
    if len(scheme.scale) < _BANDS:
        return {}
    order = [s.mark for s in sorted(scheme.scale, key=lambda step: step.min, reverse=True)]
    passing = order.index(scheme.passing) if scheme.passing in order else len(order)
    bands = {mark: "l" if n > passing else "m" for n, mark in enumerate(order)}
    return bands | {order[0]: "h"}


@lru_cache(maxsize=4096)
def level_of_points(code: str, version: int, points: str, top: str) -> str:
    """Give the band of one work, as if it were all there is."""
    scheme = scheme_of(code, version)
    plan = plan_of(scheme)
    value = Fraction(points)
    if plan.factor != 1:
        value = value * plan.factor / Fraction(top)
    rounded = round_ratio(value.numerator, value.denominator, scheme.rounding)
    return level_of(scheme, plan.read(value.numerator, value.denominator, rounded)[0])
