"""What follows from the periods: the year's mark, the final mark after an exam, extra work."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import Literal

import msgspec

from kundelik_core.gradebook.schemes.engine import NOT_ASSESSED
from kundelik_core.gradebook.schemes.exact import Exact, round_ratio
from kundelik_core.gradebook.schemes.model import FinalRule, GradingScheme, Rounding
from kundelik_core.gradebook.schemes.plan import plan_of


class PeriodMark(msgspec.Struct, frozen=True):
    """A closed period as the year sees it."""

    code: str
    mark: str | None
    percent: Exact | None = None
    status: str = ""


class YearResult(msgspec.Struct, frozen=True):
    """A year's exact mean, its rounded form and mark; provisional while periods are blank."""

    raw: Fraction | None = None
    rounded: Exact | None = None
    mark: str | None = None
    status: str = ""
    provisional: bool = False


class FinalResult(msgspec.Struct, frozen=True):
    """The final mark with the exact value behind it."""

    raw: Fraction
    mark: str


def mark_value(scheme: GradingScheme, mark: str) -> Fraction:
    """Give what a mark is worth in a mean of marks; ValueError when it is worth nothing."""
    step = scheme.step(mark)
    if step is not None and step.value is not None:
        return Fraction(step.value)
    return Fraction(mark)


def is_failing(scheme: GradingScheme, mark: str) -> bool:
    """Tell whether a mark lies below the scheme's passing one."""
    return bool(scheme.passing) and mark_value(scheme, mark) < mark_value(scheme, scheme.passing)


def compute_year(scheme: GradingScheme, periods: Sequence[PeriodMark]) -> YearResult:
    """Compute the year: the (weighted) mean of the periods' marks or percents, rounded once.

    Periods with a status that the scheme skips do not count; one that blocks hands its status
    to the year; blank ones make the year provisional.
    """
    rule = scheme.year
    if rule.source == "none":
        return YearResult(status="none")
    total, whole, counted, blank = Fraction(0), Fraction(0), 0, False
    for period in periods:
        status = scheme.status(period.status) if period.status else None
        if status is not None and status.year_effect == "block":
            return YearResult(status=period.status)
        if status is not None and status.year_effect == "skip":
            continue
        value = _worth(scheme, period)
        if value is None:
            blank = True
            continue
        weight = Fraction(rule.weights.get(period.code, 1))
        total += weight * value
        whole += weight
        counted += 1
    if not whole or counted < rule.min_periods:
        return YearResult(status="" if blank else NOT_ASSESSED, provisional=blank)
    raw = total / whole
    rounded = _round(raw, rule.rounding)
    if rule.source == "percents":
        mark, status_code = plan_of(scheme).read(raw.numerator, raw.denominator, rounded)
    else:
        mark = _mark_at(scheme, rounded)
        step = scheme.step(mark)
        status_code = step.status if step is not None else ""
    return YearResult(raw, rounded, mark, status_code, provisional=blank)


def compute_final(
    scheme: GradingScheme,
    periods: Sequence[PeriodMark],
    exam: str,
    *,
    year_rounded_first: bool | None = None,
) -> FinalResult:
    """Compute the final mark of a subject with an exam; ValueError where there can be none."""
    rule = scheme.final
    year = compute_year(scheme, periods)
    if rule is None or year.raw is None or year.mark is None or scheme.year.source != "marks":
        raise ValueError("no final mark: the scheme has no exam rule or the year has no mark")
    rounded_first = rule.year_rounded_first if year_rounded_first is None else year_rounded_first
    year_value = mark_value(scheme, year.mark) if rounded_first else year.raw
    shares = rule.weights
    whole = Fraction(shares.year + shares.exam)
    raw = (
        Fraction(shares.year) * year_value + Fraction(shares.exam) * mark_value(scheme, exam)
    ) / whole
    return FinalResult(raw, _mark_at(scheme, _round(raw, rule.rounding)))


def exam_is_held(rule: FinalRule | None, grade: int, subject_code: str) -> bool:
    """Tell whether a scheme foresees a final exam for a grade and subject."""
    if rule is None or (rule.grades and grade not in rule.grades):
        return False
    return not rule.subject_codes or subject_code in rule.subject_codes


def after_failed_year(
    scheme: GradingScheme, failed_subjects: int
) -> Literal["none", "extra_work", "repeat"]:
    """Say what follows when a pupil failed the year in so many subjects."""
    if failed_subjects == 0 or scheme.remedial is None:
        return "none"
    return "extra_work" if failed_subjects <= scheme.remedial.max_failed else "repeat"


def compute_remedial(scheme: GradingScheme, year: str, extra: str) -> str:
    """Give the mark that follows from a failed year's mark and the extra work."""
    if scheme.remedial is None:
        raise ValueError("the scheme has no extra work")
    raw = (mark_value(scheme, year) + mark_value(scheme, extra)) / 2
    return _mark_at(scheme, _round(raw, scheme.remedial.rounding))


def _worth(scheme: GradingScheme, period: PeriodMark) -> Fraction | None:
    if scheme.year.source == "percents":
        return None if period.percent is None else Fraction(period.percent)
    return None if period.mark is None else mark_value(scheme, period.mark)


def _round(raw: Fraction, rounding: Rounding) -> Exact:
    return round_ratio(raw.numerator, raw.denominator, rounding)


def _mark_at(scheme: GradingScheme, value: Exact) -> str:
    """Give the highest mark worth no more than a value, or the lowest mark there is."""
    if scheme.mark_from == "value":
        return str(value)
    worths = sorted((mark_value(scheme, step.mark), step.mark) for step in scheme.scale)
    fitting = [mark for worth, mark in worths if worth <= value]
    return fitting[-1] if fitting else worths[0][1]
