"""A plugin's own transactions: bound to a school, given back clean, few, and ended when too old."""

import asyncio
import time
from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg
import pytest

from kundelik_core.kernel.boot import Urls
from kundelik_core.kernel.db import Databases
from kundelik_core.kernel.ids import new_id
from kundelik_core.plugins.database import (
    NoContext,
    PluginPool,
    PluginPools,
    PoolBusy,
    end_old_sessions,
    engine,
)
from tests.factories import Factory
from tests.integration.plugins_db.vendor import NOTES, Vendor, installed

ADD = "insert into note values ($1, $2, $2, 'x')"


@pytest.fixture(scope="module")
async def vendor(urls: Urls, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Vendor]:
    async with installed(urls, "engine", ["student.v1"]) as made:
        await made.migrate(tmp_path_factory.mktemp("engine"), {"0001_notes": NOTES})
        yield made


async def _count(vendor: Vendor, school: int) -> int:
    async with vendor.pool.transaction(vendor.token(school)) as tx:
        found: int = await tx.fetchval("select count(*) from note")
        return found


async def test_it_commits_and_reads_back(vendor: Vendor, factory: Factory) -> None:
    school, note = await factory.school(), new_id()
    async with vendor.pool.transaction(vendor.token(school), write=True) as tx:
        assert await tx.execute(ADD, school, note) == "INSERT 0 1"
        assert await tx.fetchrow("select id, body from note") == {"id": note, "body": "x"}
        assert await tx.fetchrow("select id from note where false") is None
    assert await _count(vendor, school) == 1
    assert await _count(vendor, await factory.school()) == 0


async def test_what_fails_is_rolled_back(vendor: Vendor, factory: Factory) -> None:
    school = await factory.school()
    with pytest.raises(ZeroDivisionError):
        async with vendor.pool.transaction(vendor.token(school), write=True) as tx:
            await tx.execute(ADD, school, new_id())
            raise ZeroDivisionError
    assert await _count(vendor, school) == 0


async def test_a_failure_that_was_swallowed_is_not_taken_for_a_commit(
    vendor: Vendor, factory: Factory
) -> None:
    school = await factory.school()
    with pytest.raises(NoContext, match="rolled back"):
        async with vendor.pool.transaction(vendor.token(school), write=True) as tx:
            await tx.execute(ADD, school, new_id())
            with pytest.raises(asyncpg.DivisionByZeroError):
                await tx.execute("select 1 / 0")


async def test_without_write_nothing_is_written(vendor: Vendor, factory: Factory) -> None:
    school = await factory.school()
    with pytest.raises(asyncpg.ReadOnlySQLTransactionError):
        async with vendor.pool.transaction(vendor.token(school)) as tx:
            await tx.execute(ADD, school, new_id())


@pytest.mark.parametrize("token", ["", "p_x:1:2", "p_abc:1:2:aaaaaaaa:'; drop table note; --"])
async def test_without_a_token_there_is_no_transaction(vendor: Vendor, token: str) -> None:
    with pytest.raises(NoContext, match="no school"):
        vendor.pool.transaction(token)


async def test_an_ended_transaction_answers_no_more(vendor: Vendor, factory: Factory) -> None:
    async with vendor.pool.transaction(vendor.token(await factory.school())) as tx:
        pass
    with pytest.raises(NoContext, match="has ended"):
        await tx.fetch("select 1")


async def test_a_second_statement_behind_the_first_is_refused(
    vendor: Vendor, factory: Factory
) -> None:
    school = await factory.school()
    for method in ("fetch", "fetchrow", "fetchval", "execute"):
        with pytest.raises(asyncpg.PostgresSyntaxError, match="multiple commands"):
            async with vendor.pool.transaction(vendor.token(school), write=True) as tx:
                await getattr(tx, method)("select 1; delete from note")


async def test_a_connection_comes_back_clean(vendor: Vendor, factory: Factory) -> None:
    pool = PluginPool(vendor.logins.url_for(vendor.name), size=1)
    mine, other = await factory.school(), await factory.school()
    try:
        async with pool.transaction(vendor.token(mine)) as tx:
            first = await tx.fetchval("select pg_backend_pid()")
            await tx.execute(f"set kundelik.ctx = '{vendor.token(mine)}'")
            await tx.execute("set statement_timeout = 0")
            await tx.fetchval("select pg_advisory_lock(77)")
        async with pool.transaction(vendor.token(other)) as tx:
            assert await tx.fetchval("select pg_backend_pid()") == first
            assert await tx.fetchval("select core_api.current_school()") == other
            assert await tx.fetchval("show statement_timeout") == "5s"
            assert (
                await tx.fetchval(
                    "select count(*) from pg_locks where locktype = 'advisory' "
                    "and pid = pg_backend_pid()"
                )
                == 0
            )
            # Past the end of the transaction there is no school at all.
            await tx.execute("commit")
            assert await tx.fetchval("select core_api.current_school()") is None
            await tx.execute("begin")
    finally:
        await pool.close()


