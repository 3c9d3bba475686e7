"""Make the village that the browser visits: ``python -m tests.e2e.small DATA_DIR``.

One made-up school as the demo has them, with logins to remember and with one journal in which two
lessons are still empty. What the tests must know of it is printed as JSON.
"""

import asyncio
import sys
from datetime import date
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg
import msgspec

from kundelik_core.cli.cast import cast_of
from kundelik_core.cli.generate import school_day
from kundelik_core.cli.install import installation
from kundelik_core.cli.load import Loaded, School, analyze, new_school, write_school
from kundelik_core.kernel import clock
from kundelik_core.kernel.boot import Urls
from kundelik_core.kernel.passwords import hash_password
from kundelik_core.kernel.settings import Settings
from kundelik_core.plugins.discover import find_plugins
from kundelik_core.plugins.life.keys import keys_of
from kundelik_core.plugins.life.operate import approve_all_first_party
from kundelik_core.plugins.life.operator import operator
from kundelik_core.schools.calendar import school_year_of
from kundelik_core.schools.generate import World

PASSWORD = "three quiet camels"


class Cast(msgspec.Struct, kw_only=True):
    """What the tests know of the village."""

    school: int
    password: str
    pupils: list[str]
    """Ids in the order of the journal's rows."""
    names: list[str]
    given: str
    """The first name of the pupil in the first row, whose diary the login ``parent`` opens."""
    group: str
    school_class: str
    period: str
    lessons: list[str]
    """Two lessons without marks."""
    dates: list[date]
    tenant_url: str
    directory_url: str


_GROUP = """
select g.id, g.year, p.code, p.begins, p.ends, gc.class_id
  from core.teaching_group g
  join core.group_class gc on gc.school_id = g.school_id and gc.group_id = g.id
  join core.period p on p.school_id = g.school_id and p.year = g.year
   and left(p.code, 1) = left(g.period_kind, 1) and p.begins <= $2 and p.state = 'open'
 where g.school_id = $1 and g.scheme_code = 'kz-cba-2022'
   and g.grade >= 5
   and (select count(*) from core.group_class o
         where o.school_id = $1 and o.group_id = g.id) = 1
   and (select count(*) from core.lesson l
         where l.school_id = $1 and l.group_id = g.id and l.date between p.begins and p.ends
           and l.status <> 'cancelled') >= 4
 order by p.begins desc,
       (select count(*) from core.group_pupil m
         where m.school_id = $1 and m.group_id = g.id) desc, g.id
 limit 1
"""

_PUPILS = """
select n.id, n.surname, n.given
  from core.group_pupil m join core.person n on n.school_id = m.school_id and n.id = m.pupil_id
 where m.school_id = $1 and m.group_id = $2 and m.to_date is null order by n.sort_key, n.id
"""


async def make(data_dir: Path) -> Cast:
    """Write the village, and return what is to be known of it."""
    async with installation(Settings(data_dir=data_dir), migrate=True) as urls:
        day = school_day(clock.today())
        generated = World("1").make_school("S", "kk", school_year_of(day), day)
        outline = generated.outline
        people = cast_of(outline)
        async with new_school(urls.migrate_tenant, outline, "KZ-35", "kk") as school_id:
            loaded = await write_school(
                School(
                    school_id=school_id, generated=generated, today=day, seed="1", locale="kk",
                    password_hash=await hash_password(PASSWORD),
                    logins={people.director: "director"},
                )
            )  # fmt: skip
        await analyze(urls.migrate_tenant)
        settings = Settings(data_dir=data_dir)
        keys = keys_of(settings, urls.tenant)
        async with operator(settings, urls, doer="the village", keys=keys) as op:
            await approve_all_first_party(op, find_plugins())
        return await _stage(urls, school_id, day, loaded)


async def _stage(urls: Urls, school_id: int, day: date, loaded: Loaded) -> Cast:
    """Choose a journal, empty two of its lessons, and name those who play in it."""
    tenant = await asyncpg.connect(urls.migrate_tenant)
    directory = await asyncpg.connect(urls.migrate_directory)
    try:
        group = await tenant.fetchrow(_GROUP, school_id, day)
        assert group is not None, "no journal fits"
        pupils = await tenant.fetch(_PUPILS, school_id, group["id"])
        lessons = await tenant.fetch(
            "select id, date from core.lesson where school_id = $1 and group_id = $2 "
            "and date between $3 and $4 and status <> 'cancelled' order by date, slot",
            school_id, group["id"], group["begins"], group["ends"],
        )  # fmt: skip
        # Neighbours, so that a walk with the arrow keys stays in empty cells.
        near = max(1, sum(lesson["date"] <= day for lesson in lessons) - 1)
        chosen = lessons[near - 1 : near + 1]
        for lesson in chosen:
            await _empty(tenant, school_id, lesson["id"])
        await _name_the_parts(tenant, directory, school_id, group["id"], pupils)
        return Cast(
            school=school_id,
            password=PASSWORD,
            pupils=[str(p["id"]) for p in pupils],
            names=[f"{p['surname']} {p['given']}" for p in pupils],
            given=pupils[0]["given"],
            group=str(group["id"]),
            school_class=str(group["class_id"]),
            period=group["code"],
            lessons=[str(lesson["id"]) for lesson in chosen],
            dates=[lesson["date"] for lesson in chosen],
            tenant_url=urls.migrate_tenant,
            directory_url=urls.migrate_directory,
        )
    finally:
        await tenant.close()
        await directory.close()


async def _empty(tenant: Any, school_id: int, lesson: UUID) -> None:
    for table, column in (("cell_history", "column_id"), ("mark", "work_id"),
                          ("absence", "lesson_id")):  # fmt: skip
        await tenant.execute(
            f"delete from core.{table} where school_id = $1 and {column} = $2", school_id, lesson
        )


async def _name_the_parts(
    tenant: Any, directory: Any, school_id: int, group: UUID, pupils: list[Any]
) -> None:
    teacher = await tenant.fetchrow(
        "select n.id, n.account_id from core.group_teacher t join core.person n "
        "on n.school_id = t.school_id and n.id = t.teacher_id "
        "where t.school_id = $1 and t.group_id = $2", school_id, group,
    )  # fmt: skip
    colleague = await tenant.fetchrow(
        "select distinct n.id, n.account_id from core.group_teacher t join core.person n "
        "on n.school_id = t.school_id and n.id = t.teacher_id where t.school_id = $1 "
        "and n.id <> $2 order by n.id limit 1", school_id, teacher["id"],
    )  # fmt: skip
    await tenant.execute(
        "insert into core.group_teacher (school_id, group_id, teacher_id, from_date) "
        "select school_id, group_id, $3, from_date from core.group_teacher "
        "where school_id = $1 and group_id = $2 limit 1", school_id, group, colleague["id"],
    )  # fmt: skip
    parent = await tenant.fetchval(
        "select n.account_id from core.guardianship k join core.person n "
        "on n.school_id = k.school_id and n.id = k.guardian_id "
        "where k.school_id = $1 and k.pupil_id = $2 order by n.id limit 1",
        school_id, pupils[0]["id"],
    )  # fmt: skip
    parts = {"teacher": teacher["account_id"], "colleague": colleague["account_id"],
             "parent": parent}  # fmt: skip
    for login, account in parts.items():
        await directory.execute(
            "insert into directory.login (login, account_id) values ($1, $2)", login, account
        )


if __name__ == "__main__":
    sys.stdout.write(msgspec.json.encode(asyncio.run(make(Path(sys.argv[1])))).decode())
