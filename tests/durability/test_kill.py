"""What was acknowledged is kept, whatever is killed meanwhile; what was not is whole or absent."""

import asyncio
import os
import signal
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg
import httpx
import msgspec
import pytest

from kundelik_core.gradebook.cells import decode
from kundelik_core.gradebook.journal.actions import LOCK
from kundelik_core.gradebook.periods.actions import recompute
from kundelik_core.identity.rules import new_token, token_hash
from kundelik_core.kernel import db
from kundelik_core.kernel.boot import DATABASE, SOURCES, Urls, embedded_urls, migrate_all
from kundelik_core.kernel.ids import new_id
from kundelik_core.kernel.pg import EmbeddedPostgres
from kundelik_core.web.setup import LOADERS
from kundelik_core.web.visit import SESSION_COOKIE
from tests.factories import Factory, Journal
from tests.server import Server, roomy_dir

pytestmark = [pytest.mark.durability, pytest.mark.slow, pytest.mark.xdist_group("durability")]

PUPILS, LESSONS, GROUPS = 26, 5, 4
MARKS = PUPILS * LESSONS * GROUPS
# Every fifth mark is corrected afterwards.
CORRECTIONS = MARKS // 5
BATCH = 5
SECONDS = 150


class Class(msgspec.Struct):
    """A journal with the sessions of the teachers who write in it."""

    journal: Journal
    tokens: list[str]


class Sent(msgspec.Struct):
    """What the clients know at the end."""

    acknowledged: dict[UUID, dict[str, Any]] = {}
    failures: int = 0
    killed: list[str] = []
    more: asyncio.Condition = msgspec.field(default_factory=asyncio.Condition)


@pytest.fixture
def place() -> Iterator[Path]:
    with roomy_dir("durable") as made:
        yield made


@pytest.fixture
def postgres(place: Path) -> Iterator[EmbeddedPostgres]:
    """A cluster as an installation has it: fsync on."""
    server = EmbeddedPostgres(place)
    server.start()
    yield server
    # Whoever restarted it meanwhile holds it too; the last one stops it.
    server.stop()


@pytest.fixture
async def urls(postgres: EmbeddedPostgres) -> Urls:
    found = embedded_urls(postgres, dict.fromkeys(SOURCES, DATABASE))
    await migrate_all(found, postgres, LOADERS)
    return found


