"""Open the three data sources, and the one scope through which a school's rows are reached.

``directory()`` gives accounts and sign-in, ``jobs_url()`` the background side,
``tenant(school_id)`` a short transaction bound to one school. On a small installation all three
are one database; nothing may rely on it.
"""

import asyncio
from collections.abc import Callable, Sequence
from contextvars import ContextVar
from types import TracebackType
from typing import Any, Final, Self
from uuid import UUID

import asyncpg

from kundelik_core.kernel.errors import Problem
from kundelik_core.kernel.i18n import N_
from kundelik_core.kernel.lines import Lines
from kundelik_core.kernel.wire import Connection, Pool, Record

__all__ = [
    "CommitFailed",
    "Databases",
    "NestedScope",
    "ScopeClosed",
    "Tenant",
    "alone",
    "directory",
    "jobs_beside_tenants",
    "jobs_pool",
    "jobs_url",
    "on_connect",
    "reference",
    "tenant",
    "use_databases",
]

# Rows that a write may lock with the first message of its transaction; that counts the write too.
_LOCKS: Final = {
    "core.teaching_group": "UPDATE core.teaching_group SET version = version + 1,"
    " layout = layout + 1 WHERE school_id = {school:d} AND id = '{row}'",
    # For marks alone: lessons, works and members stay as they are.
    "core.teaching_group marks": "UPDATE core.teaching_group SET version = version + 1"
    " WHERE school_id = {school:d} AND id = '{row}'",
}
# Last, so that nobody waits for a row that a long transaction holds.
_COUNT: Final = (
    "INSERT INTO core.school_version AS v (school_id, version) VALUES ({school:d}, 1)"
    " ON CONFLICT (school_id) DO UPDATE SET version = v.version + 1; COMMIT"
)

on_connect: list[Callable[[Connection], None]] = []
"""Called with every new connection; the test suite hangs its statement log here."""


class ScopeClosed(RuntimeError):
    """A query came after its transaction, say from a stream, which must open its own."""


class NestedScope(RuntimeError):
    """A scope was opened inside another: one transaction is one school."""


class CommitFailed(Problem):
    """PostgreSQL rolled back what we asked it to commit; nothing was saved."""

    def __init__(self) -> None:
        super().__init__(
            "commit-failed",
            N_("Nothing was saved, because something else changed the same data. Try again."),
            status=409,
        )


class Databases:
    """The pools of one process; ``async with Databases.open(...)``."""

    def __init__(
        self,
        tenant_pool: Lines,
        directory_pool: Lines,
        jobs_url: str,
        jobs_pool: Lines | None = None,
    ) -> None:
        self._tenant = tenant_pool
        self.directory = directory_pool
        self.jobs_url = jobs_url
        self.jobs = jobs_pool or directory_pool

    def tenant_pool(self, school_id: int) -> Lines:  # noqa: ARG002 - the seam of sharding
        """Return the pool that reaches the node of ``school_id``."""
        return self._tenant

    @property
    def reference(self) -> Pool:
        """Return a pool that reads reference tables; every node has them."""
        return self._tenant

    @classmethod
    async def open(
        cls,
        tenant_url: str,
        directory_url: str,
        jobs_url: str,
        *,
        size: int = 8,
        statement_cache: int = 200,
    ) -> Self:
        """Connect; the same pool serves both sources where they are one database."""
        tenant_pool = await _pool(tenant_url, size, statement_cache)
        try:
            same = directory_url == tenant_url
            directory_pool = (
                tenant_pool if same else await _pool(directory_url, size, statement_cache)
            )
        except BaseException:
            await tenant_pool.close()
            raise
        same_pools = {tenant_url: tenant_pool, directory_url: directory_pool}
        # Few jobs are queued from here, and none at all in most processes: it may stay empty.
        jobs = same_pools.get(jobs_url) or await _pool(jobs_url, 2, statement_cache, least=0)
        return cls(tenant_pool, directory_pool, jobs_url, jobs)

    @property
    def jobs_beside_tenants(self) -> bool:
        """Tell whether a job can be queued in the transaction that a school's change is in."""
        return self.jobs is self._tenant

    async def close(self) -> None:
        """Give the connections back to PostgreSQL."""
        for pool in {id(p): p for p in (self.jobs, self.directory, self._tenant)}.values():
            await pool.close()


