"""What people do in a school becomes the right events; what nobody hears costs nothing."""

from collections.abc import Iterator
from datetime import date
from typing import Any
from uuid import UUID

import msgspec
import pytest

from kundelik_core.gradebook.access import Viewer
from kundelik_core.gradebook.columns.actions import (
    LessonPage,
    add_work,
    save_lesson,
    void_work,
)
from kundelik_core.gradebook.columns.rules import WorkSpec
from kundelik_core.gradebook.journal.actions import LOCK, save_cells
from kundelik_core.gradebook.journal.model import Change
from kundelik_core.kernel import db
from kundelik_core.kernel.audit import Doer
from kundelik_core.kernel.db import Databases, tenant
from kundelik_core.kernel.ids import new_id
from kundelik_core.kernel.outbox.emit import set_subscribers
from kundelik_core.kernel.settings import Settings
from kundelik_core.plugins.life.hearers import note_changes_for_plugins
from kundelik_core.schools.actions import classes, structure
from kundelik_core.sdk.events import EVENTS
from tests.factories import Factory, Journal
from tests.integration.outbox.conftest import Listeners

TODAY = date(2026, 11, 4)


def teacher_of(journal: Journal) -> Viewer:
    return Viewer(account=new_id(), person=journal.teacher, roles=frozenset({"teacher"}))


async def save(journal: Journal, *changes: Change) -> None:
    async with tenant(journal.school_id, write=True, lock=(LOCK, journal.group)) as tx:
        await save_cells(
            tx, teacher_of(journal), journal.group, list(changes), locale="ru", today=TODAY
        )


def change(column: UUID, pupil: UUID, value: str, base: str = "") -> Change:
    return Change(id=new_id(), column=column, pupil=pupil, value=value, base=base)


@pytest.fixture
async def journal(factory: Factory) -> Journal:
    return await factory.journal(await factory.school())


async def told(factory: Factory, school: int) -> list[tuple[str, dict[str, Any], UUID | None]]:
    """Take what was written to the outbox of a school."""
    rows = await factory.tenant.fetch(
        "with gone as (delete from core.outbox where school_id = $1 returning *) "
        "select type, data::text as data, subject, actor_id from gone order by seq", school,
    )  # fmt: skip
    found = []
    for row in rows:
        data = msgspec.json.decode(row["data"], type=EVENTS[row["type"]])
        assert data.subject == row["subject"]
        plain: dict[str, Any] = msgspec.structs.asdict(data)
        found.append((row["type"], plain, row["actor_id"]))
    return found


async def test_marks_and_absences(factory: Factory, listeners: Listeners, journal: Journal) -> None:
    school, teacher = journal.school_id, journal.teacher
    lesson, (one, other, _) = journal.lessons[0], journal.pupils
    await save(journal, change(lesson, one, "8"), change(lesson, other, "7 о"))
    mark = {"group_id": journal.group, "work_id": lesson}
    away = {"group_id": journal.group, "lesson_id": lesson}
    assert await told(factory, school) == [
        ("mark.recorded.v1", {"student_id": one, **mark}, teacher),
        ("mark.recorded.v1", {"student_id": other, **mark}, teacher),
        ("attendance.recorded.v1", {"student_id": other, **away}, teacher),
    ]
    repeated = change(lesson, one, "9", base="8")
    await save(journal, repeated, change(lesson, other, "н", base="7 о"))
    assert await told(factory, school) == [
        ("mark.changed.v1", {"student_id": one, **mark}, teacher),
        ("mark.removed.v1", {"student_id": other, **mark}, teacher),
        ("attendance.recorded.v1", {"student_id": other, **away}, teacher),
    ]
    # Sent again because the answer was lost; and a value that stands there already.
    await save(journal, repeated, change(lesson, one, "9", base="9"))
    assert await told(factory, school) == []


async def test_an_absence_typed_into_a_work_is_told_once(
    factory: Factory, listeners: Listeners, journal: Journal
) -> None:
    work = new_id()
    spec = WorkSpec(kind="sor", title="СОр 1", date=journal.dates[0], max="15")
    async with tenant(journal.school_id, write=True, lock=(LOCK, journal.group)) as tx:
        await add_work(tx, teacher_of(journal), journal.group, work, spec, locale="ru", today=TODAY)
    await save(journal, change(work, journal.pupils[0], "н"))
    found = await told(factory, journal.school_id)
    assert [(kind, data.get("lesson_id")) for kind, data, _ in found] == [
        ("attendance.recorded.v1", journal.lessons[0])
    ]
    await save(journal, change(work, journal.pupils[1], "12"))
    async with tenant(journal.school_id, write=True, lock=(LOCK, journal.group)) as tx:
        await void_work(tx, teacher_of(journal), journal.group, work, "", today=TODAY)
    found = await told(factory, journal.school_id)
    assert [(kind, data["student_id"]) for kind, data, _ in found] == [
        ("mark.recorded.v1", journal.pupils[1]),
        ("mark.removed.v1", journal.pupils[1]),
    ]


