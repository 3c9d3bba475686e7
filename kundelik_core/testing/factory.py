"""Make schools and what is in them, the short way, for tests with a database.

Rows are written by the owner role with the columns that matter; what the product's own actions
write is tested through those actions.
"""

import itertools
import os
from datetime import UTC, date, datetime, time, timedelta
from typing import Self
from uuid import UUID

import asyncpg
import msgspec

from kundelik_core.kernel.boot import Urls
from kundelik_core.kernel.ids import new_id
from kundelik_core.kernel.names import search_key, sort_key
from kundelik_core.kernel.wire import Connection

__all__ = ["NOW", "YEAR", "Factory", "Journal"]

NOW = datetime(2026, 11, 4, 8, 0, tzinfo=UTC)
YEAR = 2026
_numbers = itertools.count(1)


class Journal(msgspec.Struct, kw_only=True):
    """A teaching group with its pupils and lessons."""

    school_id: int
    group: UUID
    school_class: UUID
    teacher: UUID
    pupils: list[UUID]
    lessons: list[UUID]
    dates: list[date]


class Factory:
    """Writes to this worker's databases as the owner."""

    def __init__(self, tenant: Connection, directory: Connection) -> None:
        self.tenant = tenant
        self.directory = directory

    @classmethod
    async def open(cls, urls: Urls) -> Self:
        """Connect as the owner."""
        return cls(
            await asyncpg.connect(urls.migrate_tenant),
            await asyncpg.connect(urls.migrate_directory),
        )

    async def close(self) -> None:
        """Disconnect."""
        await self.tenant.close()
        await self.directory.close()

    async def _insert(self, table: str, **values: object) -> None:
        names = ", ".join(values)
        marks = ", ".join(f"${n}" for n in range(1, len(values) + 1))
        await self.tenant.execute(
            f"insert into core.{table} ({names}) values ({marks})",
            *values.values(),
        )

    async def school(self, *, locale: str = "kk", title: str = "№1 мектеп") -> int:
        """Make a school with the year 2026-27 and its four quarters, and return its id."""
        # Ids differ between workers too, so that a leak across schools cannot hide.
        school_id = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0")[2:]) * 100_000 + next(_numbers)
        await self._insert(
            "school", id=school_id, region="KZ-75", title_kk=title, title_ru=title, title_en=title,
            locale=locale, created_at=NOW,
        )  # fmt: skip
        await self._insert(
            "school_year",
            school_id=school_id,
            year=YEAR,
            begins=date(2026, 9, 1),
            ends=date(2027, 5, 25),
        )
        for code, begins, ends in (
            ("q1", date(2026, 9, 1), date(2026, 10, 25)),
            ("q2", date(2026, 11, 2), date(2026, 12, 27)),
            ("q3", date(2027, 1, 11), date(2027, 3, 21)),
            ("q4", date(2027, 3, 29), date(2027, 5, 25)),
            ("h1", date(2026, 9, 1), date(2026, 12, 27)),
            ("h2", date(2027, 1, 11), date(2027, 5, 25)),
            ("y", date(2026, 9, 1), date(2027, 5, 25)),
        ):
            await self._insert(
                "period", school_id=school_id, year=YEAR, code=code, begins=begins, ends=ends
            )
        return school_id

    async def person(
        self,
        school_id: int,
        surname: str = "Ахметов",
        given: str = "Арман",
        *,
        role: str | None = None,
        account_id: UUID | None = None,
        birth_date: date | None = None,
        sex: str = "m",
    ) -> UUID:
        """Make a person, with a membership when ``role`` is given."""
        person = new_id()
        name = f"{surname} {given}"
        await self._insert(
            "person", school_id=school_id, id=person, account_id=account_id, surname=surname,
            given=given, birth_date=birth_date, sex=sex, sort_key=sort_key(name),
            search_key=search_key(name), created_at=NOW, changed_at=NOW,
        )  # fmt: skip
        if role:
            await self._insert(
                "membership", school_id=school_id, id=new_id(), person_id=person, role=role,
                from_date=date(2026, 9, 1),
            )  # fmt: skip
        return person

    async def account(
        self, login: str, *, memberships: list[tuple[int, UUID, str]] | None = None,
        password_hash: str | None = None, name: str = "Тест",
    ) -> UUID:  # fmt: skip
        """Make an account with a login and its rows in the directory."""
        account = new_id()
        await self.directory.execute(
            "insert into directory.account (id, display_name, password_hash, created_at) values "
            "($1, $2, $3, $4)", account, name, password_hash, NOW,
        )  # fmt: skip
        await self.directory.execute(
            "insert into directory.login (login, account_id) values ($1, $2)", login, account
        )
        for school_id, person, role in memberships or []:
            await self.directory.execute(
                "insert into directory.account_school (account_id, school_id, person_id, "
                "role, from_date) values ($1, $2, $3, $4, $5)",
                account, school_id, person, role, date(2026, 9, 1),
            )  # fmt: skip
            await self.tenant.execute(
                "update core.person set account_id = $3 where school_id = $1 and id = $2",
                school_id, person, account,
            )  # fmt: skip
        return account

    async def child(
        self, account: UUID, school_id: int, guardian: UUID, pupil: UUID, given: str = "Айша"
    ) -> None:
        """Tie a pupil to a guardian, in the school and in the directory."""
        await self._insert(
            "guardianship", school_id=school_id, guardian_id=guardian, pupil_id=pupil,
            from_date=date(2026, 9, 1),
        )  # fmt: skip
        await self.directory.execute(
            "insert into directory.account_child "
            "(account_id, school_id, guardian_id, pupil_id, given_name, from_date) values ($1, $2, "
            "$3, $4, $5, $6)", account, school_id, guardian, pupil, given, date(2026, 9, 1),
        )  # fmt: skip

    async def journal(
        self, school_id: int, *, pupils: int = 3, lessons: int = 6, scheme: str = "kz-cba-2022",
        period_kind: str = "quarter", first: date = date(2026, 11, 2), letter: str = "А",
        subject: str = "math", grade: int = 5,
    ) -> Journal:  # fmt: skip
        """Make a class, its group with a teacher and pupils, and daily lessons from ``first``."""
        teacher = await self.person(school_id, "Оспанова", "Гүлнар", role="teacher", sex="f")
        school_class, group = new_id(), new_id()
        await self._insert(
            "school_class", school_id=school_id, id=school_class, year=YEAR, grade=grade,
            letter=f"{letter}{next(_numbers)}", language="kk",
        )  # fmt: skip
        subject_id = await self.tenant.fetchval(
            "select id from core.subject where school_id = $1 and code = $2", school_id, subject
        )
        if subject_id is None:
            subject_id = new_id()
            await self._insert(
                "subject", school_id=school_id, id=subject_id, code=subject, title_kk="Математика",
                title_ru="Математика", title_en="Mathematics",
            )  # fmt: skip
        await self._insert(
            "teaching_group", school_id=school_id, id=group, year=YEAR, subject_id=subject_id,
            title=f"{grade}{letter}", grade=grade, scheme_code=scheme, scheme_version=1,
            period_kind=period_kind,
        )  # fmt: skip
        await self._insert(
            "group_class", school_id=school_id, group_id=group, class_id=school_class
        )
        await self._insert(
            "group_teacher", school_id=school_id, group_id=group, teacher_id=teacher,
            from_date=date(2026, 9, 1),
        )  # fmt: skip
        made = Journal(
            school_id=school_id, group=group, school_class=school_class, teacher=teacher, pupils=[],
            lessons=[], dates=[],
        )  # fmt: skip
        for number in range(pupils):
            made.pupils.append(await self._pupil(made, number))
        await self._lessons(made, lessons, first)
        return made

    async def _pupil(self, journal: Journal, number: int) -> UUID:
        pupil = await self.person(
            journal.school_id, f"Оқушы{number:02}", "Айша", role="pupil", sex="f"
        )
        since = date(2026, 9, 1)
        await self._insert(
            "class_pupil", school_id=journal.school_id, class_id=journal.school_class,
            pupil_id=pupil, from_date=since,
        )  # fmt: skip
        await self._insert(
            "group_pupil", school_id=journal.school_id, group_id=journal.group, pupil_id=pupil,
            from_date=since,
        )  # fmt: skip
        return pupil

    async def _lessons(self, journal: Journal, many: int, first: date) -> None:
        day = first
        while len(journal.lessons) < many:
            if day.weekday() < 5:
                lesson = new_id()
                await self._insert(
                    "lesson", school_id=journal.school_id, id=lesson, group_id=journal.group,
                    date=day, slot=1, begins=time(8, 0), ends=time(8, 45),
                    teacher_id=journal.teacher,
                )  # fmt: skip
                journal.lessons.append(lesson)
                journal.dates.append(day)
            day += timedelta(days=1)
