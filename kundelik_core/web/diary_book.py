"""Draw a week once for a whole class, and put into it what is one child's own.

What a class shares (``drawn`` of a week) becomes a sheet with a place for the marks and one for the
remarks of every lesson, for the news, for the results. So thirty families cost one timetable, and a
mark that came since costs its own line.
"""

from collections.abc import Sequence
from datetime import date
from fractions import Fraction
from functools import lru_cache
from typing import Any, Final

import msgspec

from kundelik_core.gradebook.diary.model import DiaryGroup, DiaryMark, DiaryWeek
from kundelik_core.kernel.i18n import Locale, _, current_locale
from kundelik_core.web.diary_parts import mark_shown
from kundelik_core.web.diary_result import Line, line_of, macro, row_of
from kundelik_core.web.diary_sheet import CUT, Sheet, around, escaped, place, sheet_of
from kundelik_core.web.diary_view import (
    Reader,
    mean_of,
    news_context,
    result_plan,
    shared_context,
)
from kundelik_core.web.journal_titles import ABSENCES
from kundelik_core.web.render import environment
from kundelik_core.web.visit import Visit

__all__ = ["drawn_week"]

# Languages, readers and days: a week is looked at today, and perhaps tomorrow.
_MOST: Final = 12

Mark = tuple[str, int, str, str | None, str | None, str | None, bool, bool, str]
"""Scheme and its version, kind, points, code, maximum, whether own and new, and why."""


class _Drawn(msgspec.Struct, frozen=True):
    """A drawn week of a class."""

    sheet: Sheet
    title: bytes
    period: str
    results: list[Line]
    groups: dict[str, DiaryGroup]
    lessons: dict[tuple[str, date], str]
    """The first lesson of a group on a day, by its id."""


def drawn_week(
    visit: Visit, week: DiaryWeek, reader: Reader, context: dict[str, Any]
) -> bytes | None:
    """Return the page of a week; ``context`` is that of the child.

    None for a week without lessons, and when a mark has no lesson to stand at.
    """
    if not week.lessons:
        return None
    drawn = _drawn(week, reader)
    marks = _marks(drawn, week)
    if marks is None:
        return None
    child = context["child"]
    name = escaped(child["name"])
    alone = len(context["children"]) < 2
    base = f"/diary/{child['id']}"
    rows, mean = _results(drawn, week, base.encode())
    since = news_context(week, drawn.groups, reader.today, base) if reader.own else None
    main = drawn.sheet.filled(
        (
            *marks,
            ("base", base.encode()),
            ("child", child["id"].encode()),
            ("who", (name + b", " if alone else b"") + escaped(child["class_name"])),
            ("kids", b"" if alone else _draw("kids", context["children"], reader.theme)),
            ("news", _draw("news", since, reader.theme) if since else b""),
            ("period", escaped(mean_of(drawn.period, mean))),
            ("results", rows),
        )
    )
    return around(visit, main, name, drawn.title)


def _drawn(week: DiaryWeek, reader: Reader) -> _Drawn:
    """Give the drawn week of the class."""
    first = week.since is None
    locale = current_locale()
    key = (locale, week.grade, first, reader)
    found = week.drawn.get(key)
    if isinstance(found, _Drawn):
        return found
    context = shared_context(week, reader, str(place("base")))
    period, plan = result_plan(week, reader.sunday)
    results = [line_of(*where, locale) for where in plan]
    lessons: dict[tuple[str, date], str] = {}
    for lesson in week.lessons:
        lessons.setdefault((lesson.group, lesson.date), lesson.id)
    html = environment(locale, reader.theme).get_template("_week.html").render(
        {
            **context,
            "child": {"id": place("child"), "class_name": place("who")},
            "children": place("kids"),
            "since": place("news"),
            "state": None,
            "cut": CUT,
            "period": plan
            and {
                "title": place("period"),
                "href": f"{place('base')}/marks",
                "rows": [place("results")],
            },
        }
    )  # fmt: skip
    groups = {group.id: group for group in week.groups}
    title = escaped(context["week"]["title"])
    made = _Drawn(sheet_of(html), title, period, results, groups, lessons)
    if len(week.drawn) >= _MOST:
        week.drawn.clear()
    week.drawn[key] = made
    return made


def _marks(drawn: _Drawn, week: DiaryWeek) -> list[tuple[str, bytes]] | None:
    """Draw a child's marks, absences and remarks; None when one has no lesson to stand at."""
    marks: dict[str, list[Mark]] = {}
    remarks: dict[str, list[str]] = {}
    places = drawn.sheet.places
    for mark in week.marks:
        group = drawn.groups.get(mark.group)
        if group is None:
            continue
        lesson = mark.lesson or ""
        if f"+{lesson}" not in places:
            lesson = drawn.lessons.get((mark.group, mark.date), "")
            if not lesson:
                return None
        if mark.points is not None or mark.code is not None:
            marks.setdefault(lesson, []).append(_key(mark, group))
        if mark.comment:
            remarks.setdefault(lesson, []).append(mark.comment)
    absences, locale = dict(week.absences), current_locale()
    found = [
        (f"+{lesson}", _draw_marks(tuple(marks.get(lesson, ())), absences.get(lesson, ""), locale))
        for lesson in {**marks, **absences}
    ]
    for lesson, texts in remarks.items():
        shown = {"remarks": [{"text": text, "tone": ""} for text in texts]}
        found.append((f"!{lesson}", _draw("remarks_of", shown)))
    return found


def _key(mark: DiaryMark, group: DiaryGroup) -> Mark:
    own = mark.lesson == mark.work
    return (
        group.scheme_code, group.scheme_version, mark.kind, mark.points, mark.code, mark.max,
        own, mark.new, mark.title,
    )  # fmt: skip


def _results(drawn: _Drawn, week: DiaryWeek, base: bytes) -> tuple[bytes, list[Fraction | int]]:
    """Draw the results of the period, and say what they are worth."""
    kept = {(group, period): bytes(row) for group, period, row in week.results}
    rows, worths = [], []
    for line in drawn.results:
        row = row_of(line, kept.get((line.group.id, line.period), b""))
        if row.head:
            rows.append(row.head + base + row.tail)
            if row.worth is not None:
                worths.append(row.worth)
    return b"\n".join(rows), worths


def _draw(name: str, value: object, theme: str = "") -> bytes:
    return str(macro(name, current_locale(), theme)(value)).encode()


@lru_cache(maxsize=8192)
def _draw_marks(marks: Sequence[Mark], absence: str, locale: Locale) -> bytes:
    shown = [
        {**mark_shown(mark[:3], *mark[3:7], locale), "new": mark[7], "why": mark[8]}
        for mark in marks
    ]
    said = _(ABSENCES[absence]) if absence else ""
    return str(macro("marks_of", locale)({"marks": shown, "absence": said})).encode()
