"""The writing floor of schools: bulk, the same twice changes nothing, and no other school moves."""

from collections.abc import Awaitable, Callable
from datetime import date
from uuid import UUID

import msgspec
import pytest

from kundelik_core.kernel.audit import Doer
from kundelik_core.kernel.db import tenant
from kundelik_core.kernel.errors import Problem
from kundelik_core.kernel.ids import new_id
from kundelik_core.schools.actions import (
    classes,
    directory,
    people,
    schools,
    structure,
    timetable,
)
from kundelik_core.schools.bells import load_bells
from kundelik_core.schools.calendar import load_national
from kundelik_core.schools.timetable import Slot
from kundelik_core.schools.titles import Title
from tests.factories import Factory

BEGIN = date(2026, 9, 1)
TABLES = (
    "person", "membership", "guardianship", "school_class", "class_pupil", "subject",
    "teaching_group", "group_class", "group_teacher", "group_pupil", "timetable_slot", "lesson",
    "period", "school_year", "calendar_exception", "bell_set", "bell",
)  # fmt: skip


class Made(msgspec.Struct):
    """Ids of a small class."""

    teacher: UUID
    pupils: list[UUID]
    mother: UUID
    school_class: UUID
    group: UUID
    slot: UUID


def ids() -> Made:
    return Made(new_id(), [new_id() for _ in range(3)], new_id(), new_id(), new_id(), new_id())


async def write(school_id: int, made: Made) -> None:
    """Write a class with everything that belongs to it."""
    calendar, bells = load_national(2026), load_bells("one-shift")
    async with tenant(school_id, write=True) as tx:
        await structure.open_year(tx, calendar)
        sets = await structure.write_bells(tx, bells, "kk")
        row, role = people.PersonRow, people.MembershipRow
        await people.write_people(
            tx,
            [
                row(id=made.teacher, surname="Әлиева", given="Гүлнар", sex="f"),
                row(id=made.mother, surname="Ким", given="Анна", birth_date=date(1990, 1, 2)),
                *(row(id=p, surname="Ким", given=f"Н{n}") for n, p in enumerate(made.pupils)),
            ],
        )
        await people.write_memberships(
            tx,
            [
                role(person_id=made.teacher, role="teacher", from_date=BEGIN),
                *(role(person_id=p, role="pupil", from_date=BEGIN) for p in made.pupils),
            ],
        )
        await people.write_guardianships(
            tx,
            [people.GuardianshipRow(guardian_id=made.mother, pupil_id=made.pupils[0],
                                    from_date=BEGIN, relation="mother")],
        )  # fmt: skip
        await classes.write_classes(
            tx,
            [classes.ClassRow(id=made.school_class, year=2026, grade=5, letter="Ә",
                              bell_set_id=sets["main"], homeroom_id=made.teacher)],
        )  # fmt: skip
        subjects = await classes.ensure_subjects(tx, ["mathematics"])
        await classes.write_groups(
            tx,
            [classes.GroupRow(id=made.group, year=2026, subject_id=subjects["mathematics"],
                              title="5 «Ә»", grade=5, scheme_code="kz-cba-2022",
                              scheme_version=1, period_kind="quarter")],
        )  # fmt: skip
        await classes.write_group_classes(tx, [(made.group, made.school_class)])
        await classes.write_group_teachers(
            tx,
            [classes.GroupTeacherRow(group_id=made.group, teacher_id=made.teacher,
                                     from_date=BEGIN)],
        )  # fmt: skip
        for pupil in made.pupils:
            await classes.write_class_pupils(
                tx,
                [classes.ClassPupilRow(class_id=made.school_class, pupil_id=pupil,
                                       from_date=BEGIN)],
            )  # fmt: skip
            await classes.write_group_pupils(
                tx,
                [classes.GroupPupilRow(group_id=made.group, pupil_id=pupil, from_date=BEGIN)],
            )
        await timetable.write_slots(
            tx,
            [timetable.SlotRow(id=made.slot, group_id=made.group, weekday=1, slot=2,
                               from_date=BEGIN, teacher_id=made.teacher)],
        )  # fmt: skip
        await timetable.plan_lessons(
            tx,
            [Slot(id=made.slot, group=made.group, weekday=1, lesson=2, teacher=made.teacher)],
            calendar,
            bells,
            date(2026, 10, 19),
            date(2026, 11, 9),
            {made.group: 5},
        )


