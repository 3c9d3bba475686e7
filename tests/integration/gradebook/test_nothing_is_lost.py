"""What goes wrong on the way to a journal, and must neither lose a mark nor show a wrong one."""

from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from uuid import UUID

import pytest

from kundelik_core.gradebook.access import Viewer
from kundelik_core.gradebook.columns.actions import edit_work, void_work
from kundelik_core.gradebook.columns.rules import WorkSpec
from kundelik_core.gradebook.journal.actions import LOCK
from kundelik_core.gradebook.journal.queries import history, news
from kundelik_core.gradebook.periods.actions import recompute
from kundelik_core.kernel.db import tenant
from kundelik_core.kernel.errors import Problem
from kundelik_core.kernel.ids import new_id
from tests.factories import Factory, Journal
from tests.integration.gradebook.test_save_cells import TODAY, change, save, stored, teacher_of
from tests.integration.gradebook.test_save_cells import work as make_work

LONG_AGO = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture
async def journal(factory: Factory) -> Journal:
    return await factory.journal(await factory.school())


async def update(factory: Factory, journal: Journal, text: str, *args: Any) -> None:
    await factory.tenant.execute(f"{text} where school_id = $1", journal.school_id, *args)


async def test_points_beside_a_lateness_noted_a_moment_ago_are_no_conflict(
    factory: Factory, journal: Journal
) -> None:
    sor = await make_work(factory, journal, "sor", 15)
    pupil, lesson = journal.pupils[0], journal.lessons[1]
    # The page of the writer still shows an empty cell in the work's column.
    saved = await save(journal, change(lesson, pupil, "о"), change(sor, pupil, "13"))
    assert [o.state for o in saved.outcomes] == ["saved", "saved"]


async def test_taking_away_an_absence_that_was_not_seen_is_a_conflict(
    factory: Factory, journal: Journal
) -> None:
    sor = await make_work(factory, journal, "sor", 15)
    pupil, lesson = journal.pupils[0], journal.lessons[1]
    await save(journal, change(lesson, pupil, "н"))
    (found,) = (await save(journal, change(sor, pupil, "б"))).outcomes
    assert found.state == "conflict"


async def test_points_that_were_not_seen_are_a_conflict_in_a_works_column(
    factory: Factory, journal: Journal
) -> None:
    sor = await make_work(factory, journal, "sor", 15)
    pupil, lesson = journal.pupils[0], journal.lessons[1]
    await save(journal, change(sor, pupil, "10"), change(lesson, pupil, "о"))
    (found,) = (await save(journal, change(sor, pupil, "13"))).outcomes
    assert found.state == "conflict"


async def test_an_absence_typed_in_a_work_is_in_the_history_of_its_lesson(
    factory: Factory, journal: Journal
) -> None:
    sor = await make_work(factory, journal, "sor", 15)
    pupil, lesson = journal.pupils[0], journal.lessons[1]
    await save(journal, change(lesson, pupil, "8"))
    await save(journal, change(sor, pupil, "н"))
    async with tenant(journal.school_id) as tx:
        entries = await history(tx, journal.group, lesson, pupil)
    assert [(e.old, e.new) for e in entries] == [("", "8"), ("8", "8 absent_unexcused")]


async def test_all_columns_of_a_lesson_hear_of_an_absence(
    factory: Factory, journal: Journal
) -> None:
    sor = await make_work(factory, journal, "sor", 15)
    pupil, lesson = journal.pupils[0], journal.lessons[1]
    saved = await save(journal, change(sor, pupil, "н"))
    assert {(c.column, c.value) for c in saved.beside} == {(lesson, "н")}
    async with tenant(journal.school_id) as tx:
        told = await news(tx, journal.group, "q2", LONG_AGO, person=None, locale="ru")
        own = await news(tx, journal.group, "q2", LONG_AGO, person=journal.teacher, locale="ru")
    assert told is not None
    assert {(c.column, c.value, c.by) for c in told.cells} == {
        (sor, "н", "Оспанова Гүлнар"),
        (lesson, "н", "Оспанова Гүлнар"),
    }
    assert own is None


