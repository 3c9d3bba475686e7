"""Read everything of a school that a timetable is compared with."""

from __future__ import annotations

import datetime as dt
from typing import Final

import msgspec

from kundelik_core.kernel.db import Tenant, directory
from kundelik_core.schools.queries.structure import bell_schedule, school_calendar
from kundelik_core.schools.roster.apply_model import Place
from kundelik_core.schools.roster.apply_queries import (
    class_places,
    known_classes,
    known_subjects,
    no_year,
    rows_of,
)

from .model import GroupOfClass, KnownSlot, Staff, TimetableState

__all__ = ["read_slots", "staff_logins", "timetable_state"]

_GROUPS: Final = (
    "select g.id, s.code as subject, g.title, g.grade, g.source, g.source_id, "
    "(select coalesce(array_agg(x.class_id), '{}') from core.group_class x "
    "where x.school_id = $1 and x.group_id = g.id) as classes "
    "from core.teaching_group g "
    "join core.subject s on s.school_id = g.school_id and s.id = g.subject_id "
    "where g.school_id = $1 and g.year = $2 and g.status = 'active'"
)
_STAFF: Final = (
    "select p.id, p.surname, p.given, p.patronymic, p.account_id, "
    "bool_or(m.role = 'teacher') as teaches from core.person p "
    "join core.membership m on m.school_id = p.school_id and m.person_id = p.id "
    "where p.school_id = $1 and p.status = 'active' "
    "and m.role in ('teacher', 'homeroom', 'deputy', 'director', 'admin', 'psychologist') "
    "and (m.to_date is null or m.to_date >= $2) group by p.school_id, p.id"
)


async def timetable_state(tx: Tenant, year: int, today: dt.date) -> TimetableState:
    """Read classes, groups, the week and the staff of a school in a year.

    Raises:
        Problem: the school has no such year.
    """
    calendar = await school_calendar(tx, year)
    if calendar is None:
        raise no_year(year)
    locale = await tx.fetchval("select s.locale from core.school s where s.id = $1", tx.school_id)
    state = TimetableState(
        year=year, locale=locale, calendar=calendar, bells=await bell_schedule(tx)
    )
    state.closed_until = await tx.fetchval(
        "select max(p.ends) from core.period p where p.school_id = $1 and p.year = $2 "
        "and p.state <> 'open' and p.code <> 'y'",
        tx.school_id,
        year,
    )
    state.classes = await known_classes(tx, year)
    state.class_pupils = await class_places(tx, year)
    sexes = await tx.fetch(
        "select p.id, p.sex from core.person p where p.school_id = $1 and p.sex is not null "
        "and p.id = any($2::uuid[])",
        tx.school_id,
        list({place.person for place in state.class_pupils}),
    )
    state.sexes = {row["id"]: row["sex"] for row in sexes}
    state.group_teachers = await rows_of(
        Place,
        tx,
        "select x.group_id as holder, x.teacher_id as person, x.from_date, x.to_date "
        "from core.group_teacher x "
        "join core.teaching_group g on g.school_id = x.school_id and g.id = x.group_id "
        "where x.school_id = $1 and g.year = $2 and not x.substitute order by x.from_date",
        year,
    )
    state.groups = await rows_of(GroupOfClass, tx, _GROUPS, year)
    state.subjects = await known_subjects(tx)
    state.staff = await rows_of(Staff, tx, _STAFF, today)
    return state


async def read_slots(tx: Tenant, state: TimetableState, day: dt.date) -> None:
    """Read into ``state`` the lessons of the week that go on at a day or begin later."""
    state.slots = await rows_of(
        KnownSlot,
        tx,
        "select t.id, t.group_id, t.weekday, t.slot, t.week_cycle, t.room, t.teacher_id, "
        "t.from_date, t.to_date from core.timetable_slot t "
        "join core.teaching_group g on g.school_id = t.school_id and g.id = t.group_id "
        "where t.school_id = $1 and g.year = $2 "
        "and (t.to_date is null or t.to_date >= greatest($3, t.from_date)) "
        "order by t.from_date, t.id",
        state.year,
        day,
    )


async def staff_logins(staff: list[Staff]) -> list[Staff]:
    """The staff with their logins, which the directory knows."""
    accounts = [person.account_id for person in staff if person.account_id is not None]
    rows = await directory().fetch(
        "select l.account_id, l.login from directory.login l where l.account_id = any($1::uuid[])",
        accounts,
    )
    logins = {row["account_id"]: row["login"] for row in rows}
    return [
        msgspec.structs.replace(person, login=logins.get(person.account_id, "")) for person in staff
    ]
