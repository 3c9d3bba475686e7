"""Bring the databases to the shape that this release needs, once, by whoever comes first.

SQL files live beside the package that owns the tables:
``<package>/migrations/<source>/NNNN_name.sql``. A file is applied as a whole, one statement per
call, with its ledger row in the same transaction, as the owner role.
"""

import asyncio
import hashlib
import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from importlib import resources
from importlib.resources.abc import Traversable
from typing import Final

import asyncpg
import msgspec

from kundelik_core.kernel.jobs.schema import QUEUE_SCHEMA, queue_files, settle
from kundelik_core.kernel.wire import Connection

__all__ = [
    "Migration",
    "MigrationError",
    "Source",
    "collect",
    "hold_lock",
    "migrate",
    "outstanding",
    "read_folder",
    "split",
]

# In the order of the floors: a package's tables may refer to those of a lower one only.
PACKAGES: Final = (
    "kernel",
    "identity",
    "schools",
    "gradebook",
    "entitlements",
    "privacy",
    "plugins",
)
LOCK: Final = 0x6B756E64656C696B  # "kundelik"

Source = str  # "directory", "jobs" or "tenant"
SCHEMAS: Final = {"directory": "directory", "jobs": "jobs", "tenant": "core"}
# Schemas that a source's migrations fill besides its own; the owner may not make any.
BESIDE: Final = {"jobs": (QUEUE_SCHEMA,), "tenant": ("core_api", "core_plugins")}


class MigrationError(Exception):
    """The database does not fit the files; the text says which file and what to do."""


class Migration(msgspec.Struct, frozen=True):
    """One file: ``id`` is ``package/NNNN_name``.

    A file of another project names no schema and is not cut into statements.
    """

    id: str
    sql: str
    schema: str = ""

    @property
    def sha(self) -> bytes:
        """Return the digest that tells whether an applied file was changed."""
        return hashlib.sha256(self.sql.encode()).digest()


def collect(source: Source) -> list[Migration]:
    """Return the files of the core for ``source``, in order."""
    found = []
    for package in PACKAGES:
        folder = resources.files("kundelik_core") / package / "migrations" / source
        if folder.is_dir():
            found += read_folder(folder, f"{package}/")
    if source == "jobs":
        found += [
            Migration(f"{QUEUE_SCHEMA}/{name}", sql, QUEUE_SCHEMA) for name, sql in queue_files()
        ]
    return found


def read_folder(folder: Traversable, prefix: str = "") -> list[Migration]:
    """Return the SQL files of a folder in order; ids are their names behind ``prefix``."""
    files = sorted((f for f in folder.iterdir() if f.name.endswith(".sql")), key=lambda f: f.name)
    return [Migration(f"{prefix}{f.name[:-4]}", f.read_text("utf-8")) for f in files]


def outstanding(wanted: Sequence[Migration], done: Mapping[str, bytes]) -> list[Migration]:
    """Return what is not applied yet, given the ids and digests of a ledger.

    Raises:
        MigrationError: the ledger knows a file that is not there, or one that was changed since.
    """
    if unknown := sorted(set(done) - {m.id for m in wanted}):
        raise MigrationError(
            f"the database is newer than this release: it has {', '.join(unknown)}"
        )
    for migration in wanted:
        if done.get(migration.id, migration.sha) != migration.sha:
            raise MigrationError(
                f"{migration.id} was changed after it had been applied; write a new file"
            )
    return [migration for migration in wanted if migration.id not in done]


async def hold_lock(conn: Connection, key: int) -> None:
    """Take the advisory lock ``key`` for the session, by polling.

    Waiting inside PostgreSQL would hold a snapshot and block the holder's concurrent index builds.
    """
    # The holder is another process: there is nothing here to wait on.
    while not await conn.fetchval("select pg_try_advisory_lock($1)", key):  # noqa: ASYNC110
        await asyncio.sleep(0.1)


