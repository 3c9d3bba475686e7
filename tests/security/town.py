"""Two schools that know nothing of each other, with somebody of every role who can sign in.

Every name in a school carries its mark, so that a page that shows one to the wrong reader is found
by looking for the mark.
"""

from datetime import date
from uuid import UUID

import msgspec

from kundelik_core.kernel.ids import new_id
from kundelik_core.kernel.names import search_key, sort_key
from tests.factories import NOW, YEAR, Factory, Journal

HERE, AWAY = "Осындағы", "Басқадағы"
"""Marks of the texts of the two schools: titles, topics, subjects, staff."""

CHILD_HERE, CHILD_AWAY = "Балауса", "Бейтаныс"
"""Marks of the names of pupils and parents, which nobody above schools may see at all."""

# What else of a school is text that a reader of another one must not meet.
MARKED = (
    ("lesson", "topic"), ("lesson", "homework"), ("teaching_group", "title"),
    ("subject", "title_kk"), ("subject", "title_ru"), ("subject", "title_en"),
)  # fmt: skip
WORKING_ROLES = ("homeroom", "deputy", "director", "admin", "psychologist")


class School(msgspec.Struct, kw_only=True):
    """The things of a school that addresses name."""

    id: int
    journal: Journal
    other: Journal
    work: UUID
    people: dict[str, UUID]

    def address(self, path: str) -> str:
        """Return a route's path with the ids of this school in it."""
        journal = self.journal
        values: dict[str, object] = {
            "group:uuid": journal.group,
            "class_id:uuid": journal.school_class,
            "column:uuid": journal.lessons[0],
            "lesson:uuid": journal.lessons[0],
            "pupil:uuid": journal.pupils[0],
            "child:uuid": journal.pupils[0],
            "person:uuid": journal.pupils[0],
            "person_id:uuid": journal.pupils[0],
            "work:uuid": self.work,
            # Nothing is sold in this town, so these lead nowhere.
            **dict.fromkeys(("licence:uuid", "place:uuid", "voucher:uuid"), self.work),
            **dict.fromkeys(("payout:uuid", "confirmation:uuid"), self.work),
            "school_id:int": self.id,
            "school:int": self.id,
            "year:int": YEAR,
            "period:str": "q2",
            "week:str": "2026-W45",
            "name:str": "birthdays",
            "plugin:str": "praise",
            "path:path": "notes",
            "hook:str": "nothing",
            "turn:str": "off",
            "step:str": "reset",
            "fate:str": "retry",
            "ref:str": "nothing",
            "token:str": "nothing",
        }
        for name, value in values.items():
            path = path.replace("{" + name + "}", str(value))
        return path


class Town(msgspec.Struct, kw_only=True):
    """Both schools, and the accounts that walk through them."""

    here: School
    away: School
    accounts: dict[str, UUID]


async def make_town(factory: Factory) -> Town:
    """Write the town."""
    here = await _school(factory, HERE, CHILD_HERE)
    away = await _school(factory, AWAY, CHILD_AWAY)
    accounts = {
        role: await _member(factory, here, person, role) for role, person in here.people.items()
    }
    journal = here.journal
    accounts["pupil"] = await _member(factory, here, journal.pupils[0], "pupil")
    accounts["teacher"] = await _member(factory, here, journal.teacher, "teacher")
    accounts["other_teacher"] = await _member(factory, here, here.other.teacher, "teacher")
    for name, child in (("parent", 0), ("other_parent", 1)):
        accounts[name] = await _parent(factory, here, journal.pupils[child])
    # Works in a third school and has a child here: what the work allows must stay there.
    third = await factory.school(title=f"{HERE} үшінші мектеп")
    boss = await factory.person(third, HERE, "Басшы", role="director")
    accounts["commuter"] = await factory.account(
        f"c.{boss.hex[-12:]}", memberships=[(third, boss, "director")]
    )
    await _parent(factory, here, journal.pupils[2], accounts["commuter"])
    for role in ("region", "operator", "vendor"):
        account = await factory.account(f"{role}.{new_id().hex[-12:]}", name=f"{HERE} {role}")
        await factory.directory.execute(
            "insert into directory.platform_role (account_id, role, region_code) "
            "values ($1, $2, $3)", account, role, "KZ-75" if role == "region" else "",
        )  # fmt: skip
        accounts[role] = account
    return Town(here=here, away=away, accounts=accounts)


