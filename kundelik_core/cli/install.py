"""Open the installation that a command works on, and close it again."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, TypeVar

import asyncpg
import click
import msgspec

from kundelik_core.kernel.boot import SOURCES, Urls, migrate_all, open_databases, start_postgres
from kundelik_core.kernel.db import use_databases
from kundelik_core.kernel.errors import Problem
from kundelik_core.kernel.migrate import SCHEMAS, collect
from kundelik_core.kernel.outbox.emit import set_subscribers
from kundelik_core.kernel.settings import Settings, load_settings
from kundelik_core.kernel.wire import Connection

__all__ = [
    "data_dir_option",
    "echo_json",
    "echo_list",
    "installation",
    "json_option",
    "owner",
    "pending",
    "run",
    "settings_with",
]

T = TypeVar("T")

json_option = click.option("--json", "as_json", is_flag=True, help="Answer in JSON, for scripts.")
data_dir_option = click.option(
    "--data-dir",
    type=click.Path(path_type=Path, file_okay=False),
    help="Where the embedded database keeps its data (KUNDELIK_DATA_DIR, else ./var).",
)


def settings_with(**changes: object) -> Settings:
    """Load the settings, with those that an option names put in their place."""
    given = {name: value for name, value in changes.items() if value is not None}
    return msgspec.structs.replace(load_settings(), **given)


def run(work: Coroutine[Any, Any, T]) -> T:
    """Run a command's work."""
    return asyncio.run(work)


def echo_json(value: object) -> None:
    """Print for a script."""
    plain = msgspec.to_builtins(value, str_keys=True)
    click.echo(json.dumps(plain, ensure_ascii=False, indent=2))


def echo_list(rows: Sequence[T], line: Callable[[T], str], none: str, as_json: bool) -> None:
    """Print rows for a script, or each on a line of its own and ``none`` where there are none."""
    if as_json:
        echo_json(rows)
        return
    for row in rows:
        click.echo(line(row))
    if not rows:
        click.echo(none)


@asynccontextmanager
async def installation(
    settings: Settings, *, migrate: bool = False, events: bool = False
) -> AsyncIterator[Urls]:
    """Start or find the database, open the pools, and leave all of it as it was.

    With ``events`` modules hear of what the command changes, once a worker runs.

    The embedded database is migrated on the way; a database of the operator's own only when
    ``migrate`` says so, since other servers may be running on it.

    Raises:
        Problem: migrations are pending.
    """
    from kundelik_core.web.setup import LOADERS

    urls, server = await asyncio.to_thread(start_postgres, settings)
    try:
        if migrate or server:
            await migrate_all(urls, server, LOADERS)
        elif missing := [name for names in (await pending(urls)).values() for name in names]:
            raise Problem(
                "pending",
                "The database lacks %(count)s migrations. Run: kundelik migrate",
                params={"count": len(missing)},
            )
        databases = await open_databases(urls, settings)
        use_databases(databases)
        if events:
            from kundelik_core.plugins.life.hearers import note_changes_for_plugins

            await note_changes_for_plugins(settings)
        try:
            yield urls
        finally:
            set_subscribers(None)
            use_databases(None)
            await databases.close()
    finally:
        if server:
            await asyncio.to_thread(server.stop)


@asynccontextmanager
async def owner(dsn: str) -> AsyncIterator[Connection]:
    """Connect as the role that owns the tables: what no page may do."""
    conn: Connection = await asyncpg.connect(dsn)
    try:
        await conn.execute("set role kundelik_owner")
        yield conn
    finally:
        await conn.close(timeout=5)


async def pending(urls: Urls) -> dict[str, list[str]]:
    """Give the migrations that each source still lacks."""
    found: dict[str, list[str]] = {}
    for source in SOURCES:
        conn: Connection = await asyncpg.connect(urls.for_migration(source))
        try:
            schema = SCHEMAS[source]
            there = await conn.fetchval("select to_regclass($1)", f"{schema}.migration")
            rows = await conn.fetch(f"select m.id from {schema}.migration m") if there else []
            done = {row["id"] for row in rows}
            found[source] = [m.id for m in collect(source) if m.id not in done]
        finally:
            await conn.close(timeout=5)
    return found
