"""Run a plugin's migrations with no more rights than its own schema gives.

The files are run in a session that is logged in as the schema's owner, a member of nothing: unlike
``set role`` on a mightier connection, there is nothing to reset to. The login opens for the moment
of connecting and has a password that nobody keeps. Each file is one transaction: its statements,
the rules, row security, and the line in a ledger that the plugin itself cannot write.
"""

import contextlib
import secrets
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Final

import asyncpg

from kundelik_core.kernel.migrate import (
    Migration,
    MigrationError,
    hold_lock,
    outstanding,
    read_folder,
    split,
    valid_name,
)
from kundelik_core.kernel.wire import Connection
from kundelik_core.plugins.database.logins import as_user, scram_verifier
from kundelik_core.plugins.database.names import lock_of, owner_of, schema_of
from kundelik_core.plugins.database.rules import (
    RuleBroken,
    breaches,
    check_statement,
    enforce,
    lift,
)
from kundelik_core.plugins.database.token import Signer, current_signer

__all__ = ["migrate_plugin", "pending_migrations"]

_TIMEOUT: Final = "statement_timeout = '60s'"


async def migrate_plugin(
    admin_url: str, name: str, folder: Path, *, signer: Signer | None = None
) -> list[str]:
    """Apply the files ``NNNN_name.sql`` of ``folder`` that are missing, and return their names.

    The plugin must have been provisioned, and the signer's key installed; without one it is the
    signer of this process.

    Raises:
        RuleBroken: a file made something that may not be; nothing of it was kept.
        MigrationError: a file that is misnamed, changed or unknown, or a statement that failed.
    """
    signer = signer or current_signer()
    admin: Connection = await asyncpg.connect(admin_url, statement_cache_size=0)
    try:
        await hold_lock(admin, lock_of(name))
        missing = await pending_migrations(admin, name, folder)
        if not missing:
            return []
        async with _owner_session(admin, admin_url, name) as conn:
            for migration in missing:
                await _apply(conn, name, migration, signer)
        return [migration.id for migration in missing]
    finally:
        await admin.close(timeout=5)


async def pending_migrations(conn: Connection, name: str, folder: Path) -> list[Migration]:
    """Return the files that are not applied yet.

    Raises:
        MigrationError: a misnamed file, or a ledger that does not fit the folder.
    """
    wanted = _files(folder)
    if odd := [m.id for m in wanted if not valid_name(f"{m.id}.sql")]:
        raise MigrationError(f"{odd[0]}.sql is misnamed: write NNNN_what_it_does.sql")
    rows = await conn.fetch(
        "select id, sha from core_plugins.migration where schema = $1", schema_of(name)
    )
    return outstanding(wanted, {row["id"]: row["sha"] for row in rows})


def _files(folder: Path) -> list[Migration]:
    return read_folder(folder) if folder.is_dir() else []


@contextlib.asynccontextmanager
async def _owner_session(admin: Connection, url: str, name: str) -> AsyncIterator[Connection]:
    owner, password = owner_of(name), secrets.token_hex(32)
    verifier = scram_verifier(password, secrets.token_bytes(16))
    await admin.execute(
        f"do $$ begin execute format('alter role {owner} login password %L valid until %L', "
        f"'{verifier}', now() + interval '1 minute'); end $$"
    )
    try:
        conn: Connection = await asyncpg.connect(
            as_user(url, owner, password),
            statement_cache_size=0,
            server_settings={"search_path": schema_of(name), "application_name": "kundelik plugin"},
        )
    finally:
        # A session outlives the right to open one.
        await admin.execute(f"alter role {owner} nologin password null")
    try:
        yield conn
    finally:
        await conn.close(timeout=5)


async def _apply(conn: Connection, name: str, migration: Migration, signer: Signer) -> None:
    async with conn.transaction():
        await conn.execute(
            f"set local lock_timeout = '5s'; set local {_TIMEOUT}; "
            "set local search_path = pg_catalog"
        )
        begun = await conn.fetchval("select pg_current_xact_id()::text")
        await lift(conn, name)
        await conn.execute(f"set local search_path = {schema_of(name)}")
        await _run(conn, migration)
        found = await breaches(conn, name)
        if found:
            raise RuleBroken(migration.id, found)
        if await conn.fetchval("select pg_current_xact_id()::text") != begun:
            raise MigrationError(f"{migration.id}: it ended the transaction it was run in")
        await enforce(conn, name)
        await conn.execute(
            "select core_api.record_migration($1, $2, $3, $4, $5)",
            migration.id,
            migration.sha,
            *signer.ledger(name, migration.id, migration.sha),
        )


async def _run(conn: Connection, migration: Migration) -> None:
    for number, statement in enumerate(split(migration.sql), 1):
        check_statement(migration.id, number, statement)
        try:
            # fetch() prepares: PostgreSQL then takes one statement and no second one behind it.
            await conn.fetch(statement)
        except asyncpg.PostgresError as error:
            raise MigrationError(f"{migration.id}, statement {number}: {error}") from error
