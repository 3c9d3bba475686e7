"""Look inside one request: which statements it sends, and how many buffers they touch.

The application runs in this process on pools of its own; nothing here is timed.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Final

import asyncpg
import brotli
import msgspec

from bench.client import Ask
from bench.operations import Operation
from bench.server import BenchError
from kundelik_core.kernel import db
from kundelik_core.kernel.boot import Urls, open_databases
from kundelik_core.kernel.db import use_databases
from kundelik_core.kernel.settings import Settings
from kundelik_core.web.app import create_app
from kundelik_core.web.middleware import Shell

__all__ = ["Inside", "Seen", "inside"]

_WARM: Final = 3


class Seen(msgspec.Struct, frozen=True):
    """What one unit of an operation sends to PostgreSQL."""

    statements: int
    buffers: int
    texts: list[str]


class Inside:
    """The application in this process, with a log of its statements."""

    def __init__(self, shell: Shell, owner: Any) -> None:  # noqa: ANN401 - asyncpg has no types
        self._shell = shell
        self._owner = owner
        self.log: list[tuple[str, tuple[object, ...]]] = []

    def watch(self, conn: Any) -> None:  # noqa: ANN401
        """Log what a connection sends."""
        conn.add_query_logger(lambda record: self.log.append((record.query, record.args)))

    async def fetch(self, path: str) -> tuple[int, dict[str, str], bytes]:
        """Ask for a file, as it is."""
        return await self.ask(Ask(path=path, seen=lambda _body: None))

    async def ask(self, ask: Ask) -> tuple[int, dict[str, str], bytes]:
        """Send one request; give status, headers and the body as it was before compression."""
        path, _, query = ask.path.partition("?")
        scope = {
            "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1",
            "method": ask.method, "scheme": "http", "path": path, "raw_path": path.encode(),
            "query_string": query.encode(), "root_path": "", "server": ("bench", 80),
            "client": ("127.0.0.1", 1), "state": {},
            "headers": [(k.encode(), v.encode()) for k, v in ask.pairs("bench")],
        }  # fmt: skip
        got: list[Any] = []

        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": ask.body, "more_body": False}

        async def send(message: Any) -> None:  # noqa: ANN401
            got.append(message)

        await self._shell(scope, receive, send)
        headers = {k.decode().lower(): v.decode() for k, v in got[0]["headers"]}
        body = b"".join(message.get("body", b"") for message in got[1:])
        if headers.get("content-encoding") == "br":
            body = brotli.decompress(body)
        return got[0]["status"], headers, body

    async def look(self, operation: Operation) -> Seen:
        """Run an operation until everything is prepared, then count what it sends."""
        text, times = operation.parts
        units = list(operation.sample() if operation.sample else operation.units(_WARM))
        for unit in units:
            if operation.settled:
                await self._shell.sessions.actor(unit[0].token)
            self.log.clear()
            for number, ask in enumerate(unit):
                status, _headers, body = await self.ask(ask)
                if status != ask.status:
                    raise BenchError(f"{ask.path} answered {status}: {body[:300]!r}")
                if text and not (number or ask.body) and body.count(text) < times:
                    raise BenchError(f"{ask.path} holds {body.count(text)} of {times} {text!r}")
                if ask.seen:
                    ask.seen(body)
        sent = list(self.log)
        buffers = 0
        for query, args in sent:
            buffers += await self._buffers(query, args, units[-1][0].school)
        return Seen(len(sent), buffers, [" ".join(query.split())[:100] for query, _args in sent])

    async def _buffers(self, query: str, args: tuple[object, ...], school: int) -> int:
        """Run a statement again as the application's role, and take it back."""
        if query.lstrip().split(None, 1)[0].upper() not in {"SELECT", "WITH", "INSERT", "UPDATE"}:
            return 0
        transaction = self._owner.transaction()
        await transaction.start()
        try:
            # The history of a save is there already, and its ids are unique.
            await self._owner.execute(
                "delete from core.cell_history where school_id = $1 and source = 'web'", school
            )
            await self._owner.execute(
                f"set local role kundelik_app; set local app.school_id = '{school:d}'"
            )
            plan = await self._owner.fetchval(
                f"explain (analyze, buffers, format json) {query}", *args
            )
        finally:
            await transaction.rollback()
        top = msgspec.json.decode(plan)[0]["Plan"]
        return int(top["Shared Hit Blocks"]) + int(top["Shared Read Blocks"])


@asynccontextmanager
async def inside(urls: Urls) -> AsyncIterator[Inside]:
    """Run the application here, on the databases of the benchmark."""
    owner = await asyncpg.connect(urls.migrate_tenant)
    settings = Settings(pool_size=1)
    shell = create_app(settings)
    found = Inside(shell, owner)
    db.on_connect.append(found.watch)
    try:
        databases = await open_databases(urls, settings)
        use_databases(databases)
        try:
            async with shell.lifespan():
                yield found
        finally:
            use_databases(None)
            await databases.close()
    finally:
        db.on_connect.pop()
        await owner.close()