def split(sql: str) -> list[str]:
    """Cut a file into statements: at a semicolon that ends a line, outside a ``$$`` body."""
    statements, lines, inside = [], [], False
    for line in sql.splitlines():
        if not inside and (not line.strip() or line.lstrip().startswith("--")):
            continue
        inside ^= bool(line.count("$$") % 2)
        lines.append(line)
        if not inside and line.rstrip().endswith(";"):
            statements.append("\n".join(lines).rstrip().rstrip(";"))
            lines = []
    if lines:
        raise MigrationError(f"a statement does not end with ';': {lines[0][:80]}")
    return statements


async def _bootstrap(conn: Connection, source: Source) -> None:
    """Make roles, schema and ledger; needs a login that may create roles."""
    for role, options in (("kundelik_owner", "nologin bypassrls"), ("kundelik_app", "login")):
        if not await conn.fetchval("select 1 from pg_roles where rolname = $1", role):
            await conn.execute(f"create role {role} {options}")
    if not await conn.fetchval(
        "select rolsuper or pg_has_role(current_user, 'kundelik_owner', 'member') from pg_roles "
        "where rolname = current_user"
    ):
        await conn.execute("grant kundelik_owner to current_user")
    schema = SCHEMAS[source]
    for name in (schema, *BESIDE.get(source, ())):
        if not await conn.fetchval("select 1 from pg_namespace where nspname = $1", name):
            await conn.execute(f"create schema {name} authorization kundelik_owner")
            await conn.execute(f"grant usage on schema {name} to kundelik_app")
    await conn.execute("set role kundelik_owner")
    await conn.execute(
        f"create table if not exists {schema}.migration "
        "(id text primary key, sha bytea not null, applied_at timestamptz not null default now())"
    )


async def _apply(conn: Connection, schema: str, wanted: Sequence[Migration]) -> list[str]:
    done = {r["id"]: r["sha"] for r in await conn.fetch(f"select id, sha from {schema}.migration")}
    applied = []
    for migration in outstanding(wanted, done):
        async with conn.transaction():
            await conn.execute("set local lock_timeout = '5s'")
            for number, statement in enumerate(await _statements(conn, migration), 1):
                try:
                    await conn.execute(statement)
                except asyncpg.PostgresError as error:
                    raise MigrationError(f"{migration.id}, statement {number}: {error}") from error
            await conn.execute(
                f"insert into {schema}.migration (id, sha) values ($1, $2)",
                migration.id,
                migration.sha,
            )
        applied.append(migration.id)
    return applied


async def _statements(conn: Connection, migration: Migration) -> list[str]:
    if not migration.schema:
        return split(migration.sql)
    await conn.execute(f"set local search_path = {migration.schema}")
    return [migration.sql]


async def migrate(
    dsn: str,
    source: Source,
    *,
    extra: Sequence[Migration] = (),
    after: Callable[[Connection], Awaitable[None]] | None = None,
) -> list[str]:
    """Apply what is missing in ``source`` and return the ids applied.

    ``after`` runs as the owner while the lock is held: reference data is loaded there.

    Raises:
        MigrationError: a changed or unknown file, or a statement that failed.
    """
    conn: Connection = await asyncpg.connect(dsn, statement_cache_size=0)
    try:
        await hold_lock(conn, LOCK)
        await _bootstrap(conn, source)
        applied = await _apply(conn, SCHEMAS[source], [*collect(source), *extra])
        if source == "tenant":
            await conn.execute(
                "select core.cut_audit_months((now() - interval '1 month')::date, 26)"
            )
        if source == "jobs":
            await settle(conn)
        if after:
            await after(conn)
        return applied
    finally:
        await conn.close(timeout=5)


def valid_name(name: str) -> bool:
    """Tell whether a file's name has the form that the order rests on."""
    return re.fullmatch(r"\d{4}_[a-z0-9_]+\.sql", name) is not None
