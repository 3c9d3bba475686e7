"""Tell whose birthday is near; years of birth never leave this module."""

import calendar
from collections.abc import Iterable
from datetime import date, timedelta

from kundelik_core.sdk import Student

__all__ = ["birthday_in", "coming", "next_birthday"]


def birthday_in(year: int, born: date) -> date:
    """Return the birthday in ``year``; 29 February falls on the 28th where there is none."""
    if (born.month, born.day) == (2, 29) and not calendar.isleap(year):
        return date(year, 2, 28)
    return born.replace(year=year)


def next_birthday(born: date, today: date) -> date:
    """Return the first birthday that is not before ``today``."""
    this_year = birthday_in(today.year, born)
    return this_year if this_year >= today else birthday_in(today.year + 1, born)


def coming(students: Iterable[Student], today: date, days: int) -> list[tuple[date, str]]:
    """Return (day, name) of the birthdays from today to so many ``days`` ahead.

    They come by day; within a day in the order of the class, which is the core's to know.
    """
    last = today + timedelta(days=days)
    found = (
        (next_birthday(student.birth_date, today), student.name)
        for student in students
        if student.birth_date is not None
    )
    return sorted((one for one in found if one[0] <= last), key=lambda one: one[0])