async def _pool(url: str, size: int, statement_cache: int, *, least: int = 1) -> Lines:
    async def init(conn: Connection) -> None:
        for hook in on_connect:
            hook(conn)

    async def no_reset(_: Connection) -> None:
        """Spare a round trip: we set nothing that outlives a transaction."""

    pool: Pool = await asyncpg.create_pool(
        url,
        min_size=least,
        max_size=size,
        statement_cache_size=statement_cache,
        max_cached_statement_lifetime=0,
        init=init,
        reset=no_reset,
        # Every login acts as the role that owns nothing, whatever the operator's address says.
        server_settings={
            "role": "kundelik_app",
            "application_name": "kundelik",
            "search_path": "pg_catalog",
            # Every statement is prepared and names its school: plans do not depend on the values,
            # and making one takes longer than most of our statements run.
            "plan_cache_mode": "force_generic_plan",
        },
        command_timeout=30,
    )
    return Lines(pool)


_databases: Databases | None = None
_scope: ContextVar["Tenant | None"] = ContextVar("kundelik_tenant", default=None)


def use_databases(databases: Databases | None) -> None:
    """Make ``databases`` the ones of this process."""
    global _databases  # noqa: PLW0603 - one set of pools per process
    _databases = databases


def _current() -> Databases:
    if _databases is None:
        raise RuntimeError("no databases are open: call use_databases() first")
    return _databases


def directory() -> Pool:
    """Return the directory's pool: accounts, logins, sessions. Not bound to a school."""
    return _current().directory


def reference() -> Pool:
    """Return the pool that reads reference tables: regions, schools, schemes. No school's rows."""
    return _current().reference


def jobs_url() -> str:
    """Return the address for LISTEN, NOTIFY and the job queue."""
    return _current().jobs_url


def jobs_pool() -> Pool:
    """Return the pool through which jobs are queued and looked at."""
    return _current().jobs


def jobs_beside_tenants() -> bool:
    """Tell whether a job can be queued in the transaction that a school's change is in."""
    return _current().jobs_beside_tenants


def current_scope() -> "Tenant":
    """Return the open scope of this task.

    Raises:
        ScopeClosed: there is none, so a query here would belong to no school.
    """
    scope = _scope.get()
    if scope is None:
        raise ScopeClosed("no tenant() is open here; streams and background tasks open their own")
    return scope


