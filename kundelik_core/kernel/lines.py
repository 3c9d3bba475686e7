"""Lend connections to PostgreSQL from one request to the next, past a pool's ceremony.

asyncpg's pool starts a task each time that a connection comes back. Here one that comes back whole
is laid aside for whoever is next; the pool opens them, closes them, and takes back what broke or
was cut short in the middle.
"""

from collections.abc import Iterable, Sequence
from contextlib import suppress
from typing import Any

import asyncpg

from kundelik_core.kernel.wire import Connection, Pool, Record

__all__ = ["Lines"]


def _is_alive(connection: Connection) -> bool:
    try:
        return not connection.is_closed()
    except asyncpg.InterfaceError:
        return False  # it broke while it lay aside, and has left its place in the pool


class Lines:
    """The connections of one process to one database; a ``Pool`` that is quicker."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._free: list[Connection] = []
        self._waiting = 0
        self._closing = False

    async def acquire(self) -> Connection:
        """Take a connection: the one used last, as it is the warmest."""
        while self._free:
            conn = self._free.pop()
            if _is_alive(conn):
                return conn
            await self.release(conn)
        self._waiting += 1
        try:
            return await self._pool.acquire()
        finally:
            self._waiting -= 1

    async def back(self, connection: Connection) -> None:
        """Take back a connection that has done what it was asked, and is in no transaction."""
        if self._waiting or self._closing:
            await self.release(connection)
        else:
            self._free.append(connection)

    async def release(self, connection: Connection) -> None:
        """Take back a connection in whatever state it is."""
        # The pool shields this from a reader who hangs up. A connection that broke has left its
        # place in the pool by itself.
        with suppress(asyncpg.InternalClientError):
            await self._pool.release(connection)

    async def fetch(self, query: str, *args: object) -> list[Record]:
        """Return all rows."""
        return await self._run("fetch", query, *args)  # type: ignore[no-any-return]

    async def fetchrow(self, query: str, *args: object) -> Record | None:
        """Return the first row."""
        return await self._run("fetchrow", query, *args)  # type: ignore[no-any-return]

    async def fetchval(self, query: str, *args: object) -> Any:  # noqa: ANN401 - the query's type
        """Return the first value."""
        return await self._run("fetchval", query, *args)

    async def execute(self, query: str, *args: object) -> str:
        """Run and return the tag."""
        return await self._run("execute", query, *args)  # type: ignore[no-any-return]

    async def executemany(self, command: str, args: Iterable[Sequence[object]]) -> None:
        """Run once per row."""
        await self._run("executemany", command, args)

    async def _run(self, method: str, *args: Any) -> Any:  # noqa: ANN401
        connection = await self.acquire()
        try:
            found = await getattr(connection, method)(*args)
        except BaseException:
            await self.release(connection)
            raise
        await self.back(connection)
        return found

    async def rest(self) -> None:
        """Give all that lie aside to the pool, which closes those that nobody asks for."""
        while self._free:
            await self.release(self._free.pop())

    async def close(self) -> None:
        """Close all, once they have come back."""
        self._closing = True
        await self.rest()
        await self._pool.close()

    def terminate(self) -> None:
        """Close all without a goodbye."""
        self._free.clear()
        self._pool.terminate()
