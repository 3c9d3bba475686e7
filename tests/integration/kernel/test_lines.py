"""Connections are lent on at once, never in a state that somebody else has left behind."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import pytest

from kundelik_core.kernel.boot import Urls
from kundelik_core.kernel.db import Databases
from kundelik_core.kernel.lines import Lines

PID = "select pg_backend_pid()"


@pytest.fixture
async def lines(urls: Urls) -> AsyncIterator[Lines]:
    """Use two connections of their own."""
    databases = await Databases.open(urls.tenant, urls.tenant, urls.tenant, size=2)
    yield databases.tenant_pool(1)
    await databases.close()


async def test_what_comes_back_goes_to_the_next(lines: Lines) -> None:
    first = await lines.fetchval(PID)
    assert [await lines.fetchval(PID) for _ in range(5)] == [first] * 5
    one, other = await lines.acquire(), await lines.acquire()
    assert await one.fetchval(PID) != await other.fetchval(PID)
    for connection in (one, other):
        await lines.back(connection)


async def test_whoever_waits_is_served(lines: Lines) -> None:
    held = [await lines.acquire() for _ in range(2)]
    waiting = [asyncio.create_task(lines.fetchval(PID)) for _ in range(6)]
    await asyncio.sleep(0.01)
    assert not any(task.done() for task in waiting)
    await lines.back(held.pop())
    pids = await asyncio.wait_for(asyncio.gather(*waiting), 10)
    assert len(set(pids)) == 1
    await lines.back(held.pop())
    many = [lines.fetchval(f"{PID}, pg_sleep(0.001)") for _ in range(40)]
    assert len(set(await asyncio.wait_for(asyncio.gather(*many), 20))) == 2


async def test_a_connection_that_broke_is_not_lent_again(lines: Lines) -> None:
    one: Any = await lines.acquire()
    first = await one.fetchval(PID)
    await lines.back(one)
    one.terminate()
    assert await lines.fetchval(PID) != first
    held = [await lines.acquire() for _ in range(2)]
    for connection in held:
        await lines.back(connection)


async def test_what_was_cut_short_leaves_nothing_behind(lines: Lines) -> None:
    for _ in range(10):
        task = asyncio.create_task(lines.fetchval("select pg_sleep(5)"))
        await asyncio.sleep(0.005)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    answers = [lines.fetchval("select $1::int", n) for n in range(20)]
    assert await asyncio.wait_for(asyncio.gather(*answers), 10) == list(range(20))


async def test_an_error_is_the_askers_alone(lines: Lines) -> None:
    for _ in range(5):
        with pytest.raises(asyncpg.DivisionByZeroError):
            await lines.fetchval("select 1 / $1::int", 0)
        assert await lines.fetchval("select 1 / $1::int", 1) == 1


async def test_the_end_waits_for_what_is_still_lent_and_no_longer(urls: Urls) -> None:
    databases = await Databases.open(urls.tenant, urls.tenant, urls.tenant, size=2)
    lines = databases.tenant_pool(1)
    one = await lines.acquire()
    closing = asyncio.create_task(databases.close())
    await asyncio.sleep(0.01)
    assert not closing.done()
    await lines.back(one)
    await asyncio.wait_for(closing, 10)
