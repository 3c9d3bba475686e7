"""Lay a journal out for its page: columns, rows of plain strings, the right-hand page.

A page has some twelve hundred cells, so a cell is a string and nothing more.
"""

from collections import Counter
from datetime import date
from functools import cache, lru_cache
from itertools import pairwise
from typing import Any, Final

import msgspec

from kundelik_core.gradebook.access import Right
from kundelik_core.gradebook.cells import absence_shown
from kundelik_core.gradebook.columns.rules import kinds_to_add
from kundelik_core.gradebook.journal.model import Group, JournalPage, Period, WorkRow
from kundelik_core.gradebook.results import Kept, kind_of, scheme_of, told
from kundelik_core.gradebook.schemes.model import GradingScheme, KindSpec
from kundelik_core.kernel.i18n import Locale, _, current_locale
from kundelik_core.kernel.names import sort_key
from kundelik_core.web.journal_titles import (
    ABSENCES,
    PASSES,
    day_title,
    number,
    period_title,
    short_day,
)

__all__ = ["journal_context", "list_context"]

_INPUTS: Final = {"points": "points", "mark": "points", "pass_fail": "pf"}
Context = dict[str, Any]
_kept: Final = msgspec.json.Decoder(Kept)


def journal_context(page: JournalPage, right: Right, today: date, account: str) -> Context:
    """Return what ``journal.html`` shows of a page that was read."""
    group, period = page.group, next(p for p in page.periods if p.code == page.period)
    assert group is not None
    scheme = scheme_of(group.scheme_code, group.scheme_version)
    lock = _lock(right, period, group)
    works = _works(page, scheme)
    columns = _columns(page, scheme, group, works, today)
    rows, flags = _rows(page, scheme, works)
    subject = group.subject.of(current_locale())
    return {
        "group": {"id": group.id, "title": f"{group.title} · {subject}"},
        "groups": [
            {
                "href": f"/journal/{other}",
                "label": f"{title} · {names.of(current_locale())}",
                "current": other == group.id,
            }
            for other, title, names in sorted(page.others, key=_by_class)
        ],
        "periods": [
            {
                "href": f"/journal/{group.id}/{item.code}",
                "label": period_title(item.code),
                "current": item.code == period.code,
            }
            for item in page.periods
        ],
        "period": {"code": period.code, "title": period_title(period.code)},
        "account": account,
        "lock": lock,
        "columns": columns,
        "computed": _computed_heads(scheme),
        "pupils": rows,
        "flags": flags,
        "lessons": _lessons(page, bool(lock)),
        "codes": _codes(current_locale()),
        "kinds": [] if lock else _kinds(scheme, group.grade),
        "slots": [],
    }


def _lock(right: Right, period: Period, group: Group) -> str:
    if right != "write":
        return _("You may read this journal. Only the teacher of the group writes in it.")
    if period.state != "open":
        return _("The period is closed. Its marks no longer change.")
    if group.status != "active":
        return _("This group is closed. Its marks no longer change.")
    return ""


def _works(page: JournalPage, scheme: GradingScheme) -> list[WorkRow]:
    """Return the columns beside the lessons' own, in the order of the scheme's kinds."""
    order = {kind.code: n for n, kind in enumerate(scheme.kinds)}
    found = [w for w in page.works if w.kind in order]
    return sorted(found, key=lambda w: (order[w.kind], w.date, w.position, w.id))


def _columns(
    page: JournalPage, scheme: GradingScheme, group: Group, works: list[WorkRow], today: date
) -> list[Context]:
    kind = scheme.lesson_kind
    past = [lesson.id for lesson in page.lessons if lesson.date <= today]
    now = past[-1] if past else ""
    columns: list[Context] = []
    if kind is not None:
        base = _head(kind, group.grade, None)
        cancelled = _("This lesson was cancelled and takes no marks.")
        lesson_title = _("%(day)s, lesson %(n)s")
        for lesson in page.lessons:
            off = lesson.status == "cancelled"
            columns.append(
                base
                | {
                    "id": lesson.id,
                    "label": short_day(lesson.date),
                    "title": lesson_title % {"day": day_title(lesson.date), "n": lesson.slot},
                    "date": lesson.date.isoformat(),
                    "lesson": lesson.id,
                    "work": False,
                    "now": lesson.id == now,
                    "lock": "closed" if off else "",
                    "why": cancelled if off else "",
                }
            )
    columns += _work_columns(scheme, group, works)
    return columns


