"""Read a school's own year and bells back into the values that the pure rules work with."""

import datetime as dt
from typing import cast

from kundelik_core.kernel.db import Tenant
from kundelik_core.schools.bells import Bell, BellSchedule, BellSet
from kundelik_core.schools.calendar import (
    Break,
    CalendarException,
    ExceptionKind,
    Period,
    PeriodKind,
    SchoolCalendar,
    load_national,
    published_years,
)
from kundelik_core.schools.titles import Title

__all__ = ["bell_schedule", "school_calendar"]

_KINDS: dict[str, PeriodKind] = {
    "q": "quarter", "h": "half_year", "t": "trimester", "s": "semester", "y": "year",
}  # fmt: skip


async def school_calendar(tx: Tenant, year: int) -> SchoolCalendar | None:
    """Give a school year with the school's own exceptions; None when it has no such year."""
    row = await tx.fetchrow(
        "select y.begins, y.ends, y.week_days from core.school_year y "
        "where y.school_id = $1 and y.year = $2",
        tx.school_id,
        year,
    )
    if row is None:
        return None
    national = load_national(year) if year in published_years() else None
    breaks, exceptions = await _exceptions(tx, year)
    return SchoolCalendar(
        year=year,
        begins=row["begins"],
        ends=row["ends"],
        periods=await _periods(tx, year, national),
        breaks=breaks,
        exceptions=exceptions,
        exams=national.exams if national else (),
        week_days=tuple(range(1, row["week_days"] + 1)),
    )


async def _periods(tx: Tenant, year: int, national: SchoolCalendar | None) -> tuple[Period, ...]:
    rows = await tx.fetch(
        "select p.code, p.begins, p.ends from core.period p "
        "where p.school_id = $1 and p.year = $2 order by p.begins, p.ends",
        tx.school_id,
        year,
    )
    found = []
    for row in rows:
        code = row["code"]
        known = national.period(code) if national else None
        # A period that the country does not have is called by its code.
        title = known.title if known else Title(code, code, code)
        found.append(Period(code, _KINDS[code[0]], row["begins"], row["ends"], title))
    return tuple(found)


async def _exceptions(
    tx: Tenant, year: int
) -> tuple[tuple[Break, ...], tuple[CalendarException, ...]]:
    rows = await tx.fetch(
        "select x.begins, x.ends, x.kind, x.title_kk, x.title_ru, x.title_en, x.grades, "
        "x.taught_as from core.calendar_exception x "
        "where x.school_id = $1 and x.begins < make_date($2::int + 1, 8, 1) "
        "and x.ends >= make_date($2::int, 8, 1) order by x.id",
        tx.school_id,
        year,
    )
    breaks: list[Break] = []
    days: list[CalendarException] = []
    for row in rows:
        title = Title(row["title_kk"], row["title_ru"], row["title_en"])
        grades = _numbers(row["grades"])
        if row["kind"] == "break":
            breaks.append(Break("", row["begins"], row["ends"], title, grades))
            continue
        kind = cast("ExceptionKind", row["kind"])
        for offset in range((row["ends"] - row["begins"]).days + 1):
            day = row["begins"] + dt.timedelta(days=offset)
            days.append(CalendarException(day, kind, title, grades, row["taught_as"]))
    return tuple(breaks), tuple(days)


async def bell_schedule(tx: Tenant) -> BellSchedule:
    """Give the bells of a school; a set without a code is called by its title."""
    rows = await tx.fetch(
        "select s.id, coalesce(s.code, s.title) as code, s.title, s.shift, s.grades, s.weekdays, "
        "s.shortened, b.slot, b.begins, b.ends from core.bell_set s "
        "join core.bell b on b.school_id = s.school_id and b.bell_set_id = s.id "
        "where s.school_id = $1 order by s.id, b.slot",
        tx.school_id,
    )
    sets: dict[object, BellSet] = {}
    bells: dict[object, list[Bell]] = {}
    for row in rows:
        bells.setdefault(row["id"], []).append(Bell(row["slot"], row["begins"], row["ends"]))
        title = Title(row["title"], row["title"], row["title"])
        sets[row["id"]] = BellSet(
            code=row["code"],
            title=title,
            bells=tuple(bells[row["id"]]),
            shift=row["shift"],
            grades=_numbers(row["grades"]),
            weekdays=_numbers(row["weekdays"]),
            shortened=row["shortened"],
        )
    return BellSchedule(tuple(sets.values()))


def _numbers(text: str | None) -> tuple[int, ...]:
    return tuple(map(int, text.split(","))) if text else ()
