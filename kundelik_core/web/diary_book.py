"""Draw the days of a week once for a whole class, and put one child's marks into them.

What a class shares (``drawn`` of a week) is turned into pieces with a place for the marks and one
for the remarks of every lesson. So thirty families cost one timetable, and a mark that came since
costs its own line.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from functools import lru_cache
from typing import Any, Final

import markupsafe
import msgspec

from kundelik_core.gradebook.diary.model import DiaryGroup, DiaryWeek
from kundelik_core.gradebook.results import Kept
from kundelik_core.kernel.i18n import Locale, _, current_locale
from kundelik_core.web.diary_parts import mark_context, result_row
from kundelik_core.web.journal_titles import ABSENCES
from kundelik_core.web.render import environment

__all__ = ["Book", "book_of", "drawn_result", "fill"]

# Stands in no text: PostgreSQL keeps none with it.
_CUT: Final = "\0"
# Languages times days: a week is looked at today, and perhaps tomorrow.
_MOST: Final = 6

Days = list[dict[str, Any]]
Mark = tuple[str, str, str, str, bool, str]
"""Label, text, maximum, level, whether it is new, and why."""


class Book(msgspec.Struct, frozen=True):
    """Drawn days: every second piece is a place, empty but for what is the child's own."""

    pieces: list[str]
    places: dict[str, int]
    lessons: dict[tuple[str, date], str]
    """The first lesson of a group on a day, by its id."""
    jump: bool
    """Whether today is in the week, and not its first day."""


def book_of(week: DiaryWeek, days: tuple[date, date], make: Callable[[], Days]) -> Book:
    """Give the drawn days of a week; ``days`` are its Monday and today, ``make`` lays it out."""
    grade = week.school_class.grade if week.school_class else None
    key = (current_locale(), *days, grade)
    found = week.drawn.get(key)
    if isinstance(found, Book):
        return found
    rows = make()
    text = environment(current_locale()).get_template("_book.html").render(days=rows, cut=_CUT)
    pieces = text.split(_CUT)
    places = {name: n for n, name in enumerate(pieces) if n % 2}
    lessons: dict[tuple[str, date], str] = {}
    for lesson in week.lessons:
        lessons.setdefault((lesson.group, lesson.date), lesson.id)
    for n in places.values():
        pieces[n] = ""
    made = Book(pieces, places, lessons, any(day["now"] for day in rows[1:]))
    if len(week.drawn) >= _MOST:
        week.drawn.clear()
    week.drawn[key] = made
    return made


def fill(
    book: Book, week: DiaryWeek, groups: Mapping[str, DiaryGroup]
) -> dict[str, markupsafe.Markup] | None:
    """Put a child's own into its places, up to the one of the news and after it.

    None when a mark has no lesson to stand at.
    """
    marks: dict[str, list[Mark]] = {}
    remarks: dict[str, list[str]] = {}
    for mark in week.marks:
        group = groups.get(mark.group)
        if group is None:
            continue
        lesson = mark.lesson or ""
        if f"+{lesson}" not in book.places:
            lesson = book.lessons.get((mark.group, mark.date), "")
            if not lesson:
                return None
        if mark.points is not None or mark.code is not None:
            shown = mark_context(mark, group)
            marks.setdefault(lesson, []).append(
                (shown["label"], shown["text"], shown["of"], shown["level"], mark.new, mark.title)
            )
        if mark.comment:
            remarks.setdefault(lesson, []).append(mark.comment)
    absences = dict(week.absences)
    locale, pieces, places = current_locale(), list(book.pieces), book.places
    for lesson in {**marks, **absences}:
        place = places.get(f"+{lesson}")
        if place is not None:
            own = tuple(marks.get(lesson, ()))
            pieces[place] = _draw_marks(own, absences.get(lesson, ""), locale)
    for lesson, texts in remarks.items():
        pieces[places[f"!{lesson}"]] = _draw_remarks(texts, locale)
    news = places.get("*", 0)
    # Made of pieces that the templates have escaped.
    before, after = "".join(pieces[:news]), "".join(pieces[news:])
    return {"before": markupsafe.Markup(before), "after": markupsafe.Markup(after)}  # noqa: S704


def _macro(name: str, locale: Locale) -> Any:  # noqa: ANN401 - Jinja's macros have no types
    return getattr(environment(locale).get_template("_diary.html").module, name)


@lru_cache(maxsize=8192)
def _draw_marks(marks: Sequence[Mark], absence: str, locale: Locale) -> str:
    shown = [
        {"label": label, "text": text, "of": of, "level": level, "new": new, "why": why}
        for label, text, of, level, new, why in marks
    ]
    said = _(ABSENCES[absence]) if absence else ""
    return str(_macro("marks_of", locale)({"marks": shown, "absence": said}))


def _draw_remarks(texts: list[str], locale: Locale) -> str:
    return str(
        _macro("remarks_of", locale)({"remarks": [{"text": text, "tone": ""} for text in texts]})
    )


@lru_cache(maxsize=8192)
def drawn_result(
    group: DiaryGroup, period: str, kept: Kept | None, href: str, late: bool, locale: Locale
) -> markupsafe.Markup | None:
    """Draw one subject's result: when a mark came, those of all other subjects are as before."""
    row = result_row(group, period, kept, href, late=late)
    if row is None:
        return None
    return markupsafe.Markup(_macro("result", locale)(row))  # noqa: S704 - escaped by the template