def _work_columns(scheme: GradingScheme, group: Group, works: list[WorkRow]) -> list[Context]:
    counts = Counter(work.kind for work in works)
    numbers: Counter[str] = Counter()
    found: list[Context] = []
    for work in works:
        kind = kind_of(scheme, work.kind)
        assert kind is not None
        numbers[work.kind] += 1
        label = kind.label.get(current_locale())
        if counts[work.kind] > 1 or kind.limits.per_period != 1:
            label += str(numbers[work.kind])
        found.append(
            _head(kind, group.grade, work.max)
            | {
                "id": work.id,
                "label": label,
                "title": work.title or f"{label}, {day_title(work.date)}",
                "date": work.date.isoformat(),
                "lesson": "",
                "work": True,
                "now": False,
                "lock": "",
                "why": "",
            }
        )
    return found


def _head(kind: KindSpec, grade: int, top: str | None) -> Context:
    most = top if top is not None else str(kind.max_for(grade) or "")
    return {
        "kind": kind.code,
        "input": _INPUTS.get(kind.input, "none"),
        "max": most,
        "min": str(kind.lowest),
        "step": str(kind.step),
    }


def _rows(
    page: JournalPage, scheme: GradingScheme, works: list[WorkRow]
) -> tuple[list[Context], str]:
    locale = current_locale()
    column_at: dict[str, int] = {}
    if scheme.lesson_kind is not None:
        column_at = {lesson.id: n for n, lesson in enumerate(page.lessons)}
    beside: dict[str, list[int]] = {}
    for n, work in enumerate(works, len(column_at)):
        column_at[work.id] = n
        if work.lesson is not None:
            beside.setdefault(work.lesson, []).append(n)
    left = _pupils(page)
    pupil_at = {pupil: n for n, pupil in enumerate(left)}
    cells = [[""] * len(column_at) for _pupil in left]
    letters = absence_shown(locale)
    flags = _put_marks(page, cells, pupil_at, [column_at.get(work.id) for work in page.works])
    for lesson, pupil, code in page.absences:
        row = pupil_at.get(pupil)
        if row is None:
            continue
        letter = letters[code]
        if lesson in column_at:
            shown = cells[row][column_at[lesson]]
            cells[row][column_at[lesson]] = f"{shown} {letter}" if shown else letter
        for column in beside.get(lesson, ()):
            cells[row][column] = cells[row][column] or letter
    ends = _computed_rows(page, scheme, locale)
    blank = ([""] * (len(scheme.terms) + 2 if scheme.terms else 0), "")
    rows = []
    for n, (pupil, (name, gone)) in enumerate(left.items()):
        computed, why = ends.get(pupil, blank)
        rows.append(
            {
                "id": pupil, "n": str(n + 1), "name": name, "gone": gone,
                "cells": cells[n], "computed": computed, "why": why,
            }
        )  # fmt: skip
    return rows, " ".join(flags)


def _put_marks(
    page: JournalPage,
    cells: list[list[str]],
    pupil_at: dict[str, int],
    places: list[int | None],
) -> list[str]:
    """Write the marks into the cells; return where a comment is: ``row.columnc``."""
    locale = current_locale()
    letters, comma = absence_shown(locale), locale != "en"
    flags: list[str] = []
    for marks in page.marks:
        row = pupil_at.get(marks.pupil)
        if row is None:
            continue
        line = cells[row]
        for n, value in zip(marks.works, marks.values, strict=True):
            column = places[n]
            if column is not None and value is not None:
                shown = letters.get(value) or (value.replace(".", ",") if comma else value)
                line[column] = shown
        noted = (places[n] for n in marks.noted or ())
        flags += [f"{row}.{column}c" for column in noted if column is not None]
    return flags


