"""Makes a computed number answer where it comes from, in the reader's language.

The parts are plain data for a page's own layout; the text is one line for a tooltip.
"""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from kundelik_core.gradebook.schemes.engine import PeriodResult, TermResult
from kundelik_core.gradebook.schemes.exact import Exact, fixed, fixed_ratio, localised, plain
from kundelik_core.gradebook.schemes.model import GradingScheme, Term
from kundelik_core.kernel.i18n import N_

Translate = Callable[[str], str]
Reader = tuple[str, Translate]
"""A language and its gettext."""


class TermPart(msgspec.Struct, frozen=True):
    """One term in words: its works' sums, its share and what it adds; empty without works."""

    code: str
    label: str
    points: str = ""
    max: str = ""
    count: int = 0
    ratio: str = ""
    weight: str = ""
    contribution: str = ""
    is_sum: bool = True
    text: str = ""
    """The term's share in the one line of text."""


class Explanation(msgspec.Struct, frozen=True):
    """A result taken apart, and the same as one line of text."""

    parts: tuple[TermPart, ...]
    raw: str
    percent: str
    mark: str
    status: str
    text: str
    short: str = ""
    """The status as it fits into a cell, like “n/a”."""


def explain(
    scheme: GradingScheme, result: PeriodResult, locale: str, translate: Translate
) -> Explanation:
    """Explain a period's result; `translate` is the reader's gettext."""
    parts = tuple(
        part_of(scheme, term, got, (locale, translate))
        for term, got in zip(scheme.terms, result.terms or [None] * len(scheme.terms), strict=True)
    )
    return compose(scheme, result, parts, (locale, translate))


def compose(
    scheme: GradingScheme, result: PeriodResult, parts: tuple[TermPart, ...], reader: Reader
) -> Explanation:
    """Put an explanation together from parts that are known already."""
    locale = reader[0]
    raw = "" if result.raw is None else _show(result.raw, scheme.display_digits, locale)
    percent = "" if result.rounded is None else localised(plain(result.rounded), locale)
    return Explanation(
        parts=parts,
        raw=raw,
        percent=percent,
        mark=mark_text(scheme, result.mark, locale),
        status=status_text(scheme, result.status, locale),
        text=_text(scheme, result, parts, (raw, percent), reader),
        short=status_short(scheme, result.status, locale),
    )


def cells(scheme: GradingScheme, result: PeriodResult, locale: str) -> list[str]:
    """Give the computed columns of a journal row: each term's contribution, empty without."""
    if not result.terms:
        return [""] * len(scheme.terms)
    digits = scheme.display_digits
    return [
        "" if term is None else _show(term.contribution, digits, locale) for term in result.terms
    ]


def percent_text(scheme: GradingScheme, result: PeriodResult, locale: str) -> str:
    """Give the period's value as a journal shows it, with the scheme's digits."""
    return "" if result.raw is None else _show(result.raw, scheme.display_digits, locale)


def mark_text(scheme: GradingScheme, mark: str | None, locale: str) -> str:
    """Give a mark as it is written: the scheme's own word for it, if it has one."""
    if mark is None:
        return ""
    step = scheme.step(mark)
    return step.label.get(locale) if step is not None and step.label is not None else mark


def status_text(scheme: GradingScheme, status: str, locale: str) -> str:
    """Give a status in words."""
    known = scheme.status(status) if status else None
    return known.label.get(locale) if known is not None else ""


def status_short(scheme: GradingScheme, status: str, locale: str) -> str:
    """Give a status as it is written into a cell of a sheet."""
    known = scheme.status(status) if status else None
    return known.short.get(locale) if known is not None else ""


def part_of(
    scheme: GradingScheme, term: Term, result: TermResult | None, reader: Reader
) -> TermPart:
    """Put one term into words."""
    locale, translate = reader
    label = term.label.get(locale)
    if result is None:
        return TermPart(term.code, label)
    # Whole numbers all the way: a diary takes fifteen results apart, and a fraction would be
    # reduced at every step.
    digits = scheme.display_digits
    percent = scheme.measure == "percent"
    share = result.numerator * (100 if percent else 1)
    weight, rest = divmod(100 * result.weight_numerator, result.weight_denominator)
    added = result.factor * result.weight_numerator * result.numerator
    part = TermPart(
        code=term.code,
        label=label,
        points=localised(plain(result.points), locale),
        max=localised(plain(result.max), locale),
        count=result.count,
        ratio=localised(fixed_ratio(share, result.denominator, digits), locale),
        weight=_show(result.weight, digits, locale) if rest else str(weight),
        contribution=localised(
            fixed_ratio(added, result.weight_denominator * result.denominator, digits), locale
        ),
        is_sum=result.numerator * result.max == result.points * result.denominator,
    )
    piece = _percent_piece if percent else _mean_piece
    return msgspec.structs.replace(part, text=piece(part, translate))


def _text(
    scheme: GradingScheme,
    result: PeriodResult,
    parts: tuple[TermPart, ...],
    shown: tuple[str, str],
    reader: Reader,
) -> str:
    locale, translate = reader
    raw, rounded = shown
    pieces = [part.text for part in parts if part.count]
    if not raw or not pieces:
        bare = _with_mark(scheme, result, locale) + _notes(result, translate)
        words = status_text(scheme, result.status, locale) or translate(N_("no marks yet"))
        return bare.removeprefix(" → ") or words
    percent = scheme.measure == "percent"
    text = "; ".join(pieces)
    if len(pieces) > 1:
        text += f"; Σ = {raw} %" if percent else f"; Σ = {raw}"
    if percent and rounded:
        text += f" → {rounded} %"
    return text + _with_mark(scheme, result, locale) + _notes(result, translate)


def _notes(result: PeriodResult, translate: Translate) -> str:
    """Say in brackets what kind of a mark it is."""
    notes = []
    if result.set_by_teacher:
        notes.append(N_("set by the teacher"))
    if result.mark is None and result.hint is not None:
        notes.append(N_("a hint"))
    if result.provisional and result.raw is not None:
        notes.append(N_("so far"))
    return "".join([f" ({translate(note)})" for note in notes])


def _percent_piece(part: TermPart, translate: Translate) -> str:
    """Show the sums behind a share, or say that it is a mean where sums do not give it."""
    if part.is_sum:
        what = f"{part.points}/{part.max}"
    else:
        what = translate(N_("mean, works: %(count)s")) % {"count": part.count}
    return f"{part.label} {what} → {part.ratio} % × {part.weight} = {part.contribution}"


def _mean_piece(part: TermPart, translate: Translate) -> str:
    works = translate(N_("works: %(count)s")) % {"count": part.count}
    return f"{part.label} {part.ratio} ({works})"


def _with_mark(scheme: GradingScheme, result: PeriodResult, locale: str) -> str:
    mark = result.mark if result.mark is not None else result.hint
    return f" → «{mark_text(scheme, mark, locale)}»" if mark is not None else ""


def _show(value: Exact, digits: int, locale: str) -> str:
    return localised(fixed(value, digits), locale)
