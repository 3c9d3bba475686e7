"""The embedded server is adopted, shared, and comes back after a kill -9."""

import asyncio
import os
import signal
from pathlib import Path

import asyncpg
import pytest

from kundelik_core.kernel.pg import EmbeddedPostgres

pytestmark = [pytest.mark.durability, pytest.mark.xdist_group("durability")]


def _query(server: EmbeddedPostgres, sql: str) -> object:
    async def ask() -> object:
        conn = await asyncpg.connect(server.superuser_dsn)
        try:
            return await conn.fetchval(sql)
        finally:
            await conn.close()

    return asyncio.run(ask())


def test_two_users_share_it_and_the_last_one_stops_it(tmp_path: Path) -> None:
    first, second = EmbeddedPostgres(tmp_path), EmbeddedPostgres(tmp_path)
    first.start()
    second.start()
    assert first.stop() is False
    assert _query(second, "select 1") == 1
    assert second.stop() is True
    assert second.alive() is False


def test_a_killed_server_is_started_again_with_its_data(tmp_path: Path) -> None:
    server = EmbeddedPostgres(tmp_path)
    server.start()
    try:
        _query(server, "create table kept as select 42 as n")
        pid = int((server.data / "postmaster.pid").read_text().split("\n", 1)[0])
        os.kill(pid, signal.SIGKILL)
        again = EmbeddedPostgres(tmp_path)
        again.start()
        assert _query(again, "select n from kept") == 42
        again.stop()
    finally:
        server.stop()


def test_a_pid_file_of_somebody_else_is_not_believed(tmp_path: Path) -> None:
    server = EmbeddedPostgres(tmp_path)
    server.start()
    server.stop()
    file = server.data / "postmaster.pid"
    file.write_text(f"{os.getpid()}\n{server.data}\n0\n5432\n{server.sockets}\n\n")
    server.start()
    try:
        assert _query(server, "show fsync") == "on"
    finally:
        server.stop()