async def rows(factory: Factory, school_id: int) -> dict[str, list[str]]:
    """Everything that a school has, as text."""
    found = {}
    for table in TABLES:
        got = await factory.tenant.fetch(
            f"select t::text as row from core.{table} t where t.school_id = $1 order by 1",
            school_id,
        )
        found[table] = [r["row"] for r in got]
    return found


async def test_the_same_twice_changes_nothing_and_no_other_school(factory: Factory) -> None:
    mine, other = await factory.school(), await factory.school()
    await factory.journal(other)
    before = await rows(factory, other)
    made = ids()
    await write(mine, made)
    first = await rows(factory, mine)
    assert all(first.values()), [table for table, found in first.items() if not found]
    await write(mine, made)
    assert await rows(factory, mine) == first
    assert await rows(factory, other) == before


async def test_lessons_are_added_where_they_are_missing_only(factory: Factory) -> None:
    school_id, made = await factory.school(), ids()
    await write(school_id, made)
    lessons = await factory.tenant.fetch(
        "select l.date, l.begins::text as begins from core.lesson l where l.school_id = $1 "
        "order by l.date",
        school_id,
    )
    # 26 October is in the autumn break.
    days = [date(2026, 10, 19), date(2026, 11, 2), date(2026, 11, 9)]
    assert [r["date"] for r in lessons] == days
    assert {r["begins"] for r in lessons} == {"08:50:00"}
    await factory.tenant.execute(
        "update core.lesson set topic = 'Бөлшектер' where school_id = $1", school_id
    )
    await write(school_id, made)
    topics = await factory.tenant.fetch(
        "select l.topic from core.lesson l where l.school_id = $1", school_id
    )
    assert [r["topic"] for r in topics] == ["Бөлшектер"] * 3


async def test_people_are_updated_and_what_is_not_told_is_kept(factory: Factory) -> None:
    school_id, person = await factory.school(), new_id()
    sql = (
        "select p.surname, p.birth_date, p.sort_key, p.changed_at from core.person p "
        "where p.school_id = $1 and p.id = $2"
    )
    row = people.PersonRow(id=person, surname="Ким", given="Анна", birth_date=date(2015, 3, 4))
    async with tenant(school_id, write=True) as tx:
        assert await people.write_people(tx, [row]) == 1
        assert await people.write_people(tx, [row]) == 0
    before = await factory.tenant.fetchrow(sql, school_id, person)
    async with tenant(school_id, write=True) as tx:
        renamed = people.PersonRow(id=person, surname="Цой", given="Анна")
        assert await people.write_people(tx, [renamed]) == 1
    after = await factory.tenant.fetchrow(sql, school_id, person)
    assert before
    assert after
    assert (after["surname"], after["birth_date"]) == ("Цой", date(2015, 3, 4))
    assert after["sort_key"] > before["sort_key"]
    assert after["changed_at"] > before["changed_at"]


async def test_what_ends_is_kept_with_its_last_day_and_told_in_the_audit(factory: Factory) -> None:
    school_id, made = await factory.school(), ids()
    await write(school_id, made)
    doer, last = Doer(person=made.teacher), date(2026, 11, 4)
    pupil = made.pupils[0]
    steps: list[Callable[[], Awaitable[int]]] = []
    async with tenant(school_id, write=True) as tx:
        steps = [
            lambda: people.end_memberships(tx, doer, [pupil], last, reason="көшті"),
            lambda: people.end_guardianships(tx, doer, [(made.mother, pupil)], last),
            lambda: classes.end_class_pupils(tx, doer, [(made.school_class, pupil)], last),
            lambda: classes.end_group_pupils(tx, doer, [(made.group, pupil)], last),
            lambda: timetable.end_slots(tx, doer, [made.slot], last),
        ]
        assert [await step() for step in steps] == [1] * 5
        assert [await step() for step in steps] == [0] * 5
    told = await factory.tenant.fetch(
        "select a.action, a.person_id, a.reason, a.after->>'to_date' as day from core.audit_log a "
        "where a.school_id = $1 order by a.action",
        school_id,
    )
    assert [r["action"] for r in told] == [
        "class_pupil.end", "group_pupil.end", "guardianship.end", "membership.end",
        "timetable.end",
    ]  # fmt: skip
    assert {(r["person_id"], r["day"]) for r in told} == {(made.teacher, "2026-11-04")}
    assert next(r["reason"] for r in told if r["action"] == "membership.end") == "көшті"


