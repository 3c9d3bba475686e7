"""The embedded PostgreSQL lets nobody in who has no password, whoever reaches its socket."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import pytest

from kundelik_core.kernel.pg import EmbeddedPostgres


@pytest.fixture
def server(tmp_path: Path) -> Iterator[EmbeddedPostgres]:
    made = EmbeddedPostgres(tmp_path / "var", options={"shared_buffers": "16MB"})
    made.start()
    yield made
    made.stop()


async def who(dsn: str) -> str:
    conn = await asyncpg.connect(dsn)
    try:
        return str(await conn.fetchval("select current_user"))
    finally:
        await conn.close()


async def test_our_logins_have_passwords(server: EmbeddedPostgres) -> None:
    for user in ("postgres", "kundelik_app"):
        assert await who(server.dsn("postgres", user)) == user
        bare = f"postgresql://{user}@/postgres?host={server.sockets}"
        with pytest.raises(asyncpg.InvalidPasswordError):
            await who(bare)
        with pytest.raises(asyncpg.InvalidPasswordError):
            await who(server.dsn("postgres", "postgres").replace("postgres:", f"{user}:0", 1))


async def test_a_lost_key_and_an_open_cluster_are_mended_at_the_next_start(
    server: EmbeddedPostgres,
) -> None:
    server.stop()
    shutil.rmtree(server.home / "keys")
    server.start()
    assert await who(server.superuser_dsn) == "postgres"
    server.stop()
    (server.data / "pg_hba.conf").write_text("local all all trust\n")
    server.start()
    with pytest.raises(asyncpg.InvalidPasswordError):
        await who(f"postgresql://postgres@/postgres?host={server.sockets}")
    assert await who(server.superuser_dsn) == "postgres"
