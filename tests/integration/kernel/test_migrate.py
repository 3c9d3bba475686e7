"""Migrations are applied once, as a whole, by whoever comes first."""

import asyncio
import os
from collections.abc import AsyncIterator

import asyncpg
import pytest

from kundelik_core.kernel.boot import ensure_database
from kundelik_core.kernel.migrate import Migration, MigrationError, migrate
from kundelik_core.kernel.pg import EmbeddedPostgres

BROKEN = Migration("zz/0001_broken", "create table core.zz_one (a int);\nselect 1/0;\n")


@pytest.fixture
async def empty(postgres: EmbeddedPostgres) -> AsyncIterator[str]:
    """Give an empty database."""
    name = f"k_empty_{os.getpid()}"
    await ensure_database(postgres.superuser_dsn, name)
    yield postgres.dsn(name, "postgres")
    conn = await asyncpg.connect(postgres.superuser_dsn)
    await conn.execute(f'drop database "{name}" with (force)')
    await conn.close()


async def _tables(dsn: str, like: str) -> int:
    conn = await asyncpg.connect(dsn)
    try:
        found = await conn.fetchval("select count(*) from pg_class where relname like $1", like)
    finally:
        await conn.close()
    assert isinstance(found, int)
    return found


@pytest.mark.xdist_group("empty-database")
async def test_two_starters_apply_each_file_once(empty: str) -> None:
    first, second = await asyncio.gather(migrate(empty, "tenant"), migrate(empty, "tenant"))
    assert bool(first) != bool(second)
    assert await migrate(empty, "tenant") == []


@pytest.mark.xdist_group("empty-database")
async def test_a_file_that_fails_leaves_nothing_behind(empty: str) -> None:
    with pytest.raises(MigrationError, match=r"zz/0001_broken, statement 2"):
        await migrate(empty, "tenant", extra=[BROKEN])
    assert await _tables(empty, "zz_%") == 0
    await migrate(empty, "tenant")


@pytest.mark.xdist_group("empty-database")
async def test_a_changed_or_unknown_file_is_refused(empty: str) -> None:
    extra = Migration("zz/0002_fine", "create table core.zz_fine (a int);\n")
    await migrate(empty, "tenant", extra=[extra])
    with pytest.raises(MigrationError, match="changed after"):
        await migrate(empty, "tenant", extra=[Migration(extra.id, extra.sql + "select 1;\n")])
    with pytest.raises(MigrationError, match="newer than this release"):
        await migrate(empty, "tenant")
