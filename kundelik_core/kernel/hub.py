"""Tell the other worker processes something at once: one LISTEN connection each, jobs source.

Only hints travel here ("forget what you know about this account"); nothing may be wrong, merely
slower, when a message is lost. While the connection is down, ``Hub.connected`` is False and caches
that rely on it are bypassed.
"""

import asyncio
import contextlib
import logging
from collections import defaultdict
from collections.abc import Callable, Iterator
from typing import Final

import asyncpg

from kundelik_core.kernel.wire import Connection

__all__ = ["RESYNC", "Hub", "publish", "use_hub"]

log = logging.getLogger(__name__)

CHANNEL: Final = "kundelik_hub"
RESYNC: Final = "resync"
"""Sent to every subscriber after a reconnect: messages may have been missed, forget everything."""

Callback = Callable[[str], None]
_FAILURES: Final = (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, TimeoutError)


async def _connect(url: str) -> Connection:
    connection: Connection = await asyncpg.connect(
        url,
        timeout=5,
        command_timeout=10,
        server_settings={"role": "kundelik_app", "application_name": "kundelik hub"},
    )
    return connection


class Hub:
    """The hub of one process: ``start`` it, ``subscribe`` to channels, ``publish``, ``stop``."""

    def __init__(self, url: str, *, retry: float = 1.0) -> None:
        self._url = url
        self._retry = retry
        self._callbacks: defaultdict[str, list[Callback]] = defaultdict(list)
        self._connection: Connection | None = None
        self._gate = asyncio.Lock()
        self._lost = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    @property
    def connected(self) -> bool:
        """Tell whether messages of other processes arrive at the moment."""
        return self._connection is not None and not self._connection.is_closed()

    def subscribe(self, channel: str, callback: Callback) -> None:
        """Call back with the payload of every message on ``channel``; RESYNC after a gap."""
        self._callbacks[channel].append(callback)

    async def start(self) -> None:
        """Listen; a database that does not answer yet is tried again in the background."""
        with contextlib.suppress(*_FAILURES):
            await self._listen()
        self._task = asyncio.create_task(self._keep(), name="hub")

    async def stop(self) -> None:
        """Stop listening and close the connection."""
        if self._task:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
            self._task = None
        connection, self._connection = self._connection, None
        if connection and not connection.is_closed():
            with contextlib.suppress(*_FAILURES):
                await connection.close(timeout=2)

    async def publish(self, channel: str, payload: str) -> None:
        """Send to every process; a failure is logged, since a hub only hints."""
        message = f"{channel}\n{payload}"
        try:
            connection = self._connection
            if connection is None or connection.is_closed():
                await publish_once(self._url, message)
                return
            async with self._gate:
                await connection.execute("select pg_notify($1, $2)", CHANNEL, message)
        except _FAILURES:
            log.warning("hub: a message on %s was not sent", channel, exc_info=True)

    async def _listen(self) -> None:
        connection = await _connect(self._url)
        self._lost.clear()
        connection.add_termination_listener(lambda *_: self._lost.set())
        await connection.add_listener(CHANNEL, self._heard)
        self._connection = connection

    async def _keep(self) -> None:
        while True:
            if self.connected:
                await self._lost.wait()
                log.warning("hub: the connection was lost")
            self._connection = None
            try:
                await self._listen()
            except _FAILURES:
                await asyncio.sleep(self._retry)
                continue
            for callbacks in list(self._callbacks.values()):
                for callback in callbacks:
                    callback(RESYNC)

    def _heard(self, _connection: object, _pid: int, _channel: str, message: str) -> None:
        channel, _, payload = message.partition("\n")
        self.hear(channel, payload)

    def hear(self, channel: str, payload: str) -> None:
        """Tell the subscribers of this process."""
        for callback in self._callbacks.get(channel, ()):
            callback(payload)


# A process has one application, and so one hub; a test may run two side by side.
_hubs: list[Hub] = []


@contextlib.contextmanager
def use_hub(hub: Hub) -> Iterator[None]:
    """Publish through ``hub`` inside the block; every hub of this process hears at once."""
    _hubs.append(hub)
    try:
        yield
    finally:
        _hubs.remove(hub)


async def publish_once(url: str, message: str) -> None:
    """Send one message over a connection of its own."""
    connection = await _connect(url)
    try:
        await connection.execute("select pg_notify($1, $2)", CHANNEL, message)
    finally:
        await connection.close(timeout=2)


async def publish(channel: str, payload: str) -> None:
    """Send to every process; a command line without a hub connects for the one message.

    This process hears it at once, not only when PostgreSQL says it back: whoever is signed out here
    must not be answered in between.
    """
    from kundelik_core.kernel.db import jobs_url

    for hub in _hubs:
        hub.hear(channel, payload)
    if _hubs:
        await _hubs[-1].publish(channel, payload)
        return
    try:
        await publish_once(jobs_url(), f"{channel}\n{payload}")
    except _FAILURES:
        log.warning("hub: a message on %s was not sent", channel, exc_info=True)
