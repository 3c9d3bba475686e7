"""A teacher takes topics over from parallel groups of their own, and from no others."""

from datetime import date
from uuid import UUID

from kundelik_core.gradebook.columns.parallel import parallel_lessons
from kundelik_core.kernel.db import Databases, tenant
from tests.factories import Factory, Journal

TODAY = date(2026, 11, 6)


async def also_teaches(factory: Factory, teacher: UUID, journal: Journal) -> None:
    await factory.tenant.execute(
        "insert into core.group_teacher (school_id, group_id, teacher_id, from_date) "
        "values ($1, $2, $3, $4)",
        journal.school_id, journal.group, teacher, date(2026, 9, 1),
    )  # fmt: skip


async def topic(factory: Factory, journal: Journal, lesson: int, text: str, status: str) -> None:
    await factory.tenant.execute(
        "update core.lesson set topic = $3, homework = '№ 5', status = $4 "
        "where school_id = $1 and id = $2",
        journal.school_id, journal.lessons[lesson], text, status,
    )  # fmt: skip


async def offered(journal: Journal, teacher: UUID, day: date = TODAY) -> list[tuple[str, str]]:
    async with tenant(journal.school_id) as tx:
        found = await parallel_lessons(tx, journal.group, teacher, day)
    return [(lesson.title, lesson.topic) for lesson in found]


async def test_topics_come_from_ones_own_groups_of_the_subject_and_grade(
    databases: Databases, factory: Factory
) -> None:
    school = await factory.school()
    here = await factory.journal(school, letter="А")
    beside = await factory.journal(school, letter="Б")
    older = await factory.journal(school, letter="В", grade=6)
    others = await factory.journal(school, letter="Г")
    for journal in (beside, older):
        await also_teaches(factory, here.teacher, journal)
    for journal in (here, beside, older, others):
        for lesson in range(len(journal.lessons)):
            await topic(factory, journal, lesson, "", "planned")
        await topic(factory, journal, 0, "Бөлшек", "held")
    await topic(factory, beside, 1, "Болмаған", "cancelled")
    await topic(factory, beside, 2, "Үлес", "held")
    assert await offered(here, here.teacher) == [("5Б", "Үлес"), ("5Б", "Бөлшек")]
    assert await offered(here, others.teacher) == [("5Г", "Бөлшек")]
    assert await offered(here, here.teacher, date(2027, 2, 1)) == []
    elsewhere = await factory.journal(await factory.school())
    assert await offered(elsewhere, here.teacher) == []
