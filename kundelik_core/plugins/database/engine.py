"""Let a plugin's code query as itself: its own login, in a transaction bound to one school."""

import asyncio
import contextlib
from collections.abc import Callable
from types import TracebackType
from typing import Any, Final, Self

import asyncpg

from kundelik_core.kernel.lines import Lines
from kundelik_core.kernel.wire import Connection, Pool
from kundelik_core.plugins.database.token import is_token

__all__ = ["NoContext", "PluginPool", "PluginPools", "PluginTransaction", "PoolBusy"]

SIZE: Final = 2
_IDLE: Final = 60.0
_WAIT: Final = 2.0
_COMMAND: Final = 15.0
_CLOSES_IN: Final = 2.0
# What a plugin has set, locked, opened or listened to is undone before the next call finds it.
_CLEAR: Final = "SELECT pg_advisory_unlock_all(); CLOSE ALL; UNLISTEN *; RESET ALL"
# Within the transaction: in one that has failed the first of it is refused, and nothing commits.
_DONE: Final = f"{_CLEAR}; COMMIT"
_UNDONE: Final = f"ROLLBACK; {_CLEAR}"


class NoContext(RuntimeError):
    """A plugin asked for rows without a school, or after its transaction had ended."""


class PoolBusy(RuntimeError):
    """All connections of the plugin were taken, and stayed so while we waited."""


class PluginPool:
    """The connections of one plugin in one process: none while it is quiet, at most two."""

    def __init__(self, url: str, *, size: int = SIZE, wait: float = _WAIT) -> None:
        self._url = url
        self._size = size
        self._wait = wait
        self._gate = asyncio.Lock()
        self._lines: Lines | None = None
        self._used = 0.0
        self._watch: asyncio.TimerHandle | None = None
        self._resting: asyncio.Task[None] | None = None

    def transaction(self, token: str, *, write: bool = False) -> "PluginTransaction":
        """Bind a transaction to the school of ``token``, for ``async with``.

        Raises:
            NoContext: there is no token, or it is none.
        """
        # Checked before a connection is taken: nothing to give back then.
        if not is_token(token):
            raise NoContext("no school: a plugin's queries need the token of the call they serve")
        return PluginTransaction(self, token, write=write)

    async def close(self) -> None:
        """Close all connections."""
        async with self._gate:
            lines, self._lines = self._lines, None
        if self._watch is not None:
            self._watch.cancel()
        if lines:
            try:
                # A plugin may have entered transactions and never left them.
                await asyncio.wait_for(lines.close(), _CLOSES_IN)
            except TimeoutError:
                lines.terminate()

    async def acquire(self) -> tuple[Lines, Connection]:
        """Take a connection, and say where it has to be given back.

        Raises:
            PoolBusy: none came free in time.
        """
        lines = self._lines or await self._open()
        try:
            async with asyncio.timeout(self._wait):
                return lines, await lines.acquire()
        except TimeoutError as error:
            raise PoolBusy("every connection of this plugin is in use") from error

    async def back(self, lines: Lines, conn: Connection) -> None:
        """Lend a connection on that was left whole and clear."""
        await lines.back(conn)
        loop = asyncio.get_running_loop()
        self._used = loop.time()
        if self._watch is None:
            self._watch = loop.call_later(_IDLE, self._look)

    def _look(self) -> None:
        """Give the connections up once nobody has asked for any in a while."""
        loop, self._watch = asyncio.get_running_loop(), None
        quiet = self._used + _IDLE - loop.time()
        if quiet > 0:
            self._watch = loop.call_later(quiet, self._look)
        elif self._lines is not None:
            self._resting = loop.create_task(self._lines.rest())

    async def _open(self) -> Lines:
        async with self._gate:
            if self._lines is None:
                pool: Pool = await asyncpg.create_pool(
                    self._url,
                    min_size=0,
                    max_size=self._size,
                    # Those that are not lent on; see _look.
                    max_inactive_connection_lifetime=1.0,
                    max_cached_statement_lifetime=0,
                    command_timeout=_COMMAND,
                    server_settings={"application_name": "kundelik plugin"},
                )
                self._lines = Lines(pool)
            return self._lines


