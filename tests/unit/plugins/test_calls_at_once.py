"""Handlers that are called together: quick ones share a task, and none notices another."""

import asyncio
import contextlib
import contextvars
import time
from collections.abc import Callable, Coroutine, Iterator
from typing import Any

import pytest

from kundelik_core.plugins.calls import Answer, Calls, Late, Raised, Work

Handler = Callable[[], Coroutine[Any, Any, object]]
SPOT: contextvars.ContextVar[str] = contextvars.ContextVar("spot", default="-")


class Storm(BaseException):
    """No Exception."""


def works(*handlers: Handler, seconds: float = 5) -> list[Work]:
    return [(handler.__name__, handler(), seconds) for handler in handlers]


async def run(*handlers: Handler, seconds: float = 5, calls: Calls | None = None) -> list[Answer]:
    return await (calls or Calls()).run(works(*handlers, seconds=seconds))


def named(name: str, handler: Handler) -> Handler:
    handler.__name__ = name
    return handler


async def quick() -> object:
    return "quick"


async def slow() -> object:
    await asyncio.sleep(0.01)
    return "slow"


def raising(error: BaseException) -> Handler:
    async def handler() -> object:
        raise error

    return handler


Counting = tuple[asyncio.AbstractEventLoop, list[str]]


@pytest.fixture
def counting() -> Iterator[Counting]:
    """A loop, and the tasks that were made in it, by the names of their coroutines."""
    made: list[str] = []
    loop = asyncio.new_event_loop()

    def make(
        loop: asyncio.AbstractEventLoop, coro: Coroutine[Any, Any, Any], **more: Any
    ) -> asyncio.Task[Any]:
        made.append(getattr(coro, "__name__", ""))
        return asyncio.Task(coro, loop=loop, **more)

    loop.set_task_factory(make)  # type: ignore[arg-type]  # as asyncio calls it
    yield loop, made
    loop.close()


def test_quick_ones_share_one_task(counting: Counting) -> None:
    loop, tasks_made = counting
    found = loop.run_until_complete(run(*[quick] * 10))
    assert found == ["quick"] * 10
    assert len(tasks_made) == 2  # the test's own, and theirs


def test_those_that_waited_get_a_task_each_the_next_time(counting: Counting) -> None:
    loop, tasks_made = counting
    calls = Calls()
    handlers = [quick, slow, quick, named("other", _copy(slow)), quick]
    for _ in range(3):
        tasks_made.clear()
        found = loop.run_until_complete(run(*handlers, calls=calls))
        assert found == ["quick", "slow", "quick", "slow", "quick"]
        assert len(tasks_made) == 1 + 3
    # One that has stopped waiting goes back to the others.
    for expected in (2 + 1, 2):
        tasks_made.clear()
        loop.run_until_complete(run(quick, named("slow", _copy(quick)), calls=calls))
        assert len(tasks_made) == expected


def _copy(handler: Handler) -> Handler:
    async def copied() -> object:
        return await handler()

    return copied


async def test_no_handler_runs_in_the_task_of_the_page() -> None:
    async def who() -> object:
        return asyncio.current_task()

    async def who_late() -> object:
        before = asyncio.current_task()
        await asyncio.sleep(0)
        assert asyncio.current_task() is before
        return before

    found = await run(who, who_late, who, who_late)
    assert asyncio.current_task() not in found
    assert all(isinstance(one, asyncio.Task) for one in found)
    assert found[1] is not found[3]


async def test_order_is_kept_whoever_waits() -> None:
    async def after(seconds: float) -> object:
        await asyncio.sleep(seconds)
        return seconds

    delays = [0.02, 0.0, 0.01, 0.0, 0.03]
    assert await Calls().run([(n, after(n), 5) for n in delays]) == delays


async def test_one_that_waits_after_working_holds_nobody_up() -> None:
    async def works_then_waits() -> object:
        total = sum(range(1000))
        await asyncio.sleep(0.05)
        return total

    began: list[float] = []

    async def begins() -> object:
        began.append(time.monotonic())
        return None

    at = time.monotonic()
    found = await run(works_then_waits, begins, works_then_waits, begins)
    assert found == [499500, None, 499500, None]
    # Those behind it did not wait for it.
    assert all(one - at < 0.04 for one in began) or time.monotonic() - at > 0.2


@pytest.mark.parametrize(
    "error",
    [RuntimeError("x"), Storm(), SystemExit(3), KeyboardInterrupt(), GeneratorExit(),
     StopAsyncIteration(), MemoryError()],
)  # fmt: skip
@pytest.mark.parametrize("when", ["at once", "later"])
async def test_what_one_raises_is_its_own(error: BaseException, when: str) -> None:
    async def fails() -> object:
        if when == "later":
            await asyncio.sleep(0)
        raise error

    found = await run(quick, fails, quick, slow)
    assert found[0] == found[2] == "quick"
    assert found[3] == "slow"
    assert type(found[1]) is Raised
    assert found[1].error is error


@pytest.mark.parametrize("when", ["at once", "later"])
async def test_a_stop_iteration_is_an_error_as_any_other(when: str) -> None:
    async def fails() -> object:
        if when == "later":
            await asyncio.sleep(0)
        raise StopIteration("not an answer")

    found = await run(fails, quick)
    assert type(found[0]) is Raised
    assert isinstance(found[0].error, RuntimeError)
    assert found[1] == "quick"


@pytest.mark.parametrize("wait", [False, True])
async def test_one_that_cancels_its_task_takes_nobody_along(wait: bool) -> None:
    async def cancels() -> object:
        task = asyncio.current_task()
        assert task is not None
        task.cancel()
        if wait:
            await asyncio.sleep(5)
        return "done"

    found = await run(quick, cancels, slow, quick, slow)
    assert [found[0], *found[2:]] == ["quick", "slow", "quick", "slow"]
    if wait:
        assert type(found[1]) is Raised
        assert str(found[1].error) == "it cancelled itself"
    else:
        assert found[1] == "done"


