"""Say which days a school teaches, and why it does not on the others.

The country publishes a template for each school year (`data/calendar`); a school adds its own
exceptions: days taught from home, days lost to frost, Saturdays worked off. Everything here is
pure: a calendar is a value, and a changed calendar is a new value.
"""

import datetime as dt
import tomllib
from collections.abc import Iterator
from functools import cache, cached_property
from importlib import resources
from typing import Literal

import msgspec

from kundelik_core.schools.titles import Title

PeriodKind = Literal["quarter", "half_year", "trimester", "semester", "year"]
ExceptionKind = Literal["holiday", "day_off", "cancelled", "distance", "working", "shortened"]
ReasonCode = Literal["outside_year", "holiday", "day_off", "cancelled", "break", "weekend"]

_WEEKEND = Title(kk="Демалыс күні", ru="Выходной день", en="Day off")
_OUTSIDE = Title(kk="Жазғы демалыс", ru="Летние каникулы", en="Summer holidays")


class Period(msgspec.Struct, frozen=True):
    """A stretch of the year that ends with marks: q1..q4, h1, h2, t1..t3, s1, s2, y."""

    code: str
    kind: PeriodKind
    begins: dt.date
    ends: dt.date
    title: Title

    def holds(self, day: dt.date) -> bool:
        """Whether the day lies within the period, both ends included."""
        return self.begins <= day <= self.ends


class Break(msgspec.Struct, frozen=True):
    """Days without lessons for everybody, or for some grades only."""

    code: str
    begins: dt.date
    ends: dt.date
    title: Title
    grades: tuple[int, ...] = ()


class Exam(msgspec.Struct, frozen=True):
    """The days on which the final examinations of some grades are held."""

    begins: dt.date
    ends: dt.date
    grades: tuple[int, ...]


class CalendarException(msgspec.Struct, frozen=True):
    """One day that is not like its weekday, for all grades or for some.

    `like` says which weekday's timetable a worked-off day follows (1 is Monday).
    """

    day: dt.date
    kind: ExceptionKind
    title: Title
    grades: tuple[int, ...] = ()
    like: int | None = None

    def concerns(self, grade: int | None) -> bool:
        """Whether it holds for the grade; without a grade, whether it holds for all."""
        return not self.grades or (grade is not None and grade in self.grades)


class Reason(msgspec.Struct, frozen=True):
    """Why a day has no lessons."""

    code: ReasonCode
    title: Title


class SchoolWeek(msgspec.Struct, frozen=True):
    """A calendar week in which lessons are held; `number` counts such weeks from one."""

    number: int
    monday: dt.date

    @property
    def sunday(self) -> dt.date:
        """The last day of the week."""
        return self.monday + dt.timedelta(days=6)

    @property
    def iso(self) -> str:
        """The week as addresses write it: 2026-W47."""
        return iso_week(self.monday)

    @property
    def cycle(self) -> Literal["A", "B"]:
        """Which of two alternating weeks it is; the first week of the year is A."""
        return "A" if self.number % 2 else "B"