async def test_a_quiet_plugin_holds_no_connection_and_a_busy_one_two(
    vendor: Vendor, factory: Factory
) -> None:
    pools = PluginPools(vendor.logins.url_for)
    pool, token = pools.of(vendor.name), vendor.token(await factory.school())
    assert pools.of(vendor.name) is pool
    entered, leave = asyncio.Semaphore(0), asyncio.Event()

    async def hold() -> None:
        async with pool.transaction(token):
            entered.release()
            await leave.wait()

    holders = [asyncio.create_task(hold()) for _ in range(2)]
    for _ in holders:
        await entered.acquire()
    pool._wait = 0.05
    with pytest.raises(PoolBusy):
        async with pool.transaction(token):
            pass
    leave.set()
    await asyncio.gather(*holders)
    await pools.close()


async def test_connections_that_nobody_asks_for_are_closed(
    vendor: Vendor, factory: Factory, monkeypatch: pytest.MonkeyPatch
) -> None:
    pool, token = (
        PluginPool(vendor.logins.url_for(vendor.name)),
        vendor.token(await factory.school()),
    )
    async with pool.transaction(token) as tx:
        pid = await tx.fetchval("select pg_backend_pid()")
    async with pool.transaction(token) as tx:
        assert await tx.fetchval("select pg_backend_pid()") == pid
    assert pool._lines is not None
    assert len(pool._lines._free) == 1
    # Used a moment ago, so it stays.
    pool._look()
    assert len(pool._lines._free) == 1
    monkeypatch.setattr(engine, "_IDLE", 0.0)
    pool._look()
    assert pool._resting is not None
    await pool._resting
    # asyncpg's pool has them, and closes them by itself.
    assert not pool._lines._free
    await pool.close()


async def test_a_plan_is_made_anew_where_values_matter(vendor: Vendor, factory: Factory) -> None:
    """A plan kept from an empty school reads a full one row by row: PostgreSQL is to choose."""
    async with vendor.pool.transaction(vendor.token(await factory.school())) as tx:
        assert await tx.fetchval("show plan_cache_mode") == "auto"


async def test_a_call_that_is_cut_short_leaves_the_pool_usable(
    vendor: Vendor, factory: Factory
) -> None:
    pool, school = PluginPool(vendor.logins.url_for(vendor.name), size=1), await factory.school()
    with pytest.raises(TimeoutError):
        async with (
            asyncio.timeout(0.1),
            pool.transaction(vendor.token(school), write=True) as tx,
        ):
            await tx.execute(ADD, school, new_id())
            await tx.execute("select pg_sleep(4)")
    async with pool.transaction(vendor.token(school)) as tx:
        assert await tx.fetchval("select count(*) from note") == 0
        pid = await tx.fetchval("select pg_backend_pid()")
    with pytest.raises((asyncpg.PostgresError, asyncpg.InterfaceError)):
        async with pool.transaction(vendor.token(school)) as tx:
            await vendor.admin.execute("select pg_terminate_backend($1, 1000)", pid)
            await tx.fetch("select 1")
    async with pool.transaction(vendor.token(school)) as tx:
        closing = asyncio.create_task(pool.close())
        assert await tx.fetchval("select 1") == 1
    await closing


async def test_the_watchdog_spares_the_young_and_ends_the_old(
    vendor: Vendor, databases: Databases
) -> None:
    conn = await vendor.connect()
    try:
        idle = await conn.fetchval("select pg_backend_pid()")
        assert await end_old_sessions(databases.reference) == []
        ended = await end_old_sessions(databases.reference, session_seconds=-1)
        assert ("session", vendor.name) in {(e.reason, e.plugin) for e in ended if e.pid == idle}
        assert not await databases.reference.fetchval(
            "select count(*) from pg_stat_activity where pid = $1", idle
        )
    finally:
        await conn.close()


async def test_what_a_signed_school_costs(vendor: Vendor, factory: Factory, tmp_path: Path) -> None:
    """Printed for docs/decisions/0013; a machine's figures are no assertion."""
    school = await factory.school()
    token, rounds = vendor.token(school), 300
    conn = await vendor.connect()
    try:
        figures = {}
        for what, begin, sql in (
            ("nothing", "begin", "select 1"),
            ("set", f"begin; set local kundelik.ctx = '{token}'", "select 1"),
            ("set and verify", f"begin; set local kundelik.ctx = '{token}'",
             "select core_api.current_school()"),
        ):  # fmt: skip
            spent = []
            for _ in range(rounds):
                started = time.perf_counter()
                await conn.execute(begin)
                await conn.fetchval(sql)
                await conn.execute("commit")
                spent.append(time.perf_counter() - started)
            figures[what] = sorted(spent)[rounds // 2] * 1000
        started = time.perf_counter()
        for _ in range(rounds):
            vendor.token(school)
        figures["mint"] = (time.perf_counter() - started) / rounds * 1000
    finally:
        await conn.close()
    print({what: f"{ms:.3f} ms" for what, ms in figures.items()})