class Tenant:
    """One transaction of one school, committed as a whole when the block ends well.

    Read-only unless ``write``. ``lock`` names a row, of a teaching group say, that is locked
    before anything is read, so that what follows sees the latest state and nobody else changes it
    meanwhile. Every write counts up a version, the locked group's or else the school's, by which
    remembered pages are known to be still right; ``quiet`` spares that where no page shows it.
    """

    __slots__ = (
        "_after", "_conn", "_gate", "_lock", "_pool", "_quiet", "_token", "_write", "school_id",
    )  # fmt: skip

    def __init__(
        self,
        school_id: int,
        *,
        write: bool = False,
        lock: tuple[str, UUID] | None = None,
        quiet: bool = False,
    ) -> None:
        if type(school_id) is not int or school_id <= 0:
            raise ValueError(f"school_id must be a positive int, not {school_id!r}")
        if lock and lock[0] not in _LOCKS:
            raise ValueError(f"{lock[0]} is not a table whose rows are locked at the start")
        self.school_id = school_id
        self._write = write
        self._lock = lock
        self._quiet = quiet or not write or lock is not None
        self._after: list[Callable[[], None]] | None = None
        self._conn: Connection | None = None

    async def __aenter__(self) -> Self:
        if _scope.get() is not None:
            raise NestedScope("one transaction is one school: leave the open tenant() first")
        # One message: BEGIN, the school (SET LOCAL reaches every node, set_config does not) and
        # the lock.
        mode = "" if self._write else " READ ONLY"
        text = f"BEGIN{mode}; SET LOCAL app.school_id = '{self.school_id:d}'"
        if self._lock:
            table, row = self._lock
            text += "; " + _LOCKS[table].format(school=self.school_id, row=UUID(str(row)))
        self._pool = _current().tenant_pool(self.school_id)
        conn: Connection = await self._pool.acquire()
        try:
            await conn.execute(text)
        except BaseException:
            await self._pool.release(conn)
            raise
        self._conn = conn
        self._gate = asyncio.Lock()
        self._token = _scope.set(self)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        conn, self._conn = self._conn, None
        _scope.reset(self._token)
        if conn is None:
            return
        whole = False
        try:
            if kind is None:
                end = "COMMIT" if self._quiet else _COUNT.format(school=self.school_id)
                # A transaction that failed inside answers ROLLBACK to COMMIT, without an error.
                if await conn.execute(end) != "COMMIT":
                    raise CommitFailed
                whole = True
            elif not conn.is_closed():
                await asyncio.shield(conn.execute("ROLLBACK"))
        except (
            asyncpg.IntegrityConstraintViolationError,
            asyncpg.TransactionRollbackError,
        ) as failure:
            raise CommitFailed from failure
        except asyncpg.InFailedSQLTransactionError as failure:
            await asyncio.shield(conn.execute("ROLLBACK"))
            raise CommitFailed from failure
        except (
            asyncpg.PostgresConnectionError,
            asyncpg.InterfaceError,
            asyncpg.InternalClientError,
        ):
            if kind is None:
                raise
        finally:
            await (self._pool.back if whole else self._pool.release)(conn)
        if whole and self._after:
            for callback in self._after:
                callback()

    def after_commit(self, callback: Callable[[], None]) -> None:
        """Call back once the transaction is kept; a hint at best, since we may die in between."""
        if self._after is None:
            self._after = []
        self._after.append(callback)

    @property
    def connection(self) -> Connection:
        """Return the connection while the scope is open.

        Raises:
            ScopeClosed: the block has ended.
        """
        if self._conn is None:
            raise ScopeClosed("this tenant() has ended; open another")
        return self._conn

    async def fetch(self, sql: str, *args: object) -> list[Record]:
        """Return all rows."""
        conn = self.connection
        async with self._gate:
            return await conn.fetch(sql, *args)

    async def fetchrow(self, sql: str, *args: object) -> Record | None:
        """Return the first row, or None."""
        conn = self.connection
        async with self._gate:
            return await conn.fetchrow(sql, *args)

    async def fetchval(self, sql: str, *args: object) -> Any:  # noqa: ANN401 - the query's type
        """Return the first column of the first row, or None."""
        conn = self.connection
        async with self._gate:
            return await conn.fetchval(sql, *args)

    async def execute(self, sql: str, *args: object) -> str:
        """Run a statement and return its tag."""
        conn = self.connection
        async with self._gate:
            return await conn.execute(sql, *args)

    async def executemany(self, sql: str, rows: Sequence[Sequence[object]]) -> None:
        """Run a statement once per row; for bulk prefer ``unnest``."""
        conn = self.connection
        async with self._gate:
            await conn.executemany(sql, rows)


def tenant(
    school_id: int,
    *,
    write: bool = False,
    lock: tuple[str, UUID] | None = None,
    quiet: bool = False,
) -> Tenant:
    """Bind a short transaction to the rows of one school, for ``async with``."""
    return Tenant(school_id, write=write, lock=lock, quiet=quiet)


async def alone(school_id: int, sql: str, *args: object) -> Any:  # noqa: ANN401 - the query's type
    """Run one statement as a transaction by itself, and return its one value.

    It spares two messages where they are half of the cost. ``sql`` calls a function of the schema
    with the school as ``$1``; that function binds itself to the school as its first step, and
    counts what it writes, if it writes (decision 0019). Everything else goes through ``tenant()``.
    """
    if _scope.get() is not None:
        raise NestedScope("one transaction is one school: leave the open tenant() first")
    try:
        return await _current().tenant_pool(school_id).fetchval(sql, school_id, *args)
    except asyncpg.TransactionRollbackError as failure:
        raise CommitFailed from failure