async def test_cancelled_lessons_and_closed_periods_stay(factory: Factory) -> None:
    school_id, made = await factory.school(), ids()
    await write(school_id, made)
    lesson = await factory.tenant.fetchval(
        "select l.id from core.lesson l where l.school_id = $1 order by l.date limit 1", school_id
    )
    async with tenant(school_id, write=True) as tx:
        assert await timetable.cancel_lessons(tx, Doer(), [lesson]) == 1
        assert await structure.close_period(tx, Doer(person=made.teacher), 2026, "q1")
        assert not await structure.close_period(tx, Doer(person=made.teacher), 2026, "q1")
        title = Title("Аяз", "Мороз", "Frost")
        await structure.add_exception(tx, Doer(), BEGIN, BEGIN, "distance", title, grades=[1, 2])
    state = await factory.tenant.fetchval(
        "select l.status from core.lesson l where l.school_id = $1 and l.id = $2",
        school_id,
        lesson,
    )
    assert state == "cancelled"
    await write(school_id, made)
    found = await factory.tenant.fetch(
        "select p.code from core.period p where p.school_id = $1 and p.state = 'closed'", school_id
    )
    assert [r["code"] for r in found] == ["q1"]


async def test_the_directory_follows_and_may_follow_again(factory: Factory) -> None:
    school_id, made = await factory.school(), ids()
    await write(school_id, made)
    account = await factory.account(f"mother{school_id}")
    async with tenant(school_id, write=True) as tx:
        await people.set_accounts(tx, [(made.mother, account)])
        mother = people.MembershipRow(person_id=made.mother, role="parent", from_date=BEGIN)
        await people.write_memberships(tx, [mother])
    for _ in range(2):
        assert await directory.follow(school_id) == 2
    children = await factory.directory.fetch(
        "select c.pupil_id, c.given_name from directory.account_child c where c.account_id = $1",
        account,
    )
    assert [(r["pupil_id"], r["given_name"]) for r in children] == [(made.pupils[0], "Н0")]
    roles = await factory.directory.fetch(
        "select s.role from directory.account_school s where s.account_id = $1", account
    )
    assert [r["role"] for r in roles] == ["parent"]


async def test_rows_are_written_in_the_open_school_only(factory: Factory) -> None:
    school_id = await factory.school()
    async with tenant(school_id) as closed:
        pass
    async with tenant(school_id, write=True):
        with pytest.raises(ValueError, match="this is not it"):
            await people.write_people(
                closed, [people.PersonRow(id=new_id(), surname="А", given="Б")]
            )


async def test_demo_and_real_schools_do_not_meet(factory: Factory) -> None:
    await factory.school()
    with pytest.raises(Problem) as refused:
        await schools.add_school(factory.tenant, schools.NewSchool(title_kk="Үлгі", is_demo=True))
    assert refused.value.code == "real-installation"
    # Far from the ids that other tests take.
    far = schools.NewSchool(title_kk="Алыс мектеп", id=950_000)
    assert await schools.add_school(factory.tenant, far) == 950_000
    made = await schools.add_school(factory.tenant, schools.NewSchool(title_kk="Жаңа мектеп"))
    assert made > 950_000
    titles = await factory.tenant.fetchrow(
        "select s.title_ru, s.is_demo from core.school s where s.id = $1", made
    )
    assert titles
    assert (titles["title_ru"], titles["is_demo"]) == ("Жаңа мектеп", False)
    with pytest.raises(Problem) as unknown:
        await schools.add_school(factory.tenant, schools.NewSchool(title_kk="А", region="XX"))
    assert unknown.value.code == "unknown-region"