async def _member(factory: Factory, school: School, person: UUID, role: str) -> UUID:
    return await factory.account(
        f"{role}.{person.hex[-12:]}", memberships=[(school.id, person, role)], name=f"{HERE} {role}"
    )


async def _parent(
    factory: Factory, school: School, pupil: UUID, account: UUID | None = None
) -> UUID:
    guardian = await factory.person(school.id, CHILD_HERE, "Ата-ана", role="parent")
    if account is None:
        account = await _member(factory, school, guardian, "parent")
    await factory.child(account, school.id, guardian, pupil, given=f"{CHILD_HERE}")
    return account


async def _school(factory: Factory, mark: str, child: str) -> School:
    school_id = await factory.school(title=f"{mark} мектебі")
    journal = await factory.journal(school_id)
    other = await factory.journal(school_id, letter="Б")
    people = {
        role: await factory.person(school_id, mark, role, role=role) for role in WORKING_ROLES
    }
    tenant, work = factory.tenant, new_id()
    await tenant.execute(
        "update core.school_class set homeroom_id = $3 where school_id = $1 and id = $2",
        school_id, journal.school_class, people["homeroom"],
    )  # fmt: skip
    for pupil in [*journal.pupils, *other.pupils]:
        await _rename(factory, school_id, pupil, f"{child} {pupil.hex[-4:]}")
    for teacher in (journal.teacher, other.teacher):
        await _rename(factory, school_id, teacher, f"{mark} {teacher.hex[-4:]}")
    for table, column in MARKED:
        await tenant.execute(
            f"update core.{table} set {column} = $2 where school_id = $1",
            school_id,
            f"{mark} {column}",
        )
    await tenant.execute(
        "insert into core.work (school_id, id, group_id, lesson_id, kind, date, title, max_points) "
        "values ($1, $2, $3, $4, 'sor', $5, $6, 20)",
        school_id, work, journal.group, journal.lessons[0], journal.dates[0], f"{mark} БЖБ",
    )  # fmt: skip
    for column_id, kind, lesson in ((journal.lessons[1], "fo", journal.lessons[1]),):
        await tenant.execute(
            "insert into core.work (school_id, id, group_id, lesson_id, kind, date, title) values "
            "($1, $2, $3, $4, $5, $6, '')",
            school_id, column_id, journal.group, lesson, kind, journal.dates[1],
        )  # fmt: skip
        for pupil in journal.pupils:
            await _mark(factory, school_id, column_id, pupil, journal.dates[1], f"{mark} пікір")
    return School(id=school_id, journal=journal, other=other, work=work, people=people)


async def _mark(
    factory: Factory, school_id: int, column: UUID, pupil: UUID, day: date, comment: str
) -> None:
    await factory.tenant.execute(
        "insert into core.mark (school_id, work_id, pupil_id, date, points, changed_at, comment) "
        "values ($1, $2, $3, $4, 7, $5, $6)", school_id, column, pupil, day, NOW, comment,
    )  # fmt: skip
    await factory.tenant.execute(
        "insert into core.cell_history (school_id, column_id, pupil_id, id, field, at, old, new) "
        "values ($1, $2, $3, $4, 'comment', $5, '', $6)",
        school_id, column, pupil, new_id(), NOW, comment,
    )  # fmt: skip


async def _rename(factory: Factory, school_id: int, person: UUID, surname: str) -> None:
    await factory.tenant.execute(
        "update core.person set surname = $3, sort_key = $4, search_key = $5 "
        "where school_id = $1 and id = $2",
        school_id, person, surname, sort_key(surname), search_key(surname),
    )  # fmt: skip


async def fingerprint(factory: Factory, school: School, *, without: str = "") -> dict[str, str]:
    """Return a digest of every row of a school by table, to see that nothing was written."""
    tables = await factory.tenant.fetch(
        "select distinct c.table_name from information_schema.columns c "
        "join information_schema.tables t using (table_schema, table_name) "
        "where c.table_schema = 'core' and c.column_name = 'school_id' "
        "and t.table_type = 'BASE TABLE' order by 1"
    )
    found: dict[str, str] = {}
    for row in tables:
        name = row["table_name"]
        if name == without:
            continue
        found[name] = str(
            await factory.tenant.fetchval(
                f"select md5(coalesce(string_agg(r::text, ',' order by r::text), '')) "
                f"from core.{name} r where school_id = $1",
                school.id,
            )
        )
    return found


assert YEAR == 2026, "the addresses of the town name weeks of this year"