async def test_one_that_cancels_every_task_leaves_the_page_an_answer() -> None:
    # Not those that other tests of this process still need.
    others = asyncio.all_tasks()

    async def cancels_all() -> object:
        await asyncio.sleep(0)
        for task in asyncio.all_tasks() - others:
            if task is not asyncio.current_task():
                task.cancel()
        return "done"

    async with asyncio.timeout(2):
        found = await run(slow, cancels_all, slow, quick, slow)
    assert found[1] == "done"
    assert found[3] == "quick"
    assert {type(found[n]) for n in (0, 2)} == {Raised}


@pytest.mark.parametrize(("times", "after"), [(1, str), (50, Raised)])
async def test_a_task_that_is_cancelled_before_it_begins(times: int, after: type) -> None:
    others, over = asyncio.all_tasks(), list[bool]()

    async def waits_and_cancels() -> object:
        # Called back before the task that takes over from this one has begun.
        asyncio.get_running_loop().call_soon(cancel, times)
        await asyncio.sleep(5)
        return None

    def cancel(left: int) -> None:
        for task in asyncio.all_tasks() - others:
            task.cancel()
        if left > 1 and not over:
            asyncio.get_running_loop().call_soon(cancel, left - 1)

    async with asyncio.timeout(2):
        found = await run(waits_and_cancels, quick, quick)
    over.append(True)
    assert type(found[0]) is Raised
    # Once they begin anew; who is cancelled again and again is answered for.
    assert [type(one) for one in found[1:]] == [after] * 2


async def test_what_one_leaves_in_its_context_the_next_does_not_find() -> None:
    async def leaves() -> object:
        found = SPOT.get()
        SPOT.set("left behind")
        return found

    async def leaves_later() -> object:
        found = SPOT.get()
        SPOT.set("left behind")
        await asyncio.sleep(0)
        SPOT.set("again")
        return found, SPOT.get()

    async def inherits() -> object:
        SPOT.set("its own")
        await asyncio.sleep(0)
        return await asyncio.create_task(_spot())

    SPOT.set("of the page")
    found = await run(leaves, leaves, leaves_later, leaves, inherits, leaves_later)
    assert found == ["-", "-", ("-", "again"), "-", "its own", ("-", "again")]
    assert SPOT.get() == "of the page"


async def _spot() -> str:
    return SPOT.get()


async def test_what_asks_for_a_task_finds_one() -> None:
    async def limits() -> object:
        async with asyncio.timeout(0.01):
            await asyncio.sleep(5)
        return None

    async def limits_in_vain() -> object:
        async with asyncio.timeout(5):  # noqa: ASYNC100 - it may not need its time
            return "in time"

    async def groups() -> object:
        async with asyncio.TaskGroup() as group:
            one = group.create_task(quick())
            two = group.create_task(slow())
        return one.result(), two.result()

    found = await run(limits_in_vain, limits, limits_in_vain, groups, limits_in_vain)
    assert found[0] == found[2] == found[4] == "in time"
    assert type(found[1]) is Raised
    assert isinstance(found[1].error, TimeoutError)
    assert found[3] == ("quick", "slow")


async def test_one_that_spawns_leaves_its_children_to_themselves() -> None:
    children: list[asyncio.Task[Any]] = []

    async def spawns() -> object:
        children.extend(asyncio.create_task(asyncio.sleep(5)) for _ in range(50))
        return "spawned"

    assert await run(spawns, quick, spawns) == ["spawned", "quick", "spawned"]
    assert not any(child.done() for child in children)
    for child in children:
        child.cancel()
    await asyncio.gather(*children, return_exceptions=True)


async def test_one_that_blocks_takes_no_ones_first_step() -> None:
    async def blocks() -> object:
        time.sleep(0.05)  # noqa: ASYNC251 - what a careless plugin does
        return "blocked"

    # All their time is over before the others begin: what needs none still answers.
    found = await run(slow, blocks, quick, slow, quick, seconds=0.02)
    assert found[1] == "blocked"
    assert found[2] == found[4] == "quick"
    assert type(found[3]) is Late


async def test_each_is_given_up_after_its_own_time() -> None:
    async def hangs() -> object:
        await asyncio.sleep(5)
        return None

    at = time.monotonic()
    found = await Calls().run(
        [(1, hangs(), 0.02), (2, slow(), 2), (3, quick(), 0.02), (4, hangs(), 0.05)]
    )
    assert [type(found[0]), *found[1:3], type(found[3])] == [Late, "slow", "quick", Late]
    assert 0.05 <= time.monotonic() - at < 4


@pytest.mark.parametrize("before", [0, 1, 2])
async def test_a_page_that_goes_away_takes_all_along(before: int) -> None:
    ended: list[str] = []

    async def hangs() -> object:
        try:
            return await asyncio.sleep(5, "slept")
        finally:
            ended.append("hangs")

    calls = Calls()
    if before == 2:  # they are known to wait, so each has a task from the start
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(run(hangs, quick, hangs, calls=calls), 0.01)
        await asyncio.sleep(0.01)
    ended.clear()
    there = asyncio.all_tasks()
    page = asyncio.create_task(run(hangs, quick, hangs, calls=calls))
    for _ in range(before):
        await asyncio.sleep(0)
    page.cancel()
    with pytest.raises(asyncio.CancelledError):
        await page
    await asyncio.sleep(0.01)
    assert asyncio.all_tasks() <= there
    assert len(ended) <= 2


async def test_nothing_at_all_is_no_trouble() -> None:
    assert await Calls().run([]) == []
