"""Hold the tenancy scope to what everything above it relies on."""

import asyncio
import random
from collections.abc import AsyncIterator
from datetime import date

import asyncpg
import pytest

from kundelik_core.kernel import db
from kundelik_core.kernel.boot import Urls
from kundelik_core.kernel.db import CommitFailed, Databases, NestedScope, ScopeClosed, tenant
from kundelik_core.kernel.ids import new_id
from tests.factories import Factory

COUNT = "select count(*) from core.school_year where school_id = $1"
BREAK = (
    "insert into core.calendar_exception (school_id, id, begins, ends, kind, title_kk, title_ru, "
    "title_en) values ($1, $2, $3, $3, 'holiday', 'x', 'x', 'x')"
)


@pytest.fixture
async def small_pool(urls: Urls, databases: Databases) -> AsyncIterator[Databases]:
    """Use a pool of two connections, so that scopes of many schools share them."""
    small = await Databases.open(urls.tenant, urls.directory, urls.jobs, size=2)
    db.use_databases(small)
    yield small
    db.use_databases(databases)
    await small.close()


async def test_interleaved_scopes_of_many_schools_never_see_each_other(
    factory: Factory, small_pool: Databases
) -> None:
    schools = [await factory.school() for _ in range(20)]

    async def visit(school_id: int) -> None:
        async with tenant(school_id) as tx:
            for asked in (school_id, *dice.sample(schools, 3)):
                await asyncio.sleep(0)
                assert await tx.fetchval(COUNT, asked) == (asked == school_id)

    visits = [school_id for school_id in schools for _ in range(10)]
    dice = random.Random(7)
    dice.shuffle(visits)
    await asyncio.gather(*(visit(school_id) for school_id in visits))


async def test_without_a_scope_nothing_is_seen(factory: Factory, databases: Databases) -> None:
    school_id = await factory.school()
    assert await databases.reference.fetchval(COUNT, school_id) == 0


async def test_another_school_cannot_be_written(factory: Factory, databases: Databases) -> None:
    mine, other = await factory.school(), await factory.school()
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        async with tenant(mine, write=True) as tx:
            await tx.execute(BREAK, other, new_id(), date(2026, 12, 16))


async def test_an_error_rolls_everything_back(factory: Factory, databases: Databases) -> None:
    school_id = await factory.school()
    with pytest.raises(ZeroDivisionError):
        async with tenant(school_id, write=True) as tx:
            await tx.execute(BREAK, school_id, new_id(), date(2026, 12, 16))
            raise ZeroDivisionError
    async with tenant(school_id) as tx:
        sql = "select count(*) from core.calendar_exception where school_id = $1"
        assert await tx.fetchval(sql, school_id) == 0


async def test_a_commit_that_rolls_back_is_an_error(
    factory: Factory, small_pool: Databases
) -> None:
    school_id = await factory.school()
    for _ in range(5):
        with pytest.raises(CommitFailed):
            async with tenant(school_id, write=True) as tx:
                with pytest.raises(asyncpg.CheckViolationError):
                    await tx.execute(
                        "insert into core.period (school_id, year, code, begins, ends) "
                        "values ($1, 2026, 'zz', '2026-09-01', '2026-09-02')",
                        school_id,
                    )
    async with tenant(school_id) as tx:
        assert await tx.fetchval(COUNT, school_id) == 1


async def test_reading_scopes_cannot_write(factory: Factory, databases: Databases) -> None:
    school_id = await factory.school()
    with pytest.raises(asyncpg.ReadOnlySQLTransactionError):
        async with tenant(school_id) as tx:
            await tx.execute(BREAK, school_id, new_id(), date(2026, 12, 16))


async def test_cancelled_requests_leave_the_pool_whole(
    factory: Factory, small_pool: Databases
) -> None:
    school_id = await factory.school()
    dice = random.Random(11)

    async def slow() -> None:
        async with tenant(school_id, write=True) as tx:
            await tx.execute(BREAK, school_id, new_id(), date(2026, 12, 16))
            await tx.fetchval("select pg_sleep(0.02) is null and $1::int > 0", school_id)

    for _ in range(40):
        task = asyncio.create_task(slow())
        for _step in range(dice.randrange(12)):
            await asyncio.sleep(dice.random() / 400)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    results = await asyncio.wait_for(
        asyncio.gather(*(_count(school_id) for _ in range(10))), timeout=10
    )
    assert results == [1] * 10


async def _count(school_id: int) -> int:
    async with tenant(school_id) as tx:
        found = await tx.fetchval(COUNT, school_id)
    assert isinstance(found, int)
    return found


async def test_what_outlives_its_scope_is_refused(factory: Factory, databases: Databases) -> None:
    school_id = await factory.school()
    async with tenant(school_id) as tx:
        # A stream or a background task that kept the scope of the request that began it.
        later = asyncio.create_task(_use_later(tx, school_id))
    with pytest.raises(ScopeClosed):
        await later
    with pytest.raises(ScopeClosed):
        await tx.fetchval(COUNT, school_id)


async def _use_later(tx: db.Tenant, school_id: int) -> object:
    await asyncio.sleep(0.01)
    return await tx.fetchval(COUNT, school_id)


async def test_one_transaction_is_one_school(factory: Factory, databases: Databases) -> None:
    mine, other = await factory.school(), await factory.school()
    async with tenant(mine):
        with pytest.raises(NestedScope):
            async with tenant(other):
                pass


async def test_queries_of_one_scope_take_turns(factory: Factory, databases: Databases) -> None:
    school_id = await factory.school()
    async with tenant(school_id) as tx:
        found = await asyncio.gather(*(tx.fetchval(COUNT, school_id) for _ in range(8)))
    assert found == [1] * 8


async def test_the_application_owns_nothing_and_bypasses_nothing(databases: Databases) -> None:
    row = await databases.directory.fetchrow(
        "select rolsuper, rolbypassrls, rolcreaterole, "
        "(select count(*) from pg_class c where c.relowner = r.oid) as owned "
        "from pg_roles r where rolname = current_user"
    )
    assert row is not None
    assert (row["rolsuper"], row["rolbypassrls"], row["rolcreaterole"], row["owned"]) == (
        False,
        False,
        False,
        0,
    )


async def test_sessions_are_reached_through_functions_only(databases: Databases) -> None:
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await databases.directory.fetch("select * from directory.session")


async def test_history_cannot_be_rewritten(factory: Factory, databases: Databases) -> None:
    school_id = await factory.school()
    for statement in (
        "update core.cell_history set new = '' where school_id = $1",
        "delete from core.cell_history where school_id = $1",
        "delete from core.audit_log where school_id = $1",
        "delete from core.mark where school_id = $1",
    ):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            async with tenant(school_id, write=True) as tx:
                await tx.execute(statement, school_id)


@pytest.mark.parametrize("bad", [0, -1, True, "1", None])
def test_a_school_is_a_positive_int(bad: object) -> None:
    with pytest.raises(ValueError, match="school_id"):
        tenant(bad)  # type: ignore[arg-type]
