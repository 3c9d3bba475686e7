"""Add schools: a reference table, written by the owner role from a command, never by a page."""

from typing import Literal

import msgspec

from kundelik_core.kernel import clock
from kundelik_core.kernel.errors import Problem
from kundelik_core.kernel.i18n import N_
from kundelik_core.kernel.wire import Connection
from kundelik_core.schools.regions import region

__all__ = ["NewSchool", "add_school"]


class NewSchool(msgspec.Struct, frozen=True, kw_only=True):
    """A school to be added; without an id it gets the next free one."""

    title_kk: str
    title_ru: str = ""
    title_en: str = ""
    region: str = "KZ-71"
    kind: Literal["school", "small_school", "gymnasium", "lyceum", "boarding_school"] = "school"
    locale: Literal["kk", "ru", "en"] = "kk"
    languages: str = "kk"
    time_zone: str = "Asia/Almaty"
    is_demo: bool = False
    id: int | None = None


async def add_school(owner: Connection, school: NewSchool) -> int:
    """Write a school with the owner's connection and give its id.

    Raises:
        Problem: demo and real schools would meet in one installation, or the region is unknown.
    """
    if region(school.region, clock.today()) is None:
        raise Problem(
            "unknown-region",
            N_("There is no region with the code %(region)s."),
            params={"region": school.region},
            field="region",
        )
    async with owner.transaction():
        # Two commands at once would both find the same free id.
        await owner.execute("lock table core.school in share row exclusive mode")
        await _keep_apart(owner, is_demo=school.is_demo)
        school_id: int = await owner.fetchval(
            "insert into core.school (id, region, title_kk, title_ru, title_en, kind, locale, "
            "languages, time_zone, is_demo, created_at) "
            "select coalesce($1, (select coalesce(max(s.id), 0) + 1 from core.school s)), "
            "$2, $3, $4, $5, $6, $7, $8, $9, $10, $11 returning id",
            school.id,
            school.region,
            school.title_kk,
            school.title_ru or school.title_kk,
            school.title_en or school.title_ru or school.title_kk,
            school.kind,
            school.locale,
            school.languages,
            school.time_zone,
            school.is_demo,
            clock.now(),
        )
    return school_id


async def _keep_apart(owner: Connection, *, is_demo: bool) -> None:
    other = await owner.fetchval(
        "select s.title_ru from core.school s where s.is_demo <> $1 order by s.id limit 1", is_demo
    )
    if other is None:
        return
    if is_demo:
        raise Problem(
            "real-installation",
            N_(
                "This installation holds real schools, such as %(school)s. "
                "Made-up schools need an installation of their own."
            ),
            status=409,
            params={"school": other},
        )
    raise Problem(
        "demo-installation",
        N_(
            "This installation holds demo schools, such as %(school)s. "
            "Real schools need an installation of their own: choose another KUNDELIK_DATA_DIR "
            "or KUNDELIK_DATABASE_URL."
        ),
        status=409,
        params={"school": other},
    )
