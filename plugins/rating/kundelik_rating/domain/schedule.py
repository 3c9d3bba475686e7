"""Say on which days a group is published, and which days of a paid time had nothing to show."""

from collections.abc import Iterable
from datetime import date, timedelta
from typing import Final, Literal, TypeAlias

__all__ = ["Rhythm", "closing_day", "days_to_credit", "due_day", "publication_days"]

Rhythm: TypeAlias = Literal["week", "fortnight", "close"]
"""Every Monday, every other Monday, or only once the period is over."""

_STEPS: Final = {"week": timedelta(weeks=1), "fortnight": timedelta(weeks=2)}
_TO_CLOSE: Final = timedelta(days=3)  # marks of the last days are still written in by then
# A server may have stood still; a period that was over before the school began is left alone.
_LATEST: Final = timedelta(days=14)


def closing_day(last: date) -> date:
    """Return the day on which a period whose last day is ``last`` is published as it ended."""
    return last + _TO_CLOSE


def publication_days(first: date, last: date, rhythm: Rhythm) -> tuple[date, ...]:
    """Return the days of publication of a period, the closing day last.

    They are known beforehand and hang on no mark, so that a day itself says nothing.
    """
    days = []
    if rhythm != "close":
        # A whole week of lessons lies before the first one.
        day = first + timedelta(days=7 + (-first.weekday()) % 7)
        while day <= last:
            days.append(day)
            day += _STEPS[rhythm]
    return (*days, closing_day(last))


def due_day(first: date, last: date, rhythm: Rhythm, today: date) -> date | None:
    """Return the latest day of publication that has come; None before the first, and long after."""
    if today > closing_day(last) + _LATEST:
        return None
    return max((day for day in publication_days(first, last, rhythm) if day <= today), default=None)


def days_to_credit(start: date, end: date, shown: Iterable[tuple[date, date]]) -> int:
    """Return how many days of a paid time had nothing to show; every ``end`` is the day after.

    ``shown`` are the spans in which the family could see a snapshot of what it paid for.
    """
    empty = 0
    reached = start
    for since, until in sorted(shown):
        empty += max((min(since, end) - reached).days, 0)
        reached = max(reached, min(until, end))
    return empty + max((end - reached).days, 0)
