"""What the plugin does when nobody waits: events, clearing, counting, privacy, demo data."""

from collections.abc import AsyncIterator
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

import asyncpg
import pytest

from kundelik_core.kernel.boot import Urls
from kundelik_core.kernel.clock import set_now
from kundelik_core.kernel.db import tenant
from kundelik_core.kernel.ids import new_id
from kundelik_core.kernel.wire import Connection
from kundelik_core.plugins.actions import enable_plugin
from kundelik_core.plugins.context import call_for
from kundelik_core.plugins.declared import HandlerKind, HandlerRef
from kundelik_core.plugins.life.running import Running
from kundelik_core.sdk import (
    CommandAnswer,
    CommandRequest,
    DemoRequest,
    Erasure,
    Event,
    Health,
    JobRun,
    School,
    StudentLeft,
    Subject,
)
from tests.factories import Factory, Journal

NOW = datetime(2026, 11, 4, 8, 0, tzinfo=UTC)
EVERYWHERE = frozenset({"praise"})


class Praise:
    """The plugin in one school, called as the worker calls it."""

    def __init__(self, host: Running, journal: Journal, owner: Connection) -> None:
        self.host, self.journal, self.owner = host, journal, owner
        self.school = journal.school_id

    async def call(self, kind: HandlerKind, name: str, payload: object) -> Any:
        await self.host.allowed.active(self.school)
        call = call_for(School(id=self.school, name="", zone="Asia/Almaty"), "kk")
        ref = HandlerRef("praise", kind, name)
        outcome = await self.host.dispatcher.call(ref, payload, EVERYWHERE, call)
        assert outcome.done, outcome.error
        return outcome.value

    async def add(self, day: date, kind: str = "praise", pupil: int = 0) -> UUID:
        note = new_id()
        await self.owner.execute(
            "insert into plugin_praise.note (school_id, id, student_id, author_id, kind, body, "
            "day, written_at) values ($1, $2, $3, $4, $5, 'Жарайсың', $6, $7)",
            self.school, note, self.journal.pupils[pupil], self.journal.teacher, kind, day, NOW,
        )  # fmt: skip
        return note

    async def notes(self) -> dict[UUID, dict[str, Any]]:
        rows = await self.owner.fetch(
            "select * from plugin_praise.note where school_id = $1", self.school
        )
        return {row["id"]: dict(row) for row in rows}


@pytest.fixture(scope="package")
async def owner(urls: Urls) -> AsyncIterator[Connection]:
    conn = await asyncpg.connect(urls.migrate_tenant)
    # The owner of the tables keeps to row security too, but whoever migrates may step around it.
    await conn.execute("set row_security = off")
    yield conn
    await conn.close()


@pytest.fixture
async def praise(host: Running, factory: Factory, owner: Connection) -> Praise:
    journal = await factory.journal(await factory.school())
    async with tenant(journal.school_id, write=True) as tx:
        await enable_plugin(tx, host.registry, "praise", journal.teacher)
    return Praise(host, journal, owner)


async def leave(factory: Factory, praise: Praise, pupil: int, day: date | None) -> None:
    await factory.tenant.execute(
        "update core.class_pupil set to_date = $3 where school_id = $1 and pupil_id = $2",
        praise.school, praise.journal.pupils[pupil], day,
    )  # fmt: skip


def left(praise: Praise, pupil: int = 0) -> Event[StudentLeft]:
    data = StudentLeft(
        student_id=praise.journal.pupils[pupil], class_id=praise.journal.school_class
    )
    return Event(
        id=new_id(), type="student.left.v1", school_id=praise.school, occurred_at=NOW,
        actor_id=None, data=data,
    )  # fmt: skip


async def test_notes_to_a_pupil_who_left_are_archived_and_come_back(
    praise: Praise, factory: Factory
) -> None:
    note, other = await praise.add(NOW.date()), await praise.add(NOW.date(), pupil=1)
    event = left(praise)
    # A move to another class is told as leaving too: the pupil is still here.
    await praise.call("event", "student.left.v1", event)
    assert (await praise.notes())[note]["archived_on"] is None
    await leave(factory, praise, 0, NOW.date())
    for _twice in range(2):
        await praise.call("event", "student.left.v1", event)
        assert (await praise.notes())[note]["archived_on"] == NOW.date()
    assert (await praise.notes())[other]["archived_on"] is None
    await leave(factory, praise, 0, None)
    await praise.call("event", "student.enrolled.v1", event)
    assert (await praise.notes())[note]["archived_on"] is None


