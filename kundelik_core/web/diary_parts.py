"""Show one mark and one result as every page of a diary shows them."""

from fractions import Fraction
from functools import cache, lru_cache
from typing import Any

from kundelik_core.gradebook.cells import absence_shown
from kundelik_core.gradebook.diary.model import DiaryGroup, DiaryMark
from kundelik_core.gradebook.results import (
    Kept,
    kind_of,
    level_of,
    level_of_points,
    scheme_of,
    told,
)
from kundelik_core.gradebook.schemes.year import mark_value
from kundelik_core.kernel.i18n import Locale, _, current_locale
from kundelik_core.web.journal_titles import number, period_title

__all__ = ["mark_context", "mark_shown", "result_context", "result_row", "value_text", "worth"]

Context = dict[str, Any]


def value_text(points: str | None, code: str | None) -> str:
    """Return points or a code as people write them."""
    if points is not None:
        return number(points)
    return absence_shown(current_locale())[code] if code else ""


def mark_context(mark: DiaryMark, group: DiaryGroup) -> Context:
    """Return one mark as the diary shows it."""
    own = mark.lesson == mark.work
    shown = mark_shown(
        (group.scheme_code, group.scheme_version, mark.kind),
        mark.points,
        mark.code,
        mark.max,
        own,
        current_locale(),
    )
    return {**shown, "new": mark.new, "why": mark.title}


@lru_cache(maxsize=4096)
def mark_shown(
    where: tuple[str, int, str],
    points: str | None,
    code: str | None,
    most: str | None,
    own: bool,
    locale: Locale,
) -> dict[str, str]:
    """Return what a mark looks like wherever it stands: there are not many different ones."""
    scheme = scheme_of(*where[:2])
    kind = kind_of(scheme, where[2])
    level = {"pass": "m", "fail": "l"}.get(code or "", "")
    if points is not None:
        top = most or (kind and kind.max_for())
        level = level_of_points(*where[:2], points, str(top)) if top and scheme.terms else ""
    return {
        "label": "" if own or kind is None else kind.label.get(locale),
        "text": value_text(points, code),
        "of": number(most) if most and not own else "",
        "level": level,
    }


def worth(group: DiaryGroup, kept: Kept | None) -> Fraction | int | None:
    """Return what a result is worth in the mean of all subjects."""
    mark = kept and (kept.given or kept.mark)
    return _worth_of(group.scheme_code, group.scheme_version, mark) if mark else None


@cache
def _worth_of(code: str, version: int, mark: str) -> Fraction | int | None:
    scheme = scheme_of(code, version)
    if scheme.rating_metric == "none":
        return None
    try:
        value = mark_value(scheme, mark)
    except ValueError:
        return None
    return value.numerator if value.denominator == 1 else value


def result_row(
    group: DiaryGroup, period: str, kept: Kept | None, href: str, *, late: bool
) -> Context | None:
    """Return a result among others; one of a longer period says so until it has a mark."""
    row = result_context(group, period, kept, href)
    if row is not None and late and not row["mark"]:
        row["status"] = row["status"] or period_title(period)
    return row


def result_context(group: DiaryGroup, period: str, kept: Kept | None, href: str) -> Context | None:
    """Return one subject's result and how it came about; None where nothing is ever marked."""
    scheme = scheme_of(group.scheme_code, group.scheme_version)
    if scheme.marks_nothing:
        return None
    locale = current_locale()
    subject = group.subject.of(locale)
    if kept is None:
        return {
            "subject": subject, "percent": "", "mark": "", "level": "", "href": href,
            "status": _("no marks yet"), "steps": [], "explain": "", "period": period,
        }  # fmt: skip
    result, shown = told(group.scheme_code, group.scheme_version, kept, locale)
    percent = scheme.measure == "percent"
    return {
        "subject": subject,
        "percent": f"{shown.raw} %" if shown.raw and percent else shown.raw,
        "mark": shown.mark,
        "level": level_of(scheme, result.mark),
        "status": shown.status or ("" if shown.mark or shown.raw else _("no marks yet")),
        "steps": [
            {
                "label": part.label,
                "points": f"{part.points}/{part.max}" if percent else str(part.count),
                "value": part.contribution,
            }
            for part in shown.parts
            if part.count
        ],
        "explain": shown.text,
        "href": href,
        "period": period,
    }
