"""A worker brings plugins their events and starts their jobs where they are on, nowhere else."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, cast
from uuid import UUID

import pytest

from kundelik_core import sdk
from kundelik_core.kernel import clock
from kundelik_core.kernel.boot import Urls
from kundelik_core.kernel.db import Databases, jobs_pool, tenant
from kundelik_core.kernel.ids import new_id
from kundelik_core.kernel.jobs.queue import CORE_QUEUE, enqueue, failed_jobs
from kundelik_core.kernel.jobs.tasks import Job, Later, Tasks
from kundelik_core.kernel.jobs.worker import run_workers
from kundelik_core.kernel.outbox.emit import set_subscribers
from kundelik_core.kernel.outbox.letters import waiting
from kundelik_core.plugins.actions import enable_plugin
from kundelik_core.plugins.allowed import Allowed
from kundelik_core.plugins.breaker import LocalBoard
from kundelik_core.plugins.declared import Declared, DeclaredJob, DeclaredSubscription
from kundelik_core.plugins.delivery import SCHEDULE, SWEEP, PluginWork, subscribers_of
from kundelik_core.plugins.dispatch import Dispatcher
from kundelik_core.plugins.registry import Loaded, Registry
from kundelik_core.plugins.runner import LocalRunner
from kundelik_core.plugins.schedule import forget_schedules, start_due
from kundelik_core.plugins.work import plugin_work
from kundelik_core.sdk import Cron, Event, Every, JobRun, Manifest, PluginContext, Text
from kundelik_core.sdk.events import MarkRecorded
from tests.factories import Factory
from tests.integration.outbox.conftest import say

MINUTE = timedelta(minutes=1)


class Vendor:
    """The handlers of a plugin ``praise``; they take down what they get."""

    def __init__(self) -> None:
        self.events: list[tuple[int, UUID, str]] = []
        self.runs: list[tuple[int | None, JobRun]] = []
        self.fails = 0
        self.more = asyncio.Condition()

    async def on_mark(self, ctx: PluginContext, event: Event[MarkRecorded]) -> None:
        if self.fails:
            self.fails -= 1
            raise ValueError
        async with self.more:
            self.events.append((ctx.school.id, event.id, ctx.school.zone))
            self.more.notify_all()

    async def count(self, ctx: PluginContext, run: JobRun) -> None:
        await self._ran(ctx.school.id, run)

    async def tidy(self, _ctx: PluginContext, run: JobRun) -> None:
        await self._ran(None, run)

    async def _ran(self, school: int | None, run: JobRun) -> None:
        async with self.more:
            self.runs.append((school, run))
            self.more.notify_all()

    async def until(self, *, events: int = 0, runs: int = 0) -> None:
        async with asyncio.timeout(20), self.more:
            await self.more.wait_for(lambda: len(self.events) >= events and len(self.runs) >= runs)


def job(name: str, schedule: Every | Cron, *, per_school: bool = True) -> DeclaredJob:
    return DeclaredJob(
        name=name, schedule=schedule, timeout_s=5, max_tries=2, concurrency=1,
        per_school=per_school,
    )  # fmt: skip


@pytest.fixture
def vendor() -> Vendor:
    return Vendor()


@pytest.fixture
def registry(vendor: Vendor) -> Registry:
    manifest = Manifest(
        manifest=1, name="praise", api=">=0", kind="module", level="school",
        title=Text(kk="t", ru="t", en="t"),
        vendor=sdk.Vendor(name="v", url="https://v.example", support="s", security="s"),
    )  # fmt: skip
    declared = Declared(
        subscriptions=(
            DeclaredSubscription(event="mark.recorded.v1", max_tries=3, timeout_s=5),
        ),
        jobs=(
            job("praise.count", Cron(spec="0 12 * * *")),
            job("praise.tidy", Every(seconds=3600), per_school=False),
        ),
    )  # fmt: skip
    handlers: Any = {
        ("event", "mark.recorded.v1"): vendor.on_mark,
        ("job", "praise.count"): vendor.count,
        ("job", "praise.tidy"): vendor.tidy,
    }
    one = Loaded(manifest=manifest, version="1", root=Path(), declared=declared, handlers=handlers)
    return Registry((), {"praise": one})


@pytest.fixture
def board() -> LocalBoard:
    return LocalBoard()


@pytest.fixture
def work(registry: Registry, board: LocalBoard) -> PluginWork:
    allowed = Allowed(registry)
    dispatcher = Dispatcher(
        registry, LocalRunner(registry), cast("Any", None), board=board, equip=allowed.equip
    )
    return plugin_work(registry, dispatcher, allowed.active)


@pytest.fixture(autouse=True)
async def empty_queue(databases: Databases) -> AsyncIterator[None]:
    await jobs_pool().execute("delete from procrastinate.procrastinate_jobs j")
    await forget_schedules("praise")
    yield
    set_subscribers(None)
    await jobs_pool().execute("delete from procrastinate.procrastinate_jobs j")


@asynccontextmanager
async def working(urls: Urls, work: PluginWork) -> AsyncIterator[None]:
    tasks, stop = Tasks(), asyncio.Event()
    work.add_to(tasks)
    queues = {CORE_QUEUE: 2, **work.queues()}
    task = asyncio.create_task(run_workers(urls.jobs, tasks, queues, stop, poll=0.5))
    try:
        yield
    finally:
        stop.set()
        await asyncio.wait_for(task, 30)


async def school_with_praise(factory: Factory, registry: Registry) -> int:
    school = await factory.school()
    async with tenant(school, write=True) as tx:
        await enable_plugin(tx, registry, "praise", new_id())
    return school


def test_a_plugin_has_its_own_queues(work: PluginWork) -> None:
    assert work.queues() == {"events.praise": 2, "jobs.praise": 2}
    tasks = Tasks()
    work.add_to(tasks)
    assert sorted(tasks.minutely) == [SWEEP, SCHEDULE]


def test_without_plugins_nothing_runs_by_the_clock() -> None:
    none = PluginWork(Registry(), cast("Any", None), cast("Any", None), cast("Any", None))
    tasks = Tasks()
    none.add_to(tasks)
    assert (none.queues(), tasks.minutely) == ({}, [])
    assert subscribers_of(Registry(), lambda _school: None) is None


async def test_a_mark_reaches_the_plugin_by_itself(
    factory: Factory, urls: Urls, work: PluginWork, registry: Registry, vendor: Vendor
) -> None:
    school = await school_with_praise(factory, registry)
    set_subscribers(subscribers_of(registry, lambda _school: None))
    async with working(urls, work):
        ids = await say(school, [new_id(), new_id()])
        await vendor.until(events=2)
    assert sorted(vendor.events) == sorted((school, one, "Asia/Almaty") for one in ids)


async def test_where_it_is_off_the_event_is_dropped(
    factory: Factory, urls: Urls, work: PluginWork, registry: Registry, vendor: Vendor
) -> None:
    off, on = await factory.school(), await school_with_praise(factory, registry)
    set_subscribers(subscribers_of(registry, lambda _school: None))
    async with working(urls, work):
        await say(off, [new_id()])
        await say(on, [new_id()])
        await vendor.until(events=1)
        async with asyncio.timeout(10):
            while await factory.tenant.fetchval(  # noqa: ASYNC110 - the database is who tells
                "select count(*) from core.outbox where school_id = $1", off
            ):
                await asyncio.sleep(0.05)
    assert [school for school, _, _ in vendor.events] == [on]
    known = subscribers_of(registry, lambda school: {"praise"} if school == on else ())
    assert known is not None
    assert (list(known(on, "mark.recorded.v1")), list(known(off, "mark.recorded.v1"))) == (
        ["praise"], [],
    )  # fmt: skip
    assert list(known(on, "mark.removed.v1")) == []


async def test_the_sweep_finds_what_no_ping_told_of(
    factory: Factory, urls: Urls, work: PluginWork, registry: Registry, vendor: Vendor
) -> None:
    school = await school_with_praise(factory, registry)
    set_subscribers(subscribers_of(registry, lambda _school: None))
    await say(school, [new_id()])
    await asyncio.sleep(0.2)
    await jobs_pool().execute("delete from procrastinate.procrastinate_jobs j")
    async with working(urls, work):
        await enqueue(SWEEP, {})
        await vendor.until(events=1)


async def test_a_failing_plugin_is_tried_as_often_as_it_asked_for(
    factory: Factory, work: PluginWork, registry: Registry, vendor: Vendor
) -> None:
    school = await school_with_praise(factory, registry)
    set_subscribers(subscribers_of(registry, lambda _school: None))
    vendor.fails = 3
    await say(school, [new_id()])
    now = clock.now()
    for minutes in range(0, 30, 5):
        with clock.set_now(now + minutes * MINUTE):
            await work._deliver_events(
                Job(id=1, name="x", payload={"plugin": "praise"}, school_id=school)
            )
    async with tenant(school) as tx:
        (state,) = await waiting(tx)
    assert (state.waiting, state.dead, vendor.fails, vendor.events) == (0, 1, 0, [])


async def test_a_tripped_plugin_gets_its_events_later(
    factory: Factory, work: PluginWork, registry: Registry, board: LocalBoard, vendor: Vendor
) -> None:
    school = await school_with_praise(factory, registry)
    set_subscribers(subscribers_of(registry, lambda _school: None))
    (event,) = await say(school, [new_id()])
    for _ in range(40):
        board.record("praise", False)
    assert not board.admits("praise")
    row = Event(
        id=event, type="mark.recorded.v1", school_id=school, occurred_at=clock.now(),
        actor_id=None, data=MarkRecorded(student_id=new_id(), group_id=new_id(), work_id=new_id()),
    )  # fmt: skip
    with pytest.raises(Later):
        await work._hand_over("praise", row)
    assert vendor.events == []


async def test_jobs_start_on_time_in_schools_where_the_plugin_is_on(
    factory: Factory, urls: Urls, work: PluginWork, registry: Registry, vendor: Vendor
) -> None:
    on, off = await school_with_praise(factory, registry), await factory.school()
    morning = datetime(2026, 11, 20, 5, 30, tzinfo=UTC)  # half past ten in Almaty
    noon = morning.replace(hour=7, minute=0)
    with clock.set_now(morning):
        assert await start_due(work.jobs()) == 0, "seen for the first time"
    with clock.set_now(morning + 59 * MINUTE):
        assert await start_due(work.jobs()) == 0
    with clock.set_now(noon):
        assert await start_due(work.jobs()) == 2
        assert await start_due(work.jobs()) == 0
    async with working(urls, work), asyncio.timeout(20), vendor.more:
        await vendor.more.wait_for(lambda: {None, on} <= {school for school, _ in vendor.runs})
    # Other tests' schools have the plugin too.
    # The worker looks at the real clock each minute, which may come in between.
    then = [(school, run) for school, run in vendor.runs if run.due_at <= noon]
    schools = [school for school, _ in then]
    assert len(schools) == len(set(schools))
    assert off not in schools
    runs = dict(then)
    assert runs[on] == JobRun(due_at=noon, attempt=1)
    assert runs[None] == JobRun(due_at=morning + 60 * MINUTE, attempt=1)
    assert await failed_jobs() == []