async def test_homework_is_told_for_the_lesson_it_is_due_for(
    factory: Factory, listeners: Listeners, journal: Journal
) -> None:
    empty = LessonPage("", "")
    for topic, homework in (("Дроби", ""), ("Дроби", "№ 12")):
        async with tenant(journal.school_id, write=True, lock=(LOCK, journal.group)) as tx:
            await save_lesson(
                tx, teacher_of(journal), journal.group, journal.lessons[0],
                LessonPage(topic, homework), LessonPage(topic, "") if homework else empty,
                today=TODAY,
            )  # fmt: skip
    assert await told(factory, journal.school_id) == [
        (
            "homework.assigned.v1",
            {"group_id": journal.group, "lesson_id": journal.lessons[1]},
            journal.teacher,
        )
    ]


async def test_pupils_come_and_leave(
    factory: Factory, listeners: Listeners, journal: Journal
) -> None:
    school, room = journal.school_id, journal.school_class
    new = await factory.person(school, "Жаңа", role="pupil")
    rows = [
        classes.ClassPupilRow(class_id=room, pupil_id=pupil, from_date=date(2026, 9, 1))
        for pupil in (*journal.pupils, new)
    ]
    doer = Doer(person=journal.teacher)
    async with tenant(school, write=True) as tx:
        await classes.write_class_pupils(tx, rows)
    async with tenant(school, write=True) as tx:
        await classes.write_class_pupils(tx, rows)
        await classes.end_class_pupils(tx, doer, [(room, new)], TODAY)
        await classes.end_class_pupils(tx, doer, [(room, new)], TODAY)
    where = {"student_id": new, "class_id": room}
    assert await told(factory, school) == [
        ("student.enrolled.v1", where, None),
        ("student.left.v1", where, journal.teacher),
    ]


async def test_a_closed_period_is_told_group_by_group(
    factory: Factory, listeners: Listeners, journal: Journal
) -> None:
    school = journal.school_id
    await factory.journal(school, period_kind="half_year", letter="Б")
    second = await factory.journal(school, letter="В")
    for _ in range(2):
        async with tenant(school, write=True) as tx:
            await structure.close_period(tx, Doer(person=journal.teacher), 2026, "q1")
    found = await told(factory, school)
    assert {kind for kind, _, _ in found} == {"period.closed.v1"}
    assert sorted((data["group_id"], data["period"]) for _, data, _ in found) == sorted(
        [(journal.group, "q1"), (second.group, "q1")]
    )


@pytest.fixture
def statements(databases: Databases, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    seen: list[str] = []
    for name in ("execute", "fetch", "fetchval"):
        original = getattr(db.Tenant, name)

        async def noted(self: db.Tenant, sql: str, *args: object, run: Any = original) -> Any:
            seen.append(sql)
            return await run(self, sql, *args)

        monkeypatch.setattr(db.Tenant, name, noted)
    yield seen
    set_subscribers(None)


async def test_an_unheard_save_is_two_statements_and_a_heard_one_three(
    factory: Factory, journal: Journal, statements: list[str], listeners: Listeners
) -> None:
    lesson, pupil = journal.lessons[0], journal.pupils[0]
    set_subscribers(None)
    await save(journal, change(lesson, pupil, "8"))
    unheard = len(statements)
    set_subscribers(listeners)
    listeners.plugins = ()
    await save(journal, change(lesson, pupil, "9", base="8"))
    assert len(statements) == 2 * unheard == 4
    listeners.plugins = ("praise", "rating")
    await save(journal, change(lesson, pupil, "10", base="9"))
    assert len(statements) == 3 * unheard + 1


async def test_a_command_that_loads_no_plugin_still_tells_them(
    factory: Factory, journal: Journal
) -> None:
    new = await factory.person(journal.school_id, "Жаңа", role="pupil")
    await note_changes_for_plugins(Settings())
    try:
        async with tenant(journal.school_id, write=True) as tx:
            row = classes.ClassPupilRow(
                class_id=journal.school_class, pupil_id=new, from_date=date(2026, 9, 1)
            )
            await classes.write_class_pupils(tx, [row])
    finally:
        set_subscribers(None)
    rows = await factory.tenant.fetch(
        "select plugin, type from core.outbox where school_id = $1", journal.school_id
    )
    assert ("praise", "student.enrolled.v1") in [tuple(row.values()) for row in rows]
