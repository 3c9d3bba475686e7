"""Read everything of a school that an import is compared with."""

from __future__ import annotations

import datetime as dt
from typing import TypeVar

import msgspec

from kundelik_core.kernel.db import Tenant
from kundelik_core.kernel.errors import Problem
from kundelik_core.kernel.i18n import N_
from kundelik_core.schools.calendar import load_national, published_years

from .apply_model import (
    KnownClass,
    KnownGroup,
    KnownPerson,
    KnownSubject,
    Place,
    Role,
    SchoolState,
    Tie,
)

__all__ = [
    "class_places",
    "earlier_run",
    "known_classes",
    "known_subjects",
    "no_year",
    "rows_of",
    "school_state",
]

T = TypeVar("T", bound=msgspec.Struct)


async def school_state(tx: Tenant, year: int) -> SchoolState:
    """Read people, classes, groups and ties of a school in a year.

    Raises:
        Problem: there is no such school, or the year is neither there nor published.
    """
    school = await tx.fetchrow(
        "select s.locale, s.title_kk, s.title_ru, s.title_en from core.school s where s.id = $1",
        tx.school_id,
    )
    if school is None:
        raise Problem(
            "no-school",
            N_("There is no school with the number %(school)s."),
            status=404,
            params={"school": tx.school_id},
        )
    row = await tx.fetchrow(
        "select y.begins, y.ends from core.school_year y where y.school_id = $1 and y.year = $2",
        tx.school_id,
        year,
    )
    if row is None and year not in published_years():
        raise no_year(year)
    begins, ends = (row["begins"], row["ends"]) if row else _national(year)
    state = SchoolState(
        school_id=tx.school_id,
        locale=school["locale"],
        titles=(school["title_kk"], school["title_ru"], school["title_en"]),
        begins=begins,
        ends=ends,
        has_year=row is not None,
    )
    await _people(tx, state)
    state.classes = await known_classes(tx, year)
    state.class_pupils = await class_places(tx, year)
    state.subjects = await known_subjects(tx)
    await _groups(tx, state, year)
    return state


def no_year(year: int) -> Problem:
    """Make the answer for a year that nothing is known of."""
    return Problem(
        "no-year",
        N_("The school year %(year)s is not open, and its calendar is not known yet."),
        status=422,
        params={"year": f"{year}/{year + 1}"},
    )


def _national(year: int) -> tuple[dt.date, dt.date]:
    calendar = load_national(year)
    return calendar.begins, calendar.ends


async def rows_of(kind: type[T], tx: Tenant, sql: str, *more: object) -> list[T]:
    """Read rows of the school, which is ``$1``, as ``kind``."""
    found = await tx.fetch(sql, tx.school_id, *more)
    return [msgspec.convert(dict(row), kind, strict=False) for row in found]


async def _people(tx: Tenant, state: SchoolState) -> None:
    state.people = await rows_of(
        KnownPerson,
        tx,
        "select p.id, p.account_id, p.surname, p.given, p.patronymic, p.birth_date, p.sex, "
        "p.phone, p.email, p.iin_hash, p.source, p.source_id, p.status "
        "from core.person p where p.school_id = $1 and p.status <> 'erased'",
    )
    state.roles = await rows_of(
        Role,
        tx,
        "select m.person_id, m.role, m.from_date, m.to_date from core.membership m "
        "where m.school_id = $1",
    )
    state.ties = await rows_of(
        Tie,
        tx,
        "select g.guardian_id, g.pupil_id, g.relation, g.from_date, g.to_date "
        "from core.guardianship g where g.school_id = $1",
    )


async def known_classes(tx: Tenant, year: int) -> list[KnownClass]:
    """Read the classes of a year."""
    return await rows_of(
        KnownClass,
        tx,
        "select c.id, c.grade, c.letter, c.language, c.shift, c.homeroom_id, c.source, c.source_id "
        "from core.school_class c where c.school_id = $1 and c.year = $2 "
        "order by c.grade, c.letter",
        year,
    )


async def class_places(tx: Tenant, year: int) -> list[Place]:
    """Read who was in which class of a year, and when."""
    return await rows_of(
        Place,
        tx,
        "select x.class_id as holder, x.pupil_id as person, x.from_date, x.to_date "
        "from core.class_pupil x "
        "join core.school_class c on c.school_id = x.school_id and c.id = x.class_id "
        "where x.school_id = $1 and c.year = $2 order by x.from_date",
        year,
    )


async def known_subjects(tx: Tenant) -> list[KnownSubject]:
    """Read the school's subjects."""
    return await rows_of(
        KnownSubject,
        tx,
        "select s.id, s.code, s.title_kk, s.title_ru, s.title_en "
        "from core.subject s where s.school_id = $1 order by s.position, s.code",
    )


async def _groups(tx: Tenant, state: SchoolState, year: int) -> None:
    state.groups = await rows_of(
        KnownGroup,
        tx,
        "select g.id, s.code as subject, g.title, g.source, g.source_id "
        "from core.teaching_group g "
        "join core.subject s on s.school_id = g.school_id and s.id = g.subject_id "
        "where g.school_id = $1 and g.year = $2",
        year,
    )
    state.group_pupils = await rows_of(
        Place,
        tx,
        "select x.group_id as holder, x.pupil_id as person, x.from_date, x.to_date "
        "from core.group_pupil x "
        "join core.teaching_group g on g.school_id = x.school_id and g.id = x.group_id "
        "where x.school_id = $1 and g.year = $2 order by x.from_date",
        year,
    )
    state.group_teachers = await rows_of(
        Place,
        tx,
        "select x.group_id as holder, x.teacher_id as person, x.from_date, x.to_date "
        "from core.group_teacher x "
        "join core.teaching_group g on g.school_id = x.school_id and g.id = x.group_id "
        "where x.school_id = $1 and g.year = $2 order by x.from_date",
        year,
    )
    pairs = await tx.fetch(
        "select x.group_id, x.class_id from core.group_class x "
        "join core.teaching_group g on g.school_id = x.school_id and g.id = x.group_id "
        "where x.school_id = $1 and g.year = $2",
        tx.school_id,
        year,
    )
    state.group_classes = [(row["group_id"], row["class_id"]) for row in pairs]


async def earlier_run(tx: Tenant, kind: str, file_hash: bytes) -> dt.datetime | None:
    """When the very same file was imported before; None when it was not."""
    found: dt.datetime | None = await tx.fetchval(
        "select max(r.at) from core.import_run r "
        "where r.school_id = $1 and r.kind = $2 and r.file_hash = $3",
        tx.school_id,
        kind,
        file_hash,
    )
    return found
