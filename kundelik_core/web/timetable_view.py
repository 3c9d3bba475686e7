"""Lay a week of lessons out as a grid: days across, lessons down."""

from collections import Counter
from datetime import date, timedelta
from typing import Any, Final

from kundelik_core.kernel.i18n import N_, _, current_locale, date_range, weekday
from kundelik_core.kernel.names import short_name
from kundelik_core.schools.calendar import iso_week
from kundelik_core.schools.queries.timetable import Owner, TimetableLesson, TimetableWeek

__all__ = ["week_context"]

Context = dict[str, Any]
_FREE: Final = frozenset({"holiday", "break", "cancelled"})
_NOTES: Final = {
    "distance": N_("from home"),
    "shortened": N_("shortened"),
    "working": N_("working day"),
}


def week_context(
    found: TimetableWeek, owner: Owner, monday: date, today: date, path: str
) -> Context:
    """Return what ``timetable.html`` shows of a week that was read."""
    last = max([found.week_days, *(lesson.date.isoweekday() for lesson in found.lessons)])
    days = [monday + timedelta(days=n) for n in range(last)]
    return {
        "days": [_day(found, day, today) for day in days],
        "rows": _rows(found.lessons, days, owner),
        "state": None if found.lessons else _state(found, monday, owner),
        "span": date_range(monday, days[-1], current_locale()),
        "prev": f"{path}?week={iso_week(monday - timedelta(days=7))}",
        "next": f"{path}?week={iso_week(monday + timedelta(days=7))}",
    }


def _day(found: TimetableWeek, day: date, today: date) -> Context:
    locale = current_locale()
    note = ""
    for item in found.days_off:
        if item.holds(day):
            note = item.title.of(locale) if item.kind in _FREE else _(_NOTES.get(item.kind, ""))
    return {
        "title": weekday(day, locale, long=True),
        "short": f"{weekday(day, locale)} {day.day}",
        "now": day == today,
        "note": note,
    }


def _rows(lessons: list[TimetableLesson], days: list[date], owner: Owner) -> list[Context]:
    """Return the rows of the grid.

    A teacher of two shifts has two first lessons, so their rows are told apart by the clock too.
    """
    by_clock = owner == "teacher"

    def key(lesson: TimetableLesson) -> tuple[str, int]:
        return (lesson.begins if by_clock else "", lesson.slot)

    times: dict[tuple[str, int], Counter[str]] = {}
    cells: dict[tuple[tuple[str, int], date], list[Context]] = {}
    for lesson in lessons:
        times.setdefault(key(lesson), Counter())[f"{lesson.begins}–{lesson.ends}"] += 1
        cells.setdefault((key(lesson), lesson.date), []).append(_cell(lesson, owner))
    return [
        {
            "n": str(row[1]),
            "time": times[row].most_common(1)[0][0],
            "cells": [cells.get((row, day), []) for day in days],
        }
        for row in sorted(times)
    ]


def _cell(lesson: TimetableLesson, owner: Owner) -> Context:
    off = lesson.status == "cancelled"
    change = ""
    if off:
        change = _("Cancelled")
    elif not lesson.usual and lesson.teacher is not None:
        change = _("Substitution")
    teacher = short_name(lesson.surname, lesson.given or "") if lesson.surname else ""
    return {
        "subject": lesson.subject.of(current_locale()),
        "who": lesson.title if owner == "teacher" else teacher,
        "room": lesson.room,
        "href": f"/journal/{lesson.group}" if owner == "teacher" else "",
        "off": off,
        "change": change,
    }


def _state(found: TimetableWeek, monday: date, owner: Owner) -> Context:
    titles = [i.title.of(current_locale()) for i in found.days_off if i.kind in _FREE]
    saturday = monday + timedelta(days=5)
    whole = [
        i for i in found.days_off if i.kind in _FREE and i.holds(monday) and i.ends >= saturday
    ]
    title = whole[0].title.of(current_locale()) if whole else _("No lessons in this week")
    state = {"title": title, "text": "" if whole else ", ".join(titles), "href": "", "label": ""}
    # Whoever gives no lessons looks for those of a class.
    work = {"href": "/classes", "label": _("To the classes")}
    return state | work if owner == "teacher" else state
