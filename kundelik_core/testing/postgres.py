"""Give tests a PostgreSQL in memory, and fresh migrated databases made from a template."""

import hashlib
import os
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

import asyncpg

from kundelik_core.kernel.boot import SOURCES, Urls, embedded_urls, ensure_database, migrate_all
from kundelik_core.kernel.migrate import collect
from kundelik_core.kernel.pg import EmbeddedPostgres
from kundelik_core.kernel.wire import Connection
from kundelik_core.web.setup import LOADERS, reference_fingerprint

__all__ = ["FAST", "LOGIN_SECRET", "cluster", "fresh_databases"]

LOGIN_SECRET: Final = b"s" * 32
"""What plugins' passwords are derived from on this server: a login is the whole server's, so all
that test on it at a time have to agree."""

# Speed before safety: what a test loses in a crash can be made again.
FAST: Final = {
    "fsync": "off",
    "full_page_writes": "off",
    "synchronous_commit": "off",
    "max_connections": "200",
}


def cluster() -> EmbeddedPostgres:
    """Return the server of this account's tests, started by whichever process comes first.

    ``KUNDELIK_PG_BIN`` names the programs of another PostgreSQL than the embedded one.
    """
    shm = Path("/dev/shm")  # noqa: S108 - the folder's name is of this account alone
    base = shm if shm.is_dir() else Path(tempfile.gettempdir())
    server = EmbeddedPostgres(
        base / f"kundelik-tests-{os.getuid()}", os.environ.get("KUNDELIK_PG_BIN", ""), FAST
    )
    server.start()
    return server


def _names(prefix: str, split: bool) -> dict[str, str]:
    return {source: f"{prefix}_{source}" if split else prefix for source in SOURCES}


def _template_name(split: bool) -> str:
    digest = hashlib.sha256(reference_fingerprint())
    for source in SOURCES:
        for migration in collect(source):
            digest.update(migration.id.encode() + migration.sha)
    return f"kt_{'split_' if split else ''}{digest.hexdigest()[:16]}"


async def _make_template(server: EmbeddedPostgres, name: str, split: bool) -> None:
    """Migrate a template once per shape of the schema; workers queue at a lock."""
    names = _names(name, split)
    conn: Connection = await asyncpg.connect(server.superuser_dsn)
    try:
        await conn.execute("select pg_advisory_lock(7)")
        done = await conn.fetchval(
            "select datistemplate from pg_database where datname = $1", names["tenant"]
        )
        if done:
            return
        for database in sorted(set(names.values())):
            await conn.execute(f'drop database if exists "{database}" with (force)')
            await ensure_database(server.superuser_dsn, database)
        await migrate_all(embedded_urls(server, names), loaders=LOADERS)
        for database in sorted(set(names.values())):
            await conn.execute(
                f'alter database "{database}" is_template true allow_connections false'
            )
    finally:
        await conn.close()


@asynccontextmanager
async def fresh_databases(
    server: EmbeddedPostgres, label: str, *, split: bool = False
) -> AsyncIterator[Urls]:
    """Clone the template under ``label`` and drop the copies at the end.

    With ``split`` directory, jobs and tenant are three databases.
    """
    template, mine = _template_name(split), _names(f"k_{label}_{os.getpid()}", split)
    await _make_template(server, template, split)
    sources = _names(template, split)
    pairs = sorted({(mine[s], sources[s]) for s in SOURCES})
    conn: Connection = await asyncpg.connect(server.superuser_dsn)
    try:
        for copy, original in pairs:
            await conn.execute(f'drop database if exists "{copy}" with (force)')
            await conn.execute(f'create database "{copy}" template "{original}" strategy file_copy')
        yield embedded_urls(server, mine)
    finally:
        for copy, _original in pairs:
            await conn.execute(f'drop database if exists "{copy}" with (force)')
        await conn.close()
