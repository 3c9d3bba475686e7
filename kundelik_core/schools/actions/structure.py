"""Write what a school year rests on: its days and periods, its exceptions, its bells."""

from collections.abc import Iterable
from datetime import date
from typing import Final
from uuid import UUID

from kundelik_core.kernel.audit import Doer, audit
from kundelik_core.kernel.db import Tenant
from kundelik_core.kernel.ids import new_id
from kundelik_core.schools.actions.rows import upsert
from kundelik_core.schools.bells import BellSchedule, BellSet
from kundelik_core.schools.calendar import SchoolCalendar
from kundelik_core.schools.events import tell_closed
from kundelik_core.schools.tables import Bell, SchoolYear
from kundelik_core.schools.tables import BellSet as BellSetTable
from kundelik_core.schools.tables import CalendarException as ExceptionTable
from kundelik_core.schools.tables import Period as PeriodTable
from kundelik_core.schools.titles import Title

__all__ = ["add_exception", "close_period", "open_year", "reopen_period", "write_bells"]

# A day off that a holiday was moved to is a holiday to whoever reads the calendar.
_KINDS: Final = {"day_off": "holiday"}

ExceptionFacts = tuple[date, date, str, Title, str | None, int | None]


async def open_year(
    tx: Tenant, calendar: SchoolCalendar, periods: Iterable[str] | None = None
) -> None:
    """Write a school year with its periods, breaks and exceptions; what is there stays.

    ``periods`` are the codes that the school uses; without it quarters, half-years and the year.
    """
    wanted = None if periods is None else set(periods)
    await upsert(
        tx,
        SchoolYear,
        ("year", "begins", "ends", "week_days"),
        [(calendar.year, calendar.begins, calendar.ends, len(calendar.week_days))],
        key=("year",),
    )
    await upsert(
        tx,
        PeriodTable,
        ("year", "code", "begins", "ends", "state"),
        [
            (calendar.year, p.code, p.begins, p.ends, "open")
            for p in calendar.periods
            if (p.kind in {"quarter", "half_year", "year"} if wanted is None else p.code in wanted)
        ],
        key=("year", "code"),
        fixed=("state",),
    )
    await _write_exceptions(tx, [*_breaks(calendar), *_days(calendar)])


def _breaks(calendar: SchoolCalendar) -> list[ExceptionFacts]:
    return [(b.begins, b.ends, "break", b.title, _numbers(b.grades), None) for b in calendar.breaks]


def _days(calendar: SchoolCalendar) -> list[ExceptionFacts]:
    return [
        (e.day, e.day, _KINDS.get(e.kind, e.kind), e.title, _numbers(e.grades), e.like)
        for e in calendar.exceptions
    ]


def _numbers(values: Iterable[int]) -> str | None:
    return ",".join(map(str, values)) or None


async def _write_exceptions(tx: Tenant, facts: list[ExceptionFacts]) -> None:
    """Add the exceptions that are not there: they are told apart by days, kind and grades."""
    known = {
        (row["begins"], row["ends"], row["kind"], row["grades"])
        for row in await tx.fetch(
            "select x.begins, x.ends, x.kind, x.grades from core.calendar_exception x "
            "where x.school_id = $1",
            tx.school_id,
        )
    }
    await upsert(
        tx,
        ExceptionTable,
        ("id", "begins", "ends", "kind", "title_kk", "title_ru", "title_en", "grades", "taught_as"),
        [
            (new_id(), begins, ends, kind, title.kk, title.ru, title.en, grades, taught_as)
            for begins, ends, kind, title, grades, taught_as in facts
            if (begins, ends, kind, grades) not in known
        ],
    )


async def add_exception(
    tx: Tenant,
    doer: Doer,
    begins: date,
    ends: date,
    kind: str,
    title: Title,
    *,
    grades: Iterable[int] = (),
    taught_as: int | None = None,
) -> None:
    """Add a day of the school's own: ``holiday``, ``cancelled``, ``distance``, ``working``, ..."""
    narrowed = _numbers(grades)
    await _write_exceptions(tx, [(begins, ends, kind, title, narrowed, taught_as)])
    after = {"begins": begins, "ends": ends, "kind": kind, "grades": narrowed}
    await audit(tx, doer, "calendar.add", "calendar_exception", begins, after=after)


async def write_bells(tx: Tenant, bells: BellSchedule, locale: str) -> dict[str, UUID]:
    """Write the bell sets of a school, told apart by their codes; give their ids by code."""
    await upsert(
        tx,
        BellSetTable,
        ("id", "code", "title", "shift", "grades", "weekdays", "shortened"),
        [_bell_set(item, locale) for item in bells.sets],
        key=("code",),
        where="code is not null",
        fixed=("id",),
    )
    rows = await tx.fetch(
        "select b.code, b.id from core.bell_set b where b.school_id = $1 and b.code is not null",
        tx.school_id,
    )
    ids = {row["code"]: UUID(int=row["id"].int) for row in rows}
    await upsert(
        tx,
        Bell,
        ("bell_set_id", "slot", "begins", "ends"),
        [(ids[s.code], b.lesson, b.begins, b.ends) for s in bells.sets for b in s.bells],
        key=("bell_set_id", "slot"),
    )
    return ids


def _bell_set(item: BellSet, locale: str) -> tuple[object, ...]:
    return (
        new_id(),
        item.code,
        item.title.of(locale),
        item.shift,
        _numbers(item.grades),
        _numbers(item.weekdays),
        item.shortened,
    )


async def close_period(
    tx: Tenant, doer: Doer, year: int, code: str, *, reason: str | None = None
) -> bool:
    """Close a period, after which its marks change only by correction; False when it was closed."""
    closed = await tx.fetchval(
        "update core.period p set state = 'closed', closed_at = now(), closed_by = $4 "
        "where p.school_id = $1 and p.year = $2 and p.code = $3 and p.state = 'open' "
        "returning p.code",
        tx.school_id,
        year,
        code,
        doer.person,
    )
    if closed is None:
        return False
    await audit(tx, doer, "period.close", "period", f"{year}/{code}", reason=reason)
    await tell_closed(tx, doer.person, year, code)
    return True


async def reopen_period(tx: Tenant, doer: Doer, year: int, code: str, *, reason: str) -> bool:
    """Open a closed period again, for a reason that is kept; False when it was open."""
    opened = await tx.fetchval(
        "update core.period p set state = 'open', closed_at = null, closed_by = null "
        "where p.school_id = $1 and p.year = $2 and p.code = $3 and p.state = 'closed' "
        "returning p.code",
        tx.school_id,
        year,
        code,
    )
    if opened is None:
        return False
    await audit(tx, doer, "period.reopen", "period", f"{year}/{code}", reason=reason)
    return True
