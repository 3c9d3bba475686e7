"""Jobs run, once at a time where they must, again where they failed, and never for nothing."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import timedelta

import pytest

from kundelik_core.kernel import clock
from kundelik_core.kernel.boot import Urls
from kundelik_core.kernel.db import Databases, jobs_beside_tenants, jobs_pool, tenant
from kundelik_core.kernel.jobs.queue import CORE_QUEUE, enqueue, failed_jobs, queue_overview
from kundelik_core.kernel.jobs.tasks import Job, Later, Tasks
from kundelik_core.kernel.jobs.worker import HOUSEKEEPING, run_workers
from tests.factories import Factory
from tests.postgres import SPLIT

Ran = Callable[[int], Awaitable[list[Job]]]


@pytest.fixture(autouse=True)
async def empty_queue(databases: Databases) -> AsyncIterator[None]:
    await jobs_pool().execute("delete from procrastinate.procrastinate_jobs j")
    yield
    await jobs_pool().execute("delete from procrastinate.procrastinate_jobs j")


@asynccontextmanager
async def working(urls: Urls, tasks: Tasks, **queues: int) -> AsyncIterator[None]:
    """Run a worker in this process meanwhile."""
    stop = asyncio.Event()
    task = asyncio.create_task(
        run_workers(urls.jobs, tasks, {CORE_QUEUE: 2, **queues}, stop, poll=0.5)
    )
    try:
        yield
    finally:
        stop.set()
        await asyncio.wait_for(task, 30)


class Recorder:
    """A handler that takes down its jobs and lets a test wait for them."""

    def __init__(self, raises: list[BaseException] | None = None) -> None:
        self.jobs: list[Job] = []
        self.raises = raises or []
        self._more = asyncio.Condition()

    async def __call__(self, job: Job) -> None:
        async with self._more:
            self.jobs.append(job)
            self._more.notify_all()
        if self.raises:
            raise self.raises.pop(0)

    async def count(self, number: int) -> list[Job]:
        async with asyncio.timeout(20), self._more:
            await self._more.wait_for(lambda: len(self.jobs) >= number)
        return self.jobs


def test_the_split_is_noticed(databases: Databases) -> None:
    assert jobs_beside_tenants() is not SPLIT


async def test_a_job_is_run_with_what_it_was_given(urls: Urls) -> None:
    tasks, handler = Tasks(), Recorder()
    tasks.add("test.note", handler)
    assert await enqueue("test.note", {"a": [1, "ә"]}, school_id=7)
    async with working(urls, tasks):
        (job,) = await handler.count(1)
        # Woken by the queue itself, long before the next look.
        await enqueue("test.note", {"a": 2})
        await handler.count(2)
    assert (job.name, job.payload, job.school_id, job.tries) == (
        "test.note", {"a": [1, "ә"]}, 7, 0,
    )  # fmt: skip
    assert [one.queue for one in await queue_overview() if one.queue == CORE_QUEUE] == []


async def test_the_same_once_waits_once(urls: Urls) -> None:
    later = clock.now() + timedelta(hours=1)
    assert await enqueue("test.note", {}, once="one", run_at=later)
    assert not await enqueue("test.note", {}, once="one")
    assert await enqueue("test.note", {}, once="two")
    (overview,) = await queue_overview()
    assert (overview.queue, overview.waiting, overview.later) == (CORE_QUEUE, 2, 1)
    assert overview.oldest is not None


async def test_a_job_in_a_transaction_lives_and_dies_with_it(factory: Factory, urls: Urls) -> None:
    school = await factory.school()
    with pytest.raises(ZeroDivisionError):
        async with tenant(school, write=True) as tx:
            await enqueue("test.note", {"n": 1}, tx=tx)
            await enqueue("test.note", {"n": 1}, tx=tx, once="x")
            raise ZeroDivisionError
    tasks, handler = Tasks(), Recorder()
    tasks.add("test.note", handler)
    async with tenant(school, write=True) as tx:
        await enqueue("test.note", {"n": 2}, tx=tx)
        await enqueue("test.note", {"n": 3}, tx=tx, once="x")
    async with working(urls, tasks):
        jobs = await handler.count(2)
    assert sorted(job.payload["n"] for job in jobs) == [2, 3]


async def test_what_fails_too_often_is_shown(urls: Urls) -> None:
    tasks, handler, done = Tasks(), Recorder([ValueError("x")]), Recorder()
    tasks.add("test.fail", handler)
    tasks.add("test.done", done)
    await enqueue("test.fail", {}, school_id=3, max_tries=1)
    async with working(urls, tasks):
        await handler.count(1)
        await enqueue("test.fail", {}, max_tries=2)
        handler.raises.append(ValueError("y"))
        await handler.count(2)
        await enqueue("test.done", {})
        await done.count(1)
    (failed,) = await failed_jobs()
    assert (failed.name, failed.school_id, failed.tries) == ("test.fail", 3, 1)
    assert failed.failed_at is not None
    (overview,) = await queue_overview()
    assert (overview.failed, overview.waiting, overview.later) == (1, 1, 1)


async def test_later_is_no_failure(urls: Urls) -> None:
    tasks, handler = Tasks(), Recorder([Later(0.1)])
    tasks.add("test.later", handler)
    await enqueue("test.later", {"k": 1}, max_tries=1)
    async with working(urls, tasks):
        jobs = await handler.count(2)
    assert [(job.payload, job.tries) for job in jobs] == [({"k": 1}, 0)] * 2
    assert await failed_jobs() == []


async def test_a_job_that_hangs_is_given_up(urls: Urls) -> None:
    tasks, seen = Tasks(), asyncio.Event()

    async def hang(_job: Job) -> None:
        seen.set()
        await asyncio.Event().wait()

    tasks.add("test.hang", hang)
    await enqueue("test.hang", {}, timeout_s=1, max_tries=1)
    async with working(urls, tasks):
        await asyncio.wait_for(seen.wait(), 10)
        async with asyncio.timeout(10):
            while not await failed_jobs():  # noqa: ASYNC110 - the database is who tells
                await asyncio.sleep(0.05)


async def test_queues_have_their_own_limits(urls: Urls) -> None:
    """A queue that is full holds up nobody else, and never runs more than it may."""
    tasks, free, full, running, most = Tasks(), asyncio.Event(), asyncio.Event(), 0, 0

    async def wait(_job: Job) -> None:
        nonlocal running, most
        running += 1
        most = max(most, running)
        if running == 2:
            full.set()
        await free.wait()
        running -= 1

    quick, slow = Recorder(), Recorder()
    tasks.add("test.wait", wait)
    tasks.add("test.quick", quick)
    tasks.add("test.slow", slow)
    for _ in range(4):
        await enqueue("test.wait", {}, queue="jobs.slow")
    await enqueue("test.slow", {}, queue="jobs.slow")
    async with working(urls, tasks, **{"jobs.slow": 2}):
        await asyncio.wait_for(full.wait(), 10)
        await enqueue("test.quick", {})
        await quick.count(1)
        assert slow.jobs == []
        free.set()
        await slow.count(1)
    assert most == 2


async def test_a_stop_waits_for_what_is_under_way(urls: Urls) -> None:
    tasks, started, finished = Tasks(), asyncio.Event(), asyncio.Event()

    async def work(_job: Job) -> None:
        started.set()
        await asyncio.sleep(0.3)
        finished.set()

    tasks.add("test.work", work)
    await enqueue("test.work", {})
    async with working(urls, tasks):
        await asyncio.wait_for(started.wait(), 10)
    assert finished.is_set()
    assert await queue_overview() == []


async def test_what_a_killed_worker_was_doing_is_taken_up_again(urls: Urls) -> None:
    tasks, handler = Tasks(), Recorder()
    tasks.add("test.note", handler)
    await enqueue("test.note", {"n": 1})
    pool = jobs_pool()
    await pool.execute(
        "with w as (insert into procrastinate.procrastinate_workers (last_heartbeat) "
        "values (now() - interval '1 minute') returning id) "
        "update procrastinate.procrastinate_jobs j set status = 'doing', worker_id = w.id from w"
    )
    async with working(urls, tasks):
        await enqueue(HOUSEKEEPING, {})
        (job,) = await handler.count(1)
    assert (job.payload, job.tries) == ({"n": 1}, 1)