@pytest.fixture
async def classes(urls: Urls) -> list[Class]:
    factory = await Factory.open(urls)
    async with factory.tenant.transaction(), factory.directory.transaction():
        schools = [await factory.school(), await factory.school()]
        found = [await _class(factory, school) for school in schools for _n in range(GROUPS // 2)]
    await factory.close()
    return found


async def _class(factory: Factory, school: int) -> Class:
    journal = await factory.journal(school, pupils=PUPILS, lessons=LESSONS)
    second = await factory.person(school, "Жұмабаева", "Сәуле", role="teacher")
    await factory.tenant.execute(
        "insert into core.group_teacher (school_id, group_id, teacher_id, from_date) "
        "select school_id, group_id, $3, from_date from core.group_teacher "
        "where school_id = $1 and group_id = $2", school, journal.group, second,
    )  # fmt: skip
    tokens = [await _session(factory, school, who) for who in (journal.teacher, second)]
    return Class(journal=journal, tokens=tokens)


async def _session(factory: Factory, school: int, person: UUID) -> str:
    account = await factory.account(
        f"t.{person.hex[-12:]}", memberships=[(school, person, "teacher")]
    )
    token = new_token()
    now = datetime.now(UTC)
    await factory.directory.execute(
        "insert into directory.session (token_hash, account_id, created_at, seen_at, expires_at) "
        "values ($1, $2, $3, $3, $4)", token_hash(token), account, now, now + timedelta(hours=2),
    )  # fmt: skip
    return token


def _work(journal: Journal, half: int) -> Iterator[list[dict[str, Any]]]:
    """The changes of one of a group's two teachers, batch by batch, corrections last."""
    cells = [
        (column, pupil)
        for number, column in enumerate(journal.lessons)
        for pupil in journal.pupils
        if (journal.pupils.index(pupil) + number) % 2 == half
    ]
    changes = [_change(cell, str(1 + n % 9), "") for n, cell in enumerate(cells)]
    again = [
        _change(cell, "10", change["value"])
        for cell, change in zip(cells[::5], changes[::5], strict=True)
    ]
    for part in (changes, again):
        for start in range(0, len(part), BATCH):
            yield part[start : start + BATCH]


def _change(cell: tuple[UUID, UUID], value: str, base: str) -> dict[str, Any]:
    return {"id": str(new_id()), "column": str(cell[0]), "pupil": str(cell[1]), "value": value,
            "base": base, "reason": None}  # fmt: skip


async def _write(server: Server, one: Class, half: int, sent: Sent) -> None:
    """Save like the journal's page does: what is not answered is sent again with the same ids."""
    async with httpx.AsyncClient(
        base_url=server.url, cookies={SESSION_COOKIE: one.tokens[half]}, timeout=20
    ) as client:
        for changes in _work(one.journal, half):
            await _send(client, f"/api/v1/journal/{one.journal.group}/cells", changes, sent)


async def _send(
    client: httpx.AsyncClient, address: str, changes: list[dict[str, Any]], sent: Sent
) -> None:
    while True:
        try:
            answer = await client.post(address, json={"changes": changes})
        except httpx.TransportError:
            answer = None
        if answer is not None and answer.status_code == 200:
            break
        # Nothing but "not now" is a reason to try again.
        assert answer is None or answer.status_code == 503, answer.text
        sent.failures += 1
        await asyncio.sleep(0.1)
    by_id = {change["id"]: change for change in changes}
    for result in answer.json()["results"]:
        assert result["state"] == "saved", result
        assert result["value"] == by_id[result["id"]]["value"]
        sent.acknowledged[UUID(result["id"])] = by_id[result["id"]]
    async with sent.more:
        sent.more.notify_all()


def _postmaster(server: EmbeddedPostgres) -> int:
    return int((server.data / "postmaster.pid").read_text().split("\n", 1)[0])


async def _acknowledged(sent: Sent, number: int) -> None:
    async with sent.more:
        await sent.more.wait_for(lambda: len(sent.acknowledged) >= number)


async def _disturb(server: Server, postgres: EmbeddedPostgres, sent: Sent) -> None:
    """Kill one thing after another while the clients write."""
    await _acknowledged(sent, MARKS // 6)
    assert len(server.kill_workers()) == 2
    sent.killed.append("the workers")
    await _acknowledged(sent, MARKS * 3 // 6)
    killed = _postmaster(postgres)
    os.kill(killed, signal.SIGKILL)
    again = EmbeddedPostgres(postgres.home)
    await asyncio.to_thread(again.start)
    assert _postmaster(postgres) != killed
    again.stop()
    sent.killed.append("PostgreSQL")
    await _acknowledged(sent, MARKS * 5 // 6)
    server.kill()
    await asyncio.to_thread(server.start)
    sent.killed.append("the whole server")


async def test_acknowledged_marks_survive_kills(
    place: Path, postgres: EmbeddedPostgres, urls: Urls, classes: list[Class]
) -> None:
    server = Server(place)
    server.start()
    sent = Sent()
    try:
        async with asyncio.timeout(SECONDS), asyncio.TaskGroup() as tasks:
            tasks.create_task(_disturb(server, postgres, sent))
            for one in classes:
                for half in (0, 1):
                    tasks.create_task(_write(server, one, half, sent))
    finally:
        # Shown when the test fails: how far it came, and what the server says to it.
        print(f"{len(sent.acknowledged)} saved after {sent.killed}\n{server.said()}")
        server.stop()
    assert sent.killed == ["the workers", "PostgreSQL", "the whole server"]
    assert sent.failures > 0, "nobody noticed the kills: the test proves nothing"
    assert len(sent.acknowledged) == MARKS + CORRECTIONS
    owner = await asyncpg.connect(urls.migrate_tenant)
    try:
        await _kept(owner, sent)
        await _whole(owner)
        await _computed(owner, urls, classes)
    finally:
        await owner.close()


async def _kept(owner: Any, sent: Sent) -> None:
    """Every acknowledged change has its line of history, once, and the last one stands."""
    rows = await owner.fetch("select id, column_id, pupil_id, old, new from core.cell_history")
    assert len(rows) == len({row["id"] for row in rows}) == len(sent.acknowledged)
    final: dict[tuple[str, str], str] = {}
    # Dicts keep the order of the acknowledgements: a correction comes after what it corrects.
    for change in sent.acknowledged.values():
        final[change["column"], change["pupil"]] = change["value"]
    for row in rows:
        change = sent.acknowledged[row["id"]]
        assert (str(row["column_id"]), str(row["pupil_id"])) == (change["column"], change["pupil"])
        assert decode(row["new"]).points == Decimal(change["value"])
        assert (decode(row["old"]).points or "") == (
            Decimal(change["base"]) if change["base"] else ""
        )
    marks = await owner.fetch("select work_id, pupil_id, points, version from core.mark")
    assert {(str(m["work_id"]), str(m["pupil_id"])): m["points"] for m in marks} == {
        cell: Decimal(value) for cell, value in final.items()
    }
    # A retry that was written twice would count twice.
    assert sum(m["version"] for m in marks) == MARKS + CORRECTIONS


async def _whole(owner: Any) -> None:
    """No mark without history, no history without a mark, no column without a lesson."""
    assert not await owner.fetch(
        "select 1 from core.mark m full join core.cell_history h "
        "on h.school_id = m.school_id and h.column_id = m.work_id and h.pupil_id = m.pupil_id "
        "where m.work_id is null or h.id is null"
    )
    assert not await owner.fetch(
        "select 1 from core.mark m left join core.work w "
        "on w.school_id = m.school_id and w.id = m.work_id where w.id is null"
    )


async def _results(owner: Any) -> list[tuple[Any, ...]]:
    rows = await owner.fetch(
        "select school_id, group_id, pupil_id, period, raw, terms::text, percent, mark, status, "
        "provisional from core.period_result order by 1, 2, 3, 4"
    )
    return [tuple(row.values()) for row in rows]


async def _computed(owner: Any, urls: Urls, classes: list[Class]) -> None:
    """The results that were kept with the saves are those of all the marks."""
    kept = await _results(owner)
    assert len(kept) == PUPILS * GROUPS
    before = db._databases
    opened = await db.Databases.open(urls.tenant, urls.directory, urls.jobs, size=2)
    db.use_databases(opened)
    try:
        for one in classes:
            journal = one.journal
            async with db.tenant(journal.school_id, write=True, lock=(LOCK, journal.group)) as tx:
                await recompute(tx, journal.group, "q2")
    finally:
        db.use_databases(before)
        await opened.close()
    assert await _results(owner) == kept
