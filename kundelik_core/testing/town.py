"""Make a school for a test: a class with its journal, and an account for every part in it."""

from collections.abc import Mapping
from datetime import date
from typing import Final
from uuid import UUID

import msgspec

from kundelik_core.sdk import Role
from kundelik_core.testing.factory import Factory, Journal

__all__ = ["BORN", "School", "Student", "make_school"]

SURNAMES: Final = ("Ахметова", "Бекова", "Әлиева", "Ғабитова", "Өмірова", "Іңкәрова")
BORN: Final = date(2015, 11, 24)


class Student(msgspec.Struct, frozen=True):
    """One pupil of the class."""

    id: UUID
    name: str


class School(msgspec.Struct, frozen=True, kw_only=True):
    """A school of a test: one class, its pupils, one group with lessons, somebody for each role.

    ``people`` are the ids of persons by role, ``accounts`` those who can sign in. The parent is the
    guardian of the first student; the first student is the one who can sign in as ``pupil``.
    """

    id: int
    class_id: UUID
    group_id: UUID
    lessons: tuple[UUID, ...]
    days: tuple[date, ...]
    students: tuple[Student, ...]
    people: Mapping[Role, UUID]
    accounts: Mapping[Role, UUID]


async def make_school(factory: Factory, *, students: int = 3, first: date | None = None) -> School:
    """Write a school whose lessons begin on ``first``."""
    school_id = await factory.school()
    journal = await factory.journal(
        school_id, pupils=0, lessons=6, first=first or date(2026, 11, 16)
    )
    pupils = [await _pupil(factory, journal, number) for number in range(max(students, 1))]
    people = await _staff(factory, journal)
    people["pupil"] = pupils[0].id
    accounts: dict[Role, UUID] = {}
    for role, person in people.items():
        accounts[role] = await factory.account(
            f"{role}-{school_id}", memberships=[(school_id, person, role)], name=role
        )
    await factory.child(accounts["parent"], school_id, people["parent"], pupils[0].id)
    return School(
        id=school_id,
        class_id=journal.school_class,
        group_id=journal.group,
        lessons=tuple(journal.lessons),
        days=tuple(journal.dates),
        students=tuple(pupils),
        people=people,
        accounts=accounts,
    )


async def _pupil(factory: Factory, journal: Journal, number: int) -> Student:
    surname = SURNAMES[number % len(SURNAMES)]
    given = f"Айша{number or ''}"
    person = await factory.person(
        journal.school_id, surname, given, role="pupil", sex="f", birth_date=BORN
    )
    begin = date(2026, 9, 1)
    for table, column, place in (
        ("class_pupil", "class_id", journal.school_class),
        ("group_pupil", "group_id", journal.group),
    ):
        await factory.tenant.execute(
            f"insert into core.{table} (school_id, {column}, pupil_id, from_date) "
            "values ($1, $2, $3, $4)",
            journal.school_id,
            place,
            person,
            begin,
        )
    return Student(person, f"{surname} {given}")


async def _staff(factory: Factory, journal: Journal) -> dict[Role, UUID]:
    """Write one person for each other role; the class gets its homeroom teacher."""
    school_id = journal.school_id
    people: dict[Role, UUID] = {"teacher": journal.teacher}
    roles: tuple[Role, ...] = (
        *("homeroom", "deputy", "director", "admin", "psychologist"),
        "parent",
    )
    for role in roles:
        people[role] = await factory.person(school_id, role.title(), "Гүлнар", role=role, sex="f")
    await factory.tenant.execute(
        "update core.school_class set homeroom_id = $3 where school_id = $1 and id = $2",
        school_id,
        journal.school_class,
        people["homeroom"],
    )
    return people
