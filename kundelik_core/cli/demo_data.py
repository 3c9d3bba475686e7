"""Make the demo's two schools, its parts and the accounts above schools."""

from collections.abc import Callable
from datetime import date
from typing import Final, Literal
from uuid import UUID

import msgspec

from kundelik_core.cli.cast import cast_of, unite
from kundelik_core.cli.install import owner
from kundelik_core.cli.load import Loaded, School, analyze, new_school, write_school
from kundelik_core.cli.progress import Progress
from kundelik_core.identity.accounts import NewAccount, create_accounts, grant_platform
from kundelik_core.kernel.boot import Urls
from kundelik_core.kernel.passwords import hash_password
from kundelik_core.schools.calendar import load_national, school_year_of
from kundelik_core.schools.generate import GeneratedSchool, World
from kundelik_core.schools.loader import SeededIds

__all__ = ["LOGINS", "REGION", "make_demo", "set_demo_password"]

Say = Callable[[str], None]

REGION: Final = "KZ-35"

# What each login is there to show, in the order in which one would look.
LOGINS: Final[dict[str, str]] = {
    "teacher": "a subject teacher: many journals, some lessons still to fill in",
    "homeroom": "a homeroom teacher: the class, its journals and parents",
    "pupil": "a pupil of that class: the diary",
    "parent2": "a parent of that pupil",
    "parent": "a parent of two children in two schools: one has the rating, one may get it",
    "deputy": "a deputy head: every journal, periods, timetable, reports",
    "director": "the director: the school's office and modules",
    "region": "an officer of the region: sums over its schools",
    "operator": "whoever runs the installation: schools and plugins",
    "vendor": "somebody who offers plugins: no data of any school",
}
_PLATFORM: Final = {
    "operator": ("Оператор", "operator", ""),
    "region": ("Облыстық білім басқармасы", "region", REGION),
    "vendor": ("Модуль әзірлеуші", "vendor", ""),
}


async def make_demo(urls: Urls, *, seed: str, day: date, password: str) -> list[Loaded]:
    """Write everything and give what was written, the town school first."""
    year = school_year_of(day)
    world = World(seed)
    town = world.make_school("M", "mixed", year, day)
    village = world.make_school("S", "kk", year, day)
    cast = cast_of(town.outline)
    sibling = unite(town.outline, cast.family, village.outline)
    hashed = await hash_password(password)
    logins = {
        cast.director: "director",
        cast.deputy: "deputy",
        cast.teacher: "teacher",
        cast.homeroom: "homeroom",
        cast.pupil: "pupil",
        cast.parent2: "parent2",
        cast.family.mother: "parent",
    }
    draft = _Draft(urls.migrate_tenant, day, seed, hashed)
    first = await draft.write(town, "ru", logins=logins)
    mother = first.keys.accounts[cast.family.mother]
    second = await draft.write(village, "kk", accounts={sibling.mother: mother})
    await _write_platform(urls, seed, year, hashed)
    with Progress("Statistics for the database"):
        await analyze(urls.migrate_tenant)
    return [first, second]


class _Draft(msgspec.Struct, frozen=True):
    """What the schools of a demo have in common."""

    owner_dsn: str
    day: date
    seed: str
    password_hash: str

    async def write(
        self,
        generated: GeneratedSchool,
        locale: Literal["kk", "ru"],
        *,
        logins: dict[int, str] | None = None,
        accounts: dict[int, UUID] | None = None,
    ) -> Loaded:
        """Write one school and show how far it is."""
        outline = generated.outline
        pupils = sum(len(c.pupils) for c in outline.classes)
        with Progress(f"{outline.title.en}, {pupils} pupils") as progress:
            async with new_school(self.owner_dsn, outline, REGION, locale) as school_id:
                return await write_school(
                    School(
                        school_id=school_id,
                        generated=generated,
                        today=self.day,
                        seed=self.seed,
                        locale=locale,
                        password_hash=self.password_hash,
                        logins=logins or {},
                        accounts=accounts or {},
                    ),
                    progress.say,
                )


async def _write_platform(urls: Urls, seed: str, year: int, hashed: str) -> None:
    ids = SeededIds(f"{seed}/platform", load_national(year).begins)
    accounts = [
        NewAccount(id=ids.new(), login=login, display_name=name, password_hash=hashed, locale="ru")
        for login, (name, _role, _region) in _PLATFORM.items()
    ]
    await create_accounts(accounts)
    async with owner(urls.migrate_directory) as conn:
        for account in accounts:
            _name, role, region = _PLATFORM[account.login]
            await grant_platform(conn, account.id, role, region)


async def set_demo_password(urls: Urls, password: str) -> int:
    """Give all accounts that still have the demo's common password another one."""
    hashed = await hash_password(password)
    async with owner(urls.migrate_directory) as conn:
        changed: int = await conn.fetchval(
            "with old as (select a.password_hash from directory.account a "
            "join directory.login l on l.account_id = a.id where l.login = 'operator'), "
            "new as (update directory.account a "
            "set password_hash = $1, password_changed_at = now() "
            "from old where a.password_hash = old.password_hash returning 1) "
            "select count(*) from new",
            hashed,
        )
    return changed
