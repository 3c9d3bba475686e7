"""Bring an installation up: PostgreSQL, databases, migrations; for server, commands and tests."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence

import asyncpg
import msgspec

from kundelik_core.kernel.db import Databases
from kundelik_core.kernel.migrate import Source, migrate
from kundelik_core.kernel.pg import EmbeddedPostgres
from kundelik_core.kernel.settings import Settings
from kundelik_core.kernel.wire import Connection

__all__ = ["Loader", "Urls", "ensure_database", "migrate_all", "open_databases", "start_postgres"]

DATABASE = "kundelik"
SOURCES: tuple[Source, ...] = ("directory", "jobs", "tenant")

Loader = Callable[[Connection], Awaitable[None]]
"""Writes a floor's reference data as the owner, after the migrations."""


class Urls(msgspec.Struct, frozen=True, kw_only=True):
    """Where the three sources are, for the application and for migrations."""

    tenant: str
    directory: str
    jobs: str
    migrate_tenant: str
    migrate_directory: str
    migrate_jobs: str

    def for_workers(self) -> "Urls":
        """Leave out what only migrations need: a worker must not hold the owner's password."""
        return Urls(
            tenant=self.tenant,
            directory=self.directory,
            jobs=self.jobs,
            migrate_tenant="",
            migrate_directory="",
            migrate_jobs="",
        )

    def for_migration(self, source: Source) -> str:
        """Return the owner's address of a source."""
        return str(getattr(self, f"migrate_{source}"))


def start_postgres(settings: Settings) -> tuple[Urls, EmbeddedPostgres | None]:
    """Return the addresses in force, with the embedded server started where no address is set."""
    if settings.database_url:
        tenant = settings.database_url
        directory = settings.directory_url or tenant
        jobs = settings.jobs_url or directory
        migrate_tenant = settings.migrate_url or tenant
        same = settings.migrate_url if not settings.directory_url else ""
        migrate_directory = settings.migrate_directory_url or same or directory
        return Urls(
            tenant=tenant,
            directory=directory,
            jobs=jobs,
            migrate_tenant=migrate_tenant,
            migrate_directory=migrate_directory,
            migrate_jobs=settings.migrate_jobs_url
            or (migrate_directory if jobs == directory else jobs),
        ), None
    server = EmbeddedPostgres(settings.data_dir, settings.pg_bin)
    server.start()
    return embedded_urls(server, dict.fromkeys(SOURCES, DATABASE)), server


def embedded_urls(server: EmbeddedPostgres, names: Mapping[Source, str]) -> Urls:
    """Return the addresses of an embedded server whose sources are the databases ``names``."""
    app = {source: server.dsn(names[source], "kundelik_app") for source in SOURCES}
    owner = {f"migrate_{source}": server.dsn(names[source], "postgres") for source in SOURCES}
    return msgspec.convert({**app, **owner}, Urls)


async def ensure_database(superuser_dsn: str, name: str) -> None:
    """Create database ``name`` on an embedded server unless it is there."""
    conn: Connection = await asyncpg.connect(superuser_dsn)
    try:
        if not await conn.fetchval("select 1 from pg_database where datname = $1", name):
            await conn.execute(f'create database "{name}"')
    finally:
        await conn.close()


async def migrate_all(
    urls: Urls, server: EmbeddedPostgres | None = None, loaders: Sequence[Loader] = ()
) -> list[str]:
    """Create what is missing and apply every migration; return the ids applied."""
    if server:
        await ensure_database(server.superuser_dsn, DATABASE)

    async def load(conn: Connection) -> None:
        for loader in loaders:
            await loader(conn)

    applied: list[str] = []
    for source in SOURCES:
        after = load if source == "tenant" else None
        applied += await migrate(urls.for_migration(source), source, after=after)
    return applied


async def open_databases(urls: Urls, settings: Settings) -> Databases:
    """Open the pools of this process, waiting a little for a server that is just starting."""
    for attempt in range(20):
        try:
            return await Databases.open(
                urls.tenant,
                urls.directory,
                urls.jobs,
                size=settings.pool_size,
                statement_cache=settings.statement_cache,
            )
        except (OSError, asyncpg.CannotConnectNowError):
            if attempt == 19:
                raise
            await asyncio.sleep(0.5)
    raise AssertionError("unreachable")
