"""Which lessons and works may stand in a journal: days, maxima and how many of a kind.

Pure: the facts come from one query, the limits from the grading scheme.
"""

from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal, InvalidOperation
from typing import Final
from uuid import UUID

import msgspec

from kundelik_core.gradebook.access import Teaching
from kundelik_core.gradebook.journal.model import Period
from kundelik_core.gradebook.results import kind_of
from kundelik_core.gradebook.schemes.model import GradingScheme, KindSpec
from kundelik_core.kernel.errors import Problem
from kundelik_core.kernel.i18n import N_
from kundelik_core.schools.calendar import (
    Break,
    CalendarException,
    Reason,
    SchoolCalendar,
    load_national,
    published_years,
)
from kundelik_core.schools.titles import Title

__all__ = [
    "DayException",
    "Facts",
    "LessonOfDay",
    "Planned",
    "WorkSpec",
    "calendar_of",
    "check_day",
    "check_work",
    "kinds_to_add",
    "open_period",
    "parse_max",
]

_LONGEST_TITLE: Final = 120


class DayException(msgspec.Struct, array_like=True, frozen=True):
    """A row of the school's calendar: days that are not like their weekday."""

    begins: date
    ends: date
    kind: str
    kk: str
    ru: str
    en: str
    grades: str | None


class Planned(msgspec.Struct, array_like=True, frozen=True):
    """A work near the one that is planned: of the group, or of its classes on the same day."""

    id: UUID
    group: UUID
    kind: str
    date: date
    status: str
    highest: Decimal | None
    lesson: UUID | None = None


class LessonOfDay(msgspec.Struct, array_like=True, frozen=True):
    """A lesson of the group on the day."""

    id: UUID
    slot: int
    status: str


class WorkSpec(msgspec.Struct, frozen=True):
    """What a teacher says of a work."""

    kind: str
    title: str
    date: date
    max: str = ""


class Facts(msgspec.Struct, frozen=True):
    """What decides over a new lesson or work."""

    year: int
    grade: int
    scheme_code: str
    scheme_version: int
    begins: date
    ends: date
    week_days: int
    teachers: list[Teaching]
    homerooms: list[UUID]
    periods: list[Period]
    exceptions: list[DayException]
    lessons: list[LessonOfDay]
    works: list[Planned]
    bells: list[tuple[int, str, str]]


def calendar_of(facts: Facts) -> SchoolCalendar:
    """Put the school's calendar together; where it has none of its own, the country's holds."""
    week = tuple(range(1, facts.week_days + 1))
    if not facts.exceptions and facts.year in published_years():
        national = load_national(facts.year)
        return msgspec.structs.replace(
            national, begins=facts.begins, ends=facts.ends, week_days=week
        )
    breaks: list[Break] = []
    days: list[CalendarException] = []
    for item in facts.exceptions:
        title = Title(item.kk, item.ru, item.en)
        grades = tuple(int(g) for g in (item.grades or "").replace(",", " ").split() if g.isdigit())
        if item.kind == "break":
            breaks.append(Break("", item.begins, item.ends, title, grades))
            continue
        days += [
            CalendarException(item.begins + timedelta(days=n), item.kind, title, grades)  # type: ignore[arg-type]
            for n in range((item.ends - item.begins).days + 1)
        ]
    return SchoolCalendar(
        facts.year, facts.begins, facts.ends, (), tuple(breaks), tuple(days), week_days=week
    )


def check_day(facts: Facts, day: date, locale: str) -> Period:
    """Give the open period of a school day.

    Raises:
        Problem: no lessons are held on it, or its period is closed.
    """
    reason: Reason | None = calendar_of(facts).why_not(day, facts.grade)
    if reason is not None:
        raise Problem(
            "no-school-day",
            N_("No lessons on %(day)s: %(reason)s."),
            status=422,
            params={"day": day.strftime("%d.%m.%Y"), "reason": reason.title.of(locale)},
            field="date",
        )
    return open_period(facts, day)


def open_period(facts: Facts, day: date) -> Period:
    """Give the period of a day in which something may still change.

    Raises:
        Problem: there is none, or it is closed.
    """
    period = next((item for item in facts.periods if item.holds(day)), None)
    if period is None:
        raise Problem(
            "no-period", N_("This day lies in no marking period."), status=422, field="date"
        )
    if period.state != "open":
        raise Problem(
            "period-closed",
            N_("The period is closed. Its marks no longer change."),
            status=409,
            field="date",
        )
    return period


