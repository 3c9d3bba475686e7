"""A module with tables, pages and people in them does the same in a process of its own."""

from collections.abc import AsyncIterator, Iterator
from datetime import UTC, date, datetime
from typing import Any, Final
from uuid import UUID

import asyncpg
import msgspec
import pytest

from kundelik_core.kernel.boot import Urls
from kundelik_core.kernel.clock import set_now
from kundelik_core.kernel.db import Databases, tenant
from kundelik_core.kernel.ids import new_id
from kundelik_core.plugins.actions import enable_plugin
from kundelik_core.plugins.context import CallContext, call_for
from kundelik_core.plugins.database import (
    Logins,
    PluginPools,
    Signer,
    install_key,
    migrate_plugin,
    provision,
)
from kundelik_core.plugins.declared import HandlerKind, HandlerRef
from kundelik_core.plugins.discover import find_plugins
from kundelik_core.plugins.dispatch import Dispatcher
from kundelik_core.plugins.registry import Registry, load_plugins
from kundelik_core.plugins.render import JinjaRenderer
from kundelik_core.plugins.runner import LocalRunner, Runner
from kundelik_core.sdk import (
    Actor,
    CommandRequest,
    DemoRequest,
    DiaryWeek,
    Erasure,
    Event,
    Html,
    JobRun,
    PageRequest,
    School,
    StudentCard,
    StudentLeft,
    Subject,
    Viewer,
)
from tests.factories import Factory, Journal
from tests.integration.plugin_host.hosting import hosting
from tests.unit.plugins.dists import Site

# As the tests of the modules have them: the roles belong to the whole server.
SIGNER: Final = Signer(b"m" * 32)
SECRET: Final = b"n" * 32
NOW: Final = datetime(2026, 11, 4, 8, 0, tzinfo=UTC)
PRAISE: Final = "praise"


@pytest.fixture(autouse=True)
def at_school() -> Iterator[None]:
    with set_now(NOW):
        yield


class Way:
    """The module in one of the two modes, called in one school."""

    def __init__(self, registry: Registry, runner: Runner) -> None:
        self.dispatcher = Dispatcher(registry, runner, JinjaRenderer(registry), equip=_equip)

    async def call(
        self, school: int, kind: HandlerKind, name: str, payload: object, actor: Actor | None = None
    ) -> Any:
        ref = HandlerRef(PRAISE, kind, name)
        outcome = await self.dispatcher.call(ref, payload, {PRAISE}, _in(school, actor))
        assert outcome.done, outcome.error
        return outcome.value

    async def page(self, school: int, actor: Actor, name: str, request: PageRequest) -> object:
        """Return what a page answers; the HTML of one that has a template."""
        answer = await self.call(school, "page", name, request, actor)
        if not isinstance(answer, Html):
            return answer
        ref = HandlerRef(PRAISE, "page", name)
        return self.dispatcher.render_page(ref, answer, _in(school, actor)).value

    async def slot(self, school: int, actor: Actor, slot: str, args: Any) -> list[str]:
        call = _in(school, actor)
        shown = await self.dispatcher.render_slot(slot, args, {PRAISE}, call)
        return [str(one.html) for one in shown]


def _in(school: int, actor: Actor | None) -> CallContext:
    told = School(id=school, name="Мектеп", zone="Asia/Almaty", languages=("kk",))
    return call_for(told, "ru", actor, "r1")


def _equip(plugin: str, call: CallContext) -> CallContext:
    assert call.school is not None
    return msgspec.structs.replace(call, db_token=SIGNER.mint(plugin, call.school.id))