async def test_a_repeated_change_tells_the_result_again(journal: Journal) -> None:
    once = change(journal.lessons[0], journal.pupils[0], "8")
    first = await save(journal, once)
    again = await save(journal, once)
    assert again.results == first.results


async def test_a_repeated_change_is_saved_though_its_lesson_was_cancelled_since(
    factory: Factory, journal: Journal
) -> None:
    once = change(journal.lessons[0], journal.pupils[0], "8")
    await save(journal, once)
    await update(factory, journal, "update core.lesson set status = 'cancelled'")
    (found,) = (await save(journal, once)).outcomes
    assert (found.state, found.value) == ("saved", "8")
    other = change(journal.lessons[0], journal.pupils[0], "9", base="8")
    (found,) = (await save(journal, other)).outcomes
    assert (found.state, found.code, found.value) == ("refused", "cancelled-lesson", "8")


async def test_a_closed_group_takes_nothing(factory: Factory, journal: Journal) -> None:
    await update(factory, journal, "update core.teaching_group set status = 'closed'")
    (found,) = (await save(journal, change(journal.lessons[0], journal.pupils[0], "8"))).outcomes
    assert (found.state, found.code) == ("refused", "group-closed")


async def test_a_closed_period_is_computed_as_one(factory: Factory, journal: Journal) -> None:
    await make_work(factory, journal, "soch", 25)
    await save(journal, change(journal.lessons[0], journal.pupils[0], "8"))
    async with tenant(journal.school_id, write=True, lock=(LOCK, journal.group)) as tx:
        await recompute(tx, journal.group, "q2", closing=True)
    closed = await stored(factory, journal)
    await update(factory, journal, "update core.period set state = 'closed'")
    async with tenant(journal.school_id, write=True, lock=(LOCK, journal.group)) as tx:
        await recompute(tx, journal.group, "q2")
    assert await stored(factory, journal) == closed


async def test_the_column_of_a_lesson_cannot_be_taken_out(journal: Journal) -> None:
    lesson, pupil = journal.lessons[0], journal.pupils[0]
    await save(journal, change(lesson, pupil, "8"))
    async with tenant(journal.school_id, write=True, lock=(LOCK, journal.group)) as tx:
        with pytest.raises(Problem, match="not-found"):
            await void_work(
                tx, teacher_of(journal), journal.group, lesson, "", today=journal.dates[0]
            )


async def test_a_maximum_below_marks_names_the_points_plainly(
    factory: Factory, journal: Journal
) -> None:
    soch = await make_work(factory, journal, "soch", 25)
    await save(journal, change(soch, journal.pupils[0], "20"))
    spec = WorkSpec("soch", "", journal.dates[1], "12")
    async with tenant(journal.school_id, write=True, lock=(LOCK, journal.group)) as tx:
        with pytest.raises(Problem) as caught:
            await edit_work(
                tx, teacher_of(journal), journal.group, soch, spec, locale="ru", today=TODAY
            )
    assert caught.value.code == "max-below-marks"
    assert "20 points" in caught.value.message % caught.value.params


async def test_a_work_stays_on_its_lesson_when_only_its_title_changes(
    factory: Factory, journal: Journal
) -> None:
    day, second = journal.dates[1], new_id()
    await factory.tenant.execute(
        "insert into core.lesson (school_id, id, group_id, date, slot, begins, ends) "
        "values ($1, $2, $3, $4, 2, $5, $6)",
        journal.school_id, second, journal.group, day, time(9, 0), time(9, 45),
    )  # fmt: skip
    sor = await make_work(factory, journal, "sor", 15)
    await factory.tenant.execute(
        "update core.work set lesson_id = $3 where school_id = $1 and id = $2",
        journal.school_id, sor, second,
    )  # fmt: skip
    spec = WorkSpec("sor", "Бөлшектер", day, "15")
    async with tenant(journal.school_id, write=True, lock=(LOCK, journal.group)) as tx:
        await edit_work(tx, teacher_of(journal), journal.group, sor, spec, locale="ru", today=TODAY)
    assert await lesson_of(factory, journal, sor) == second


