"""Write a made-up school with a year of journals and everybody's accounts into an installation."""

import itertools
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from datetime import date
from typing import Literal
from uuid import UUID

import msgspec

from kundelik_core.cli.filler import Filler, is_over
from kundelik_core.cli.install import owner
from kundelik_core.gradebook.bulk import write_cells, write_results, write_works
from kundelik_core.gradebook.schemes.catalogue import newest
from kundelik_core.identity.accounts import NewAccount, create_accounts
from kundelik_core.kernel.audit import Doer
from kundelik_core.kernel.db import Tenant, tenant
from kundelik_core.kernel.names import full_name
from kundelik_core.schools.actions import structure
from kundelik_core.schools.actions.directory import follow
from kundelik_core.schools.actions.schools import NewSchool, add_school
from kundelik_core.schools.calendar import PeriodKind
from kundelik_core.schools.generate import GeneratedSchool, Outline
from kundelik_core.schools.loader import (
    Keys,
    SeededIds,
    load_lessons,
    load_outline,
)

__all__ = ["Loaded", "School", "analyze", "new_school", "write_school"]

Say = Callable[[str], None]

_JOURNALS_AT_ONCE = 40
_ACCOUNTS_AT_ONCE = 2000


class School(msgspec.Struct, frozen=True, kw_only=True):
    """What a made-up school needs to become rows.

    ``logins`` and ``accounts`` are given by people's keys: logins instead of the usual ones, and
    accounts that exist already.
    """

    school_id: int
    generated: GeneratedSchool
    today: date
    seed: str
    locale: str
    password_hash: str
    logins: Mapping[int, str] = {}
    accounts: Mapping[int, UUID] = {}
    login_suffix: str = ""


class Loaded(msgspec.Struct, kw_only=True):
    """What was written."""

    keys: Keys
    lessons: int = 0
    marks: int = 0
    absences: int = 0
    history: int = 0
    results: int = 0
    accounts: int = 0


@asynccontextmanager
async def new_school(
    owner_dsn: str, outline: Outline, region: str, locale: Literal["kk", "ru"]
) -> AsyncIterator[int]:
    """Add the row of a made-up school; it goes again if the block that fills it fails.

    It stays when some of its people are there already: their number must not go to another school.
    """
    async with owner(owner_dsn) as conn:
        school_id = await add_school(
            conn,
            NewSchool(
                title_kk=outline.title.kk,
                title_ru=outline.title.ru,
                title_en=outline.title.en,
                region=region,
                kind="small_school" if outline.size == "S" else "school",
                locale=locale,
                languages="kk,ru" if outline.language == "mixed" else outline.language,
                is_demo=True,
            ),
        )
        try:
            yield school_id
        except BaseException:
            await conn.execute(
                "delete from core.school s where s.id = $1 "
                "and not exists (select from core.person p where p.school_id = $1)",
                school_id,
            )
            raise


async def analyze(owner_dsn: str) -> None:
    """Let PostgreSQL count what was written, so that the first pages are planned well."""
    async with owner(owner_dsn) as conn:
        tables = await conn.fetch("select tablename from pg_tables where schemaname = 'core'")
        for row in tables:
            await conn.execute(f"analyze core.{row['tablename']}")


async def write_school(school: School, say: Say = lambda _text: None) -> Loaded:
    """Write a whole school in one transaction, then its accounts."""
    outline = school.generated.outline
    ids = SeededIds(f"{school.seed}/{school.school_id}", outline.calendar.begins)
    async with tenant(school.school_id, write=True) as tx:
        keys = await load_outline(tx, outline, ids, _scheme, school.locale, school.accounts)
        done = Loaded(keys=keys)
        await _write_journals(tx, school, done, ids, say)
        await _close_periods(tx, school, keys)
    say("accounts")
    done.accounts = await _write_accounts(school, keys)
    await follow(school.school_id)
    return done


def _scheme(code: str) -> tuple[int, PeriodKind]:
    found = newest(code)
    return found.version, found.period_kind


async def _write_journals(
    tx: Tenant, school: School, done: Loaded, ids: SeededIds, say: Say
) -> None:
    journals = school.generated.journals()
    total, written = len(school.generated.outline.groups), 0
    while batch := list(itertools.islice(journals, _JOURNALS_AT_ONCE)):
        done.lessons += await load_lessons(tx, batch, done.keys, ids, school.today)
        fillers = [
            Filler(journal, done.keys, ids, school.seed, school.today, school.generated.outline)
            for journal in batch
        ]
        await write_works(tx, [row for filler in fillers for row in filler.works()])
        counts = await write_cells(
            tx, [row for filler in fillers for row in filler.cells()], "generated"
        )
        done.marks += counts.marks
        done.absences += counts.absences
        done.history += counts.history
        done.results += await write_results(
            tx, [row for filler in fillers for row in filler.results()]
        )
        written += len(batch)
        say(f"journals {written} of {total}, {done.marks} marks")


async def _close_periods(tx: Tenant, school: School, keys: Keys) -> None:
    outline = school.generated.outline
    director = next((m.person for m in outline.staff if m.position == "director"), None)
    doer = Doer(person=None if director is None else keys.people[director])
    for period in outline.calendar.periods:
        if period.kind in {"quarter", "half_year"} and is_over(period, school.today):
            await structure.close_period(tx, doer, outline.year, period.code)


async def _write_accounts(school: School, keys: Keys) -> int:
    outline = school.generated.outline
    locales = _locales(outline)
    accounts = [
        NewAccount(
            id=keys.accounts[person.key],
            login=school.logins.get(person.key, f"{person.login}{school.login_suffix}"),
            display_name=full_name(person.surname, person.given),
            password_hash=school.password_hash,
            locale=locales.get(person.key, school.locale),
        )
        for person in outline.people
        if person.key not in school.accounts
    ]
    for start in range(0, len(accounts), _ACCOUNTS_AT_ONCE):
        await create_accounts(accounts[start : start + _ACCOUNTS_AT_ONCE])
    return len(accounts)


def _locales(outline: Outline) -> dict[int, str]:
    """Families read in the language that their child is taught in."""
    found: dict[int, str] = {}
    for school_class in outline.classes:
        found |= dict.fromkeys(school_class.pupils, school_class.language)
    return found | {tie.parent: found[tie.pupil] for tie in outline.guardianships}