async def test_switching_on_catches_up_with_who_left(praise: Praise, factory: Factory) -> None:
    note, other = await praise.add(NOW.date()), await praise.add(NOW.date(), pupil=1)
    await leave(factory, praise, 0, NOW.date())
    await praise.call("lifecycle", "on_enable", None)
    found = await praise.notes()
    assert (found[note]["archived_on"], found[other]["archived_on"]) == (NOW.date(), None)


async def test_old_notes_are_cleared_at_night(praise: Praise, factory: Factory) -> None:
    old, kept = await praise.add(date(2025, 11, 3)), await praise.add(date(2025, 11, 4))
    gone = await praise.add(NOW.date(), pupil=1)
    await leave(factory, praise, 1, NOW.date())
    await praise.call("event", "student.left.v1", left(praise, 1))
    await praise.call("job", "praise.clear", JobRun(due_at=NOW))
    assert (await praise.notes()).keys() == {kept, gone}
    with set_now(datetime(2027, 2, 3, 8, tzinfo=UTC)):
        await praise.call("job", "praise.clear", JobRun(due_at=NOW))
    assert await praise.notes() == {}
    assert old != kept


async def test_a_count_names_nobody(praise: Praise) -> None:
    none: CommandAnswer = await praise.call("command", "count", CommandRequest())
    assert none.lines == ("no notes",)
    await praise.add(NOW.date())
    await praise.add(date(2026, 9, 1))
    await praise.add(NOW.date(), "remark")
    answer: CommandAnswer = await praise.call("command", "count", CommandRequest())
    assert answer.lines == (
        "praise: 2 in all, 1 in 30 days, by 1 people",
        "remark: 1 in all, 1 in 30 days, by 1 people",
    )


async def test_the_health_is_asked_without_a_school(host: Running) -> None:
    ref = HandlerRef("praise", "lifecycle", "health")
    outcome = await host.dispatcher.call(ref, None, EVERYWHERE, call_for(None, "kk"))
    assert outcome.value == Health(ok=True)


async def test_a_pupil_gets_the_notes_and_loses_them(praise: Praise) -> None:
    await praise.add(NOW.date())
    other = await praise.add(NOW.date(), pupil=1)
    who = Subject(kind="student", id=praise.journal.pupils[0])
    (record,) = await praise.call("privacy", "export", who)
    assert record.values["text"] == "Жарайсың"
    erased = await praise.call("privacy", "erase", Erasure(subject=who, mode="erase"))
    assert erased.rows == 1
    assert (await praise.notes()).keys() == {other}
    assert await praise.call("privacy", "export", who) == ()
    again = await praise.call("privacy", "erase", Erasure(subject=who, mode="erase"))
    assert again.rows == 0


async def test_an_anonymised_note_only_counts(praise: Praise) -> None:
    await praise.add(NOW.date())
    who = Subject(kind="student", id=praise.journal.pupils[0])
    await praise.call("privacy", "erase", Erasure(subject=who, mode="anonymise"))
    (note,) = (await praise.notes()).values()
    assert (note["student_id"], note["body"], note["kind"]) == (None, "", "praise")


async def test_a_teacher_who_is_erased_leaves_the_note_to_the_pupil(praise: Praise) -> None:
    note = await praise.add(NOW.date())
    who = Subject(kind="staff", id=praise.journal.teacher)
    assert len(await praise.call("privacy", "export", who)) == 1
    await praise.call("privacy", "erase", Erasure(subject=who, mode="erase"))
    kept = (await praise.notes())[note]
    assert (kept["author_id"], kept["body"]) == (None, "Жарайсың")
    guardian = Subject(kind="guardian", id=new_id())
    assert await praise.call("privacy", "export", guardian) == ()
    nothing = await praise.call("privacy", "erase", Erasure(subject=guardian, mode="erase"))
    assert nothing.rows == 0


async def test_a_demo_school_is_filled_the_same_for_the_same_seed(praise: Praise) -> None:
    for _twice in range(2):
        await praise.call("demo", "fill", DemoRequest(size="small", seed=7))
    found = await praise.notes()
    assert 3 <= len(found) <= 9  # one to three for each of the three pupils
    assert {note["student_id"] for note in found.values()} == {*praise.journal.pupils}
    assert all(note["body"] for note in found.values())


async def test_no_column_of_a_person_is_undeclared(host: Running, owner: Connection) -> None:
    columns = await owner.fetch(
        "select column_name as name from information_schema.columns "
        "where table_schema = 'plugin_praise' and table_name = 'note'"
    )
    declared = {one.column for one in host.registry.loaded["praise"].declared.personal_data}
    plain = {"school_id", "id", "kind", "group_id", "day", "written_at", "archived_on"}
    assert {row["name"] for row in columns} == declared | plain