def kinds_to_add(scheme: GradingScheme) -> list[KindSpec]:
    """List the kinds of works that a teacher may plan."""
    return [kind for kind in scheme.kinds if not kind.per_lesson and kind.input != "none"]


def parse_max(kind: KindSpec, grade: int, text: str) -> Decimal | None:
    """Read the maximum of a work; None where the kind has its own.

    Raises:
        Problem: it is no number, or not one that the scheme allows.
    """
    known = kind.max_for(grade)
    if known is not None:
        if text and _number(text) != known:
            raise Problem(
                "max-fixed",
                N_("The maximum of this kind of work is always %(max)s."),
                status=422,
                params={"max": known},
                field="max",
            )
        return known
    value = _number(text)
    bounds = kind.max.per_work
    low = bounds.min if bounds else Decimal(1)
    high = bounds.max if bounds else Decimal(1000)
    if value is None or not low <= value <= high or value % kind.step:
        raise Problem(
            "max-out-of-range",
            N_("The maximum is a whole number from %(min)s to %(max)s."),
            status=422,
            params={"min": low, "max": high},
            field="max",
        )
    return value


def _number(text: str) -> Decimal | None:
    try:
        value = Decimal(text.strip().replace(",", "."))
    except InvalidOperation:
        return None
    return value if value.is_finite() else None


def check_work(
    scheme: GradingScheme, facts: Facts, group: UUID, spec: WorkSpec, *, own: UUID | None = None
) -> KindSpec:
    """Hold a planned work against the limits of its kind; ``own`` is the work that is edited.

    Raises:
        Problem: one of the limits does not allow it.
    """
    kind = kind_of(scheme, spec.kind)
    if kind is None or kind not in kinds_to_add(scheme):
        raise Problem(
            "unknown-kind",
            N_("The grading scheme does not know this kind of work."),
            status=422,
            field="kind",
        )
    if len(spec.title) > _LONGEST_TITLE:
        raise Problem(
            "title-too-long", N_("At most %(most)s characters."), status=422,
            params={"most": _LONGEST_TITLE}, field="title",
        )  # fmt: skip
    period = next(item for item in facts.periods if item.holds(spec.date))
    others = [work for work in facts.works if work.status == "active" and work.id != own]
    _check_count(kind, period, [work for work in others if work.group == group])
    _check_day_limits(kind, spec.date, group, others)
    if kind.limits.not_last_day and spec.date == _last_day(facts, period):
        raise Problem(
            "last-day",
            N_("Not on the last day of the period: plan this work earlier."),
            status=422,
            field="date",
        )
    return kind


def _check_count(kind: KindSpec, period: Period, own: Sequence[Planned]) -> None:
    most = kind.limits.per_period
    held = sum(1 for work in own if work.kind == kind.code and period.holds(work.date))
    if most is not None and held >= most:
        raise Problem(
            "too-many-works",
            N_("At most %(most)s works of this kind in a period; there are %(held)s already."),
            status=422,
            params={"most": most, "held": held},
            field="kind",
        )


def _check_day_limits(kind: KindSpec, day: date, group: UUID, others: Sequence[Planned]) -> None:
    same_day = [work for work in others if work.date == day]
    if any(work.group == group and work.kind in kind.limits.not_same_day_as for work in same_day):
        raise Problem(
            "same-day",
            N_("Another summative work of this subject is on the same day."),
            status=422,
            field="date",
        )
    most = kind.limits.per_class_day
    if most is not None and sum(1 for work in same_day if work.kind == kind.code) >= most:
        raise Problem(
            "class-day-full",
            N_("The class writes %(most)s such works on that day already."),
            status=422,
            params={"most": most},
            field="date",
        )


def _last_day(facts: Facts, period: Period) -> date:
    """Give the last day of a period on which lessons are held."""
    calendar = calendar_of(facts)
    day = period.ends
    while day > period.begins and not calendar.is_teaching_day(day, facts.grade):
        day -= timedelta(days=1)
    return day
