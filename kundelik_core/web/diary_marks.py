"""Lay out the marks of a year: all subjects by period, and one subject mark by mark."""

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from kundelik_core.gradebook.cells import decode
from kundelik_core.gradebook.diary.model import (
    DiaryGroup,
    DiaryMark,
    SubjectMark,
    SubjectYear,
    YearMarks,
)
from kundelik_core.gradebook.results import Kept, level_of, scheme_of, told
from kundelik_core.gradebook.schemes.entry import show_cell
from kundelik_core.gradebook.schemes.explain import mark_text, status_short
from kundelik_core.gradebook.schemes.year import PeriodMark, compute_year
from kundelik_core.kernel import clock
from kundelik_core.kernel.i18n import _, current_locale
from kundelik_core.web.diary_needed import needed_context
from kundelik_core.web.diary_parts import mark_context, result_context
from kundelik_core.web.journal_titles import ABSENCES, period_title, short_day

__all__ = ["subject_context", "year_context"]

Context = dict[str, Any]
_ZONE = ZoneInfo(clock.SCHOOL_ZONE)


def year_context(marks: YearMarks, base: str) -> Context:
    """Return what ``marks.html`` shows of all subjects."""
    letters = {group.period_kind[0] for group in marks.groups}
    # A half-year's mark stands under both of its quarters, as on a paper report card.
    halves = letters == {"q", "h"}
    codes = [p.code for p in marks.periods if p.code[0] in letters and p.code != "y"]
    columns = [code for code in codes if code[0] == "q"] if halves else codes
    kept = {(group, period): row for group, period, row in marks.results}
    rows: list[Context] = []
    for group in marks.groups:
        if scheme_of(group.scheme_code, group.scheme_version).marks_nothing:
            continue
        own = [code for code in codes if code[0] == group.period_kind[0]]
        shown = own if halves else columns
        cells = [_cell(group, kept.get((group.id, c)) if c in own else None) for c in shown]
        if halves and own and own[0][0] == "h":
            cells = [cell | {"span": 2} for cell in cells]
        cells.append(_year_cell(group, {code: kept.get((group.id, code)) for code in own}, kept))
        last = next((c for c in reversed(own) if (group.id, c) in kept), own[0] if own else "y")
        rows.append(
            {
                "subject": group.subject.of(current_locale()),
                "href": f"{base}/marks/{group.id}/{last}",
                "cells": cells,
            }
        )
    single = halves or len(letters) == 1
    heads = [code[1:] if single else period_title(code) for code in columns]
    return {
        "columns": [*heads, _("Year")],
        "rows": rows,
        "open": any(cell["open"] for row in rows for cell in row["cells"]),
        "subject": None,
        "slots": [],
    }


def _blank() -> Context:
    return {"text": "", "level": "", "why": "", "open": False, "span": 1}


def _cell(group: DiaryGroup, kept: Kept | None) -> Context:
    if kept is None:
        return _blank()
    scheme = scheme_of(group.scheme_code, group.scheme_version)
    result, shown = told(scheme.code, scheme.version, kept, current_locale())
    return _blank() | {
        "text": shown.mark or shown.short,
        "level": level_of(scheme, result.mark),
        "why": shown.text,
        "open": bool(shown.mark) and kept.provisional and not kept.given,
    }


def _year_cell(
    group: DiaryGroup,
    periods: dict[str, Kept | None],
    kept: dict[tuple[str, str], Kept],
) -> Context:
    """Return the year's mark: as it was set, else as it follows from the closed periods."""
    written = kept.get((group.id, "y"))
    if written is not None:
        return _cell(group, written)
    scheme = scheme_of(group.scheme_code, group.scheme_version)
    marks = [
        PeriodMark(
            code=code,
            mark=None if row is None else row.given or row.mark,
            percent=None if row is None else row.percent,
            status="" if row is None else row.status,
        )
        for code, row in periods.items()
    ]
    if not marks or any(mark.mark is None and not mark.status for mark in marks):
        return _blank()
    try:
        year = compute_year(scheme, marks)
    except ValueError:
        return _blank()
    text = mark_text(scheme, year.mark, current_locale())
    return _blank() | {
        "text": text or status_short(scheme, year.status, current_locale()),
        "level": level_of(scheme, year.mark),
        "why": " + ".join(mark.mark for mark in marks if mark.mark),
    }


def subject_context(found: SubjectYear, wanted: str, base: str) -> Context:
    """Return what ``marks.html`` shows of one subject; the wanted period comes first."""
    group = found.group
    assert group is not None
    kept = dict(found.results)
    periods = []
    for period in sorted(found.periods, key=lambda p: (p.code != wanted, p.begins)):
        marks = [mark for mark in found.marks if period.holds(mark.date)]
        if not marks and period.code not in kept:
            continue
        total = result_context(group, period.code, kept.get(period.code), "")
        periods.append(
            {
                "title": period_title(period.code),
                "total": total or {"mark": "", "level": "", "explain": ""},
                "needed": needed_context(found, group, period, kept.get(period.code)),
                "marks": [_mark(mark, group) for mark in marks],
            }
        )
    subject = {
        "title": group.subject.of(current_locale()),
        "back": f"{base}/marks",
        "periods": periods,
    }
    return {"columns": [], "rows": [], "subject": subject, "slots": []}


def _mark(mark: SubjectMark, group: DiaryGroup) -> Context:
    shown = mark_context(
        DiaryMark(
            work="", group=group.id, lesson=None, kind=mark.kind, date=mark.date,
            title=mark.title, max=mark.max, points=mark.points, code=mark.code,
            comment=mark.comment, new=False,
        ),
        group,
    )  # fmt: skip
    notes = [_change(*change) for change in mark.changes]
    if mark.absence:
        notes.insert(0, _(ABSENCES[mark.absence]))
    if mark.comment:
        notes.insert(0, mark.comment)
    return {
        "date": short_day(mark.date),
        "title": mark.title or mark.topic or "",
        "mark": shown,
        "history": "; ".join(notes),
    }


def _change(at: datetime, old: str, new: str, reason: str | None) -> str:
    locale = current_locale()
    day = short_day(at.astimezone(_ZONE).date())
    after = show_cell(decode(new), locale) or "—"
    text = f"{day}: {show_cell(decode(old), locale)} → {after}"
    return f"{text}, {reason}" if reason else text
