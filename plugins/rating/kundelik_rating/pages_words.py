"""Say periods and dates as the pages do, in the reader's language."""

from collections.abc import Mapping
from datetime import date
from types import MappingProxyType
from typing import Final

__all__ = ["long_day", "period_title", "school_year"]

_YEAR_BEGINS: Final = 8  # the last days of August already belong to the year that comes
_ENGLISH: Final = (
    *("January", "February", "March", "April", "May", "June", "July"),
    *("August", "September", "October", "November", "December"),
)
_PERIODS: Final[Mapping[str, Mapping[str, str]]] = MappingProxyType(
    {
        "q": {"kk": "{n}-тоқсан", "ru": "{n} четверть", "en": "Quarter {n}"},
        "h": {"kk": "{n}-жартыжылдық", "ru": "{n} полугодие", "en": "Half-year {n}"},
        "t": {"kk": "{n}-триместр", "ru": "{n} триместр", "en": "Trimester {n}"},
        "s": {"kk": "{n}-семестр", "ru": "{n} семестр", "en": "Semester {n}"},
    }
)


def school_year(day: date) -> int:
    """Return the school year of a day: 2026 is the one from 2026 to 2027."""
    return day.year if day.month >= _YEAR_BEGINS else day.year - 1


def period_title(code: str, locale: str) -> str:
    """Return what a period is called; a code that nobody knows stands for itself."""
    words = _PERIODS.get(code[:1])
    if words is None or not code[1:].isdigit():
        return code
    return words.get(locale, words["kk"]).format(n=code[1:])


def long_day(day: date, locale: str) -> str:
    """Return a date with its year."""
    if locale == "en":
        return f"{day.day} {_ENGLISH[day.month - 1]} {day.year}"
    return f"{day:%d.%m.%Y}"