async def lesson_of(factory: Factory, journal: Journal, work: UUID) -> UUID:
    found: UUID = await factory.tenant.fetchval(
        "select lesson_id from core.work where school_id = $1 and id = $2", journal.school_id, work
    )
    return found


@pytest.mark.parametrize("day", [date(2026, 11, 2), date(2026, 12, 27)])
async def test_the_first_and_the_last_day_belong_to_the_period(
    factory: Factory, journal: Journal, day: date
) -> None:
    sor = await make_work(factory, journal, "sor", 15)
    await factory.tenant.execute(
        "update core.work set date = $3 where school_id = $1 and id = $2",
        journal.school_id, sor, day,
    )  # fmt: skip
    saved = await save(journal, change(sor, journal.pupils[0], "15"))
    assert saved.results[journal.pupils[0]].percent == 100


async def test_a_result_of_a_period_is_not_told_to_the_page_of_another(
    factory: Factory, journal: Journal
) -> None:
    first = await factory.tenant.fetchval(
        "select id from core.lesson where school_id = $1 and group_id = $2 order by date limit 1",
        journal.school_id, journal.group,
    )  # fmt: skip
    await factory.tenant.execute(
        "update core.lesson set date = $3 where school_id = $1 and id = $2",
        journal.school_id, first, date(2026, 10, 23),
    )  # fmt: skip
    pupil = journal.pupils[0]
    both = [change(journal.lessons[1], pupil, "9"), change(first, pupil, "5")]
    saved = await save(journal, *both, period="q2")
    assert [o.state for o in saved.outcomes] == ["saved", "saved"]
    assert saved.results[pupil].percent == 90
    assert [row[4] for row in await stored(factory, journal)] == [50, 90]


async def test_who_joins_later_owes_nothing_of_before(factory: Factory, journal: Journal) -> None:
    sor = await make_work(factory, journal, "sor", 15)
    await factory.tenant.execute(
        "update core.group_pupil set from_date = $3 where school_id = $1 and pupil_id = $2",
        journal.school_id, journal.pupils[0], journal.dates[1] + timedelta(days=1),
    )  # fmt: skip
    (found,) = (await save(journal, change(sor, journal.pupils[0], "8"))).outcomes
    assert (found.state, found.code) == ("refused", "not-a-member")
    for pupil in journal.pupils[:2]:
        await save(journal, change(journal.lessons[3], pupil, "8"))
    before = await stored(factory, journal)
    async with tenant(journal.school_id, write=True, lock=(LOCK, journal.group)) as tx:
        await recompute(tx, journal.group, "q2")
    kept = {row[0]: row for row in await stored(factory, journal)}
    assert [kept[row[0]] for row in before] == before


async def test_a_colleagues_mark_is_told_though_one_wrote_in_the_lesson_after_it(
    factory: Factory, journal: Journal
) -> None:
    sor = await make_work(factory, journal, "sor", 15)
    colleague = await factory.person(journal.school_id, "Ким", "Анна", role="teacher")
    await factory.tenant.execute(
        "insert into core.group_teacher (school_id, group_id, teacher_id, from_date) "
        "values ($1, $2, $3, $4)", journal.school_id, journal.group, colleague, date(2026, 9, 1),
    )  # fmt: skip
    theirs = Viewer(account=new_id(), person=colleague, roles=frozenset({"teacher"}))
    pupil = journal.pupils[0]
    await save(journal, change(sor, pupil, "13"), viewer=theirs)
    await save(journal, change(journal.lessons[1], pupil, "о"))
    async with tenant(journal.school_id) as tx:
        told = await news(tx, journal.group, "q2", LONG_AGO, person=journal.teacher, locale="ru")
    assert told is not None
    assert [(c.column, c.value, c.by) for c in told.cells] == [(sor, "13", "Ким Анна")]
