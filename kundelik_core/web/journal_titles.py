"""Name periods and days the way a journal and a diary name them."""

from datetime import date
from functools import cache
from typing import Final

from kundelik_core.kernel.i18n import N_, Locale, _, current_locale, day_month, weekday

__all__ = ["ABSENCES", "PASSES", "day_title", "number", "period_title", "short_day"]

_TITLES: Final = {
    "q": N_("Quarter %(n)s"),
    "h": N_("Half-year %(n)s"),
    "t": N_("Trimester %(n)s"),
    "s": N_("Semester %(n)s"),
    "y": N_("Year"),
}

ABSENCES: Final = {
    "absent_unexcused": N_("absent without a reason"),
    "absent_excused": N_("absent with a good reason"),
    "absent_ill": N_("ill"),
    "late": N_("late"),
}
PASSES: Final = (("pass", "+", N_("pass")), ("fail", "-", N_("fail")))


def period_title(code: str) -> str:
    """Return ``Quarter 2`` for ``q2``, in the language of this request."""
    return _(_TITLES[code[0]]) % {"n": code[1:]}


def short_day(day: date) -> str:
    """Return ``3.11``."""
    return f"{day.day}.{day.month}"


def day_title(day: date) -> str:
    """Return ``Tuesday, 3 November``, in the language of this request."""
    return _day_title(day, current_locale())


@cache
def _day_title(day: date, locale: Locale) -> str:
    name = weekday(day, locale, long=True)
    return f"{name[:1].upper()}{name[1:]}, {day_month(day, locale)}"


def number(text: str) -> str:
    """Put the decimal comma where the language wants one."""
    return text if current_locale() == "en" else text.replace(".", ",")