class SchoolCalendar(msgspec.Struct, frozen=True, dict=True):
    """The school year of one school. `year` 2026 means 2026-27; weekdays count from Monday = 1."""

    year: int
    begins: dt.date
    ends: dt.date
    periods: tuple[Period, ...]
    breaks: tuple[Break, ...]
    exceptions: tuple[CalendarException, ...] = ()
    exams: tuple[Exam, ...] = ()
    week_days: tuple[int, ...] = (1, 2, 3, 4, 5)

    @cached_property
    def _by_day(self) -> dict[dt.date, tuple[CalendarException, ...]]:
        # What a school adds comes later in the list and outranks the country's template.
        found: dict[dt.date, tuple[CalendarException, ...]] = {}
        for item in self.exceptions:
            found[item.day] = (item, *found.get(item.day, ()))
        return found

    def exception_on(self, day: dt.date, grade: int | None = None) -> CalendarException | None:
        """The exception that decides about the day, if there is one."""
        return next((e for e in self._by_day.get(day, ()) if e.concerns(grade)), None)

    def why_not(self, day: dt.date, grade: int | None = None) -> Reason | None:
        """Why no lessons are held on the day; None when they are."""
        exception = self.exception_on(day, grade)
        if exception is not None:
            if exception.kind in ("holiday", "day_off", "cancelled"):
                return Reason(exception.kind, exception.title)
            if exception.kind == "working":
                return None
        if not self.begins <= day <= self.ends:
            return Reason("outside_year", _OUTSIDE)
        for item in self.breaks:
            if item.begins <= day <= item.ends and (not item.grades or grade in item.grades):
                return Reason("break", item.title)
        if day.isoweekday() not in self.week_days:
            return Reason("weekend", _WEEKEND)
        return None

    def is_teaching_day(self, day: dt.date, grade: int | None = None) -> bool:
        """Whether lessons are held; without a grade, whether they are held for the school."""
        return self.why_not(day, grade) is None

    def is_distance_day(self, day: dt.date, grade: int | None = None) -> bool:
        """Whether the day's lessons are held from home."""
        exception = self.exception_on(day, grade)
        return exception is not None and exception.kind == "distance"

    def timetable_weekday(self, day: dt.date, grade: int | None = None) -> int:
        """Whose weekday's timetable the day follows: its own, or that of a day worked off."""
        exception = self.exception_on(day, grade)
        if exception is not None and exception.like is not None:
            return exception.like
        return day.isoweekday()

    def timetables_on(self, day: dt.date) -> tuple[int, ...]:
        """The weekdays whose timetables may be taught on the day, by one grade or another."""
        likes = {e.like for e in self._by_day.get(day, ()) if e.like is not None}
        return tuple(sorted(likes | {day.isoweekday()}))

    def teaching_days(
        self, begin: dt.date, end: dt.date, grade: int | None = None
    ) -> Iterator[dt.date]:
        """The days with lessons from `begin` to `end`, both included."""
        for offset in range((end - begin).days + 1):
            day = begin + dt.timedelta(days=offset)
            if self.is_teaching_day(day, grade):
                yield day

    def period(self, code: str) -> Period | None:
        """The period with a code, such as q2."""
        return next((p for p in self.periods if p.code == code), None)

    def period_of(self, day: dt.date, kind: PeriodKind = "quarter") -> Period | None:
        """The period of a kind that the day lies in; None in the breaks between them."""
        return next((p for p in self.periods if p.kind == kind and p.holds(day)), None)

    def latest_period(self, day: dt.date, kind: PeriodKind = "quarter") -> Period | None:
        """The period the day lies in, or the last one before it, or the first of the year."""
        mine = [p for p in self.periods if p.kind == kind]
        begun = [p for p in mine if p.begins <= day]
        return begun[-1] if begun else next(iter(mine), None)

    @cached_property
    def weeks(self) -> tuple[SchoolWeek, ...]:
        """The weeks with lessons, in order; weeks that are all break are left out."""
        days = [*self.teaching_days(self.begins, self.ends)]
        # A day worked off after the last bell of May still belongs to a week of the year.
        days += [e.day for e in self.exceptions if e.kind == "working"]
        mondays = sorted({monday_of(day) for day in days})
        return tuple(SchoolWeek(n, monday) for n, monday in enumerate(mondays, 1))

    def week_of(self, day: dt.date) -> SchoolWeek | None:
        """The school week that holds the day; None in the breaks."""
        monday = monday_of(day)
        return next((w for w in self.weeks if w.monday == monday), None)

    def nearest_week(self, day: dt.date) -> SchoolWeek:
        """The week to open for somebody who comes on that day: this one, else the next one."""
        monday = monday_of(day)
        return next((w for w in self.weeks if w.monday >= monday), self.weeks[-1])

    def with_exceptions(self, *more: CalendarException) -> "SchoolCalendar":
        """The calendar of a school that adds days of its own to the template."""
        return msgspec.structs.replace(self, exceptions=(*self.exceptions, *more))


def monday_of(day: dt.date) -> dt.date:
    """The Monday of the week that holds the day."""
    return day - dt.timedelta(days=day.weekday())


def iso_week(day: dt.date) -> str:
    """The week of a day as addresses write it: 2026-W47."""
    year, week, _ = day.isocalendar()
    return f"{year}-W{week:02d}"


def parse_iso_week(text: str) -> dt.date | None:
    """The Monday of a week such as 2026-W47; None when there is no such week."""
    year, mark, week = text.partition("-W")
    if not (mark and year.isascii() and year.isdigit() and week.isascii() and week.isdigit()):
        return None
    try:
        return dt.date.fromisocalendar(int(year), int(week), 1)
    except ValueError:
        return None


def school_year_of(day: dt.date) -> int:
    """The school year a day is counted to: 2026 for 1 August 2026 to 31 July 2027."""
    return day.year if day.month >= 8 else day.year - 1


@cache
def load_national(year: int, country: str = "kz") -> SchoolCalendar:
    """The country's template for a school year; KeyError when none has been published yet."""
    name = f"{country}-{year}.toml"
    source = resources.files("kundelik_core.schools") / "data" / "calendar" / name
    if not source.is_file():
        raise KeyError(name)
    return msgspec.convert(tomllib.loads(source.read_text("utf-8")), SchoolCalendar)


def published_years(country: str = "kz") -> tuple[int, ...]:
    """The school years that have a template, oldest first."""
    folder = resources.files("kundelik_core.schools") / "data" / "calendar"
    names = [f.name for f in folder.iterdir() if f.name.startswith(f"{country}-")]
    return tuple(sorted(int(n.removeprefix(f"{country}-").removesuffix(".toml")) for n in names))