def _pupils(page: JournalPage) -> dict[str, tuple[str, str]]:
    """Return name and leaving note by pupil; who came back has no note."""
    period = next(p for p in page.periods if p.code == page.period)
    found: dict[str, tuple[str, str]] = {}
    for pupil in page.pupils:
        left = pupil.ends is not None and pupil.ends < period.ends
        note = _("left %(day)s") % {"day": short_day(pupil.ends)} if left and pupil.ends else ""
        found[pupil.id] = (f"{pupil.surname} {pupil.given}", note)
    return found


def _computed_rows(
    page: JournalPage, scheme: GradingScheme, locale: Locale
) -> dict[str, tuple[list[str], str]]:
    if not scheme.terms:
        return {}
    found = {
        pupil: _end(scheme.code, scheme.version, bytes(kept), locale)
        for pupil, kept in page.results
    }
    return {pupil: end for pupil, end in found.items() if end is not None}


@lru_cache(maxsize=8192)
def _end(code: str, version: int, kept: bytes, locale: Locale) -> tuple[list[str], str] | None:
    """Return the computed end of a row and how it came about: a journal is opened many times."""
    result, shown = told(code, version, _kept.decode(kept), locale)
    if result.raw is None and result.mark is None and not result.status:
        return None
    parts = [part.contribution for part in shown.parts]
    return [*parts, shown.raw, shown.mark or shown.short], shown.text


def _computed_heads(scheme: GradingScheme) -> list[Context]:
    if not scheme.terms:
        return []
    locale = current_locale()
    percent = scheme.measure == "percent"
    return [
        *({"label": t.label.get(locale), "title": t.label.get(locale)} for t in scheme.terms),
        {"label": "%", "title": _("Percent of the period")}
        if percent
        else {"label": "x̄", "title": _("Mean of the period")},
        {"label": _("mark"), "title": _("Mark of the period")},
    ]


def _lessons(page: JournalPage, locked: bool) -> list[Context]:
    """Return the right-hand page; homework is shown where it was given, one lesson earlier."""
    held = [lesson for lesson in page.lessons if lesson.status != "cancelled"]
    due = {a.id: b.homework for a, b in pairwise(held)}
    if held and page.after is not None:
        due[held[-1].id] = page.after.homework
    return [
        {
            "id": lesson.id,
            "date": short_day(lesson.date),
            "title": day_title(lesson.date),
            "topic": lesson.topic,
            "homework": due.get(lesson.id, ""),
            "lock": "1" if locked or lesson.status == "cancelled" else "",
        }
        for lesson in page.lessons
    ]


@cache
def _codes(locale: Locale) -> list[Context]:
    def letters(code: str) -> str:
        shown = (absence_shown(name)[code] for name in (locale, "ru", "kk", "en"))
        return " ".join(dict.fromkeys(shown))

    return [
        {
            "letter": absence_shown(locale)[code],
            "letters": letters(code),
            "label": _(label),
            "kind": "absence",
        }
        for code, label in ABSENCES.items()
    ] + [
        {
            "letter": absence_shown(locale)[code],
            "letters": f"{sign} {letters(code)}",
            "label": _(label),
            "kind": "pf",
        }
        for code, sign, label in PASSES
    ]


def _kinds(scheme: GradingScheme, grade: int) -> list[Context]:
    found: list[Context] = []
    for kind in kinds_to_add(scheme):
        known = kind.max_for(grade)
        bounds = kind.max.per_work
        most = str(known) if known is not None else str(bounds.max) if bounds else ""
        found.append(
            {"value": kind.code, "label": kind.label.get(current_locale()), "max": number(most)}
        )
    return found


def _by_class(other: tuple[str, str, object]) -> tuple[int, str]:
    """Order groups by grade, and the letters of a grade as the Kazakh alphabet goes."""
    grade = other[1].partition(" ")[0]
    return (int(grade) if grade.isdecimal() else 0, sort_key(other[1]))


def list_context(blocks: dict[str, list[Context]], own: list[Context], everyone: bool) -> Context:
    """Return what ``journal_list.html`` shows; those of a whole school come close together."""
    shown = [{"title": title, "groups": groups} for title, groups in blocks.items()]
    return {
        "title": _("Journals of the school") if everyone else _("Your journals"),
        "own": own,
        "close": everyone,
        "blocks": shown,
    }