async def _give_back(lines: Lines, conn: Connection) -> None:
    # The pool rolls back what is open, and clears what was set, locked or listened to. A session
    # that the watchdog ended has left its place by itself.
    with contextlib.suppress(asyncpg.PostgresConnectionError, asyncpg.InterfaceError):
        await lines.release(conn)


class PluginTransaction:
    """One transaction; it commits when its block ends well. Rows come as plain dictionaries.

    Every statement is sent prepared, so a second one behind it, injected or not, is refused.
    """

    __slots__ = ("_conn", "_from", "_gate", "_pool", "_token", "_write")

    def __init__(self, pool: PluginPool, token: str, *, write: bool) -> None:
        self._pool = pool
        self._token = token
        self._write = write
        self._conn: Connection | None = None
        self._gate = asyncio.Lock()

    async def __aenter__(self) -> Self:
        self._from, conn = await self._pool.acquire()
        mode = "" if self._write else " READ ONLY"
        try:
            await conn.execute(f"BEGIN{mode}; SET LOCAL kundelik.ctx = '{self._token}'")
        except BaseException:
            await _give_back(self._from, conn)
            raise
        self._conn = conn
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        conn, self._conn = self._conn, None
        if conn is None:
            return
        whole = False
        try:
            if kind is None:
                await _commit(conn)
                whole = True
            elif not conn.is_closed():
                await asyncio.shield(conn.execute(_UNDONE))
                whole = True
        except (asyncpg.PostgresConnectionError, asyncpg.InterfaceError):
            if kind is None:
                raise
        finally:
            await (self._pool.back if whole else _give_back)(self._from, conn)

    def _open(self) -> Connection:
        if self._conn is None:
            raise NoContext("this transaction has ended; open another")
        return self._conn

    async def fetch(self, sql: str, *args: object) -> list[dict[str, Any]]:
        """Return all rows."""
        conn = self._open()
        async with self._gate:
            return [dict(row) for row in await conn.fetch(sql, *args)]

    async def fetchrow(self, sql: str, *args: object) -> dict[str, Any] | None:
        """Return the first row, or None."""
        conn = self._open()
        async with self._gate:
            row = await conn.fetchrow(sql, *args)
        return None if row is None else dict(row)

    async def fetchval(self, sql: str, *args: object) -> Any:  # noqa: ANN401 - the query's type
        """Return the first column of the first row, or None."""
        conn = self._open()
        async with self._gate:
            return await conn.fetchval(sql, *args)

    async def execute(self, sql: str, *args: object) -> str:
        """Run a statement and return its tag, such as ``UPDATE 3``."""
        conn = self._open()
        async with self._gate:
            if args:
                return await conn.execute(sql, *args)
            # Without values asyncpg would send the text as it is, with all that stands behind it.
            statement = await conn.prepare(sql)  # type: ignore[attr-defined]  # asyncpg has it
            await statement.fetch()
            tag: str = statement.get_statusmsg()
            return tag


async def _commit(conn: Connection) -> None:
    """Commit, and leave the session as it was found.

    Raises:
        NoContext: a statement had failed, so that nothing was committed.
    """
    try:
        await conn.execute(_DONE)
    except asyncpg.InFailedSQLTransactionError as error:
        await conn.execute("ROLLBACK")
        raise NoContext("PostgreSQL rolled back what the plugin had asked to commit") from error


class PluginPools:
    """The pools of all plugins of a process, each opened with its first query."""

    def __init__(self, url_for: Callable[[str], str]) -> None:
        self._url_for = url_for
        self._pools: dict[str, PluginPool] = {}

    def of(self, name: str) -> PluginPool:
        """Return the pool of a plugin."""
        if name not in self._pools:
            self._pools[name] = PluginPool(self._url_for(name))
        return self._pools[name]

    async def close(self) -> None:
        """Close all of them."""
        for pool in list(self._pools.values()):
            await pool.close()
        self._pools.clear()