@pytest.fixture(scope="module")
async def ways(
    urls: Urls, databases: Databases, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[tuple[Registry, Way, Way]]:
    found = next(one for one in find_plugins() if one.name == PRAISE)
    here = load_plugins([found], {PRAISE})
    one, logins = here.loaded[PRAISE], Logins(urls.tenant, SECRET)
    admin = await asyncpg.connect(urls.migrate_tenant)
    await install_key(admin, SIGNER)
    await provision(admin, PRAISE, one.manifest.data.reads, logins=logins)
    await migrate_plugin(urls.migrate_tenant, PRAISE, one.root / "migrations", signer=SIGNER)
    await admin.close()
    pools = PluginPools(logins.url_for)
    site, data = Site(tmp_path_factory.mktemp("none")), tmp_path_factory.mktemp("data")
    with hosting(data, site, found, url=logins.url_for(PRAISE)) as hosted:
        there = hosted.load(found)
        assert there.loaded[PRAISE].declared == one.declared
        yield here, Way(here, LocalRunner(here, pools.of)), Way(there, hosted.hosted.runner)
        await hosted.hosted.close()
    await pools.close()


@pytest.fixture
async def journal(ways: tuple[Registry, Way, Way], factory: Factory) -> Journal:
    made = await factory.journal(await factory.school())
    async with tenant(made.school_id, write=True) as tx:
        await enable_plugin(tx, ways[0], PRAISE, made.teacher)
    return made


def people(journal: Journal) -> dict[str, Actor]:
    return {
        "teacher": Actor(person_id=journal.teacher, roles=("teacher",)),
        "director": Actor(person_id=new_id(), roles=("director",)),
        "pupil": Actor(
            person_id=journal.pupils[0], roles=("pupil",), students=(journal.pupils[0],)
        ),
        "nobody": Actor(person_id=None, roles=()),
    }


async def test_all_it_shows_is_the_same(ways: tuple[Registry, Way, Way], journal: Journal) -> None:
    registry, here, there = ways
    school, child = journal.school_id, journal.pupils[0]
    await there.call(school, "demo", "fill", DemoRequest(size="full", seed=1))
    params = {"student": str(child), "class_id": str(journal.school_class)}
    request = PageRequest(params=params, query={"student": (str(child),)})
    shown = 0
    for name, actor in people(journal).items():
        for page in registry.loaded[PRAISE].declared.pages:
            # A new form has a new key each time, and is posted below.
            if page.method == "GET" and not page.path.startswith("write"):
                way = f"GET {page.path}"
                before = await here.page(school, actor, way, request)
                assert before == await there.page(school, actor, way, request), (name, way)
        viewer: Viewer = "student" if name == "pupil" else "staff"
        week = DiaryWeek(student_id=child, monday=date(2026, 11, 2), viewer=viewer)
        for slot, args in (("diary.week", week), ("student.card", StudentCard(student_id=child))):
            fragments = await here.slot(school, actor, slot, args)
            assert fragments == await there.slot(school, actor, slot, args)
            shown += len(fragments)
    assert shown


async def test_all_it_does_is_the_same(ways: tuple[Registry, Way, Way], journal: Journal) -> None:
    _registry, here, there = ways
    school, child = journal.school_id, journal.pupils[0]
    teacher = people(journal)["teacher"]
    for way, other in ((there, here), (here, there)):
        form = {"id": (str(new_id()),), "kind": ("praise",), "body": (f"Жарайсың {way is here}",)}
        sent = PageRequest(params={"student": str(child)}, form=form)
        answers = [
            await one.page(school, teacher, "POST write/{student:uuid}", sent)
            for one in (way, other)  # the second time it is the same note
        ]
        assert answers[0] == answers[1]
    assert await _lines(here, school) == await _lines(there, school)
    subject = Subject(kind="student", id=child)
    exported = [await way.call(school, "privacy", "export", subject) for way in (here, there)]
    assert exported[0] == exported[1]
    assert len(exported[0]) >= 2
    await there.call(school, "job", "praise.clear", JobRun(due_at=NOW))
    event = Event(
        id=new_id(), type="student.left.v1", school_id=school, occurred_at=NOW, actor_id=None,
        data=StudentLeft(student_id=child, class_id=journal.school_class),
    )  # fmt: skip
    await there.call(school, "event", "student.left.v1", event)
    await there.call(school, "lifecycle", "on_enable", None)
    assert await here.call(school, "lifecycle", "health", None) == await there.call(
        school, "lifecycle", "health", None
    )
    erasure = Erasure(subject=subject, mode="erase")
    assert (await there.call(school, "privacy", "erase", erasure)).rows
    assert (await here.call(school, "privacy", "erase", erasure)).rows == 0
    assert await here.call(school, "privacy", "export", subject) == ()


async def _lines(way: Way, school: int) -> tuple[str, ...]:
    answer = await way.call(school, "command", "count", CommandRequest())
    lines: tuple[str, ...] = answer.lines
    assert lines
    return lines


async def test_no_school_sees_another_ones(
    ways: tuple[Registry, Way, Way], journal: Journal, factory: Factory
) -> None:
    _registry, _here, there = ways
    await there.call(journal.school_id, "demo", "fill", DemoRequest(size="small", seed=1))
    other = await factory.school()
    mine, others = await _lines(there, journal.school_id), await _lines(there, other)
    assert mine != others
    unknown: UUID = journal.pupils[0]
    subject = Subject(kind="student", id=unknown)
    assert await there.call(other, "privacy", "export", subject) == ()
