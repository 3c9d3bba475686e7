"""Answer what the handlers in a plugin's process ask of other plugins, for calls under way only.

A question counts within the call as the core made it: who asks, for which school, as whom, is never
the host's to say. What its manifest does not name, what does not fit and what is too much at once
gets the same reply as a service that nobody offers.
"""

import asyncio
import logging
from collections.abc import Callable, Collection
from contextvars import Context
from typing import Final, TypeAlias

import msgspec

from kundelik_core.plugins.context import MAX_QUESTION_BYTES, Ask, CallContext
from kundelik_core.plugins.host import protocol
from kundelik_core.sdk import SERVICES

__all__ = ["QuestionDesk", "Questions"]

AT_ONCE: Final = 8
REPLY_BYTES: Final = protocol.ANSWER_BYTES["service"]

Tell: TypeAlias = Callable[[protocol.Told], None]

_log = logging.getLogger(__name__)


class QuestionDesk:
    """Knows for one plugin what it may ask for, and who answers."""

    def __init__(
        self,
        plugin: str,
        services: Collection[str] = (),
        asker: Callable[[], Ask | None] = lambda: None,
    ) -> None:
        self.plugin = plugin
        self._services = frozenset(services)
        self._asker = asker

    def open(self, tell: Tell) -> "Questions":
        """Return the desk of one connection."""
        return Questions(self, tell)

    async def reply(self, call: CallContext, asked: protocol.Asked) -> bytes:
        """Return the reply to a question, packed."""
        ask = self._asker()
        if ask is None or asked.service not in self._services or asked.service not in SERVICES:
            return protocol.NOTHING
        if len(memoryview(asked.question)) > MAX_QUESTION_BYTES:
            return protocol.NOTHING
        try:
            question = msgspec.msgpack.decode(asked.question, type=SERVICES[asked.service][0])
            body = msgspec.msgpack.encode(await ask(self.plugin, call, asked.service, question))
        except (ValueError, TypeError, RecursionError, OverflowError) as error:
            _log.warning("plugin %s asks for %s: %s", self.plugin, asked.service, error)
            return protocol.NOTHING
        return body if len(body) <= REPLY_BYTES else protocol.NOTHING


class Questions:
    """The questions of one connection; they end with their call."""

    def __init__(self, desk: QuestionDesk, tell: Tell) -> None:
        self._desk, self._tell = desk, tell
        self._calls: dict[int, CallContext] = {}
        self._tasks: dict[asyncio.Task[None], int] = {}

    def begin(self, number: int, call: CallContext) -> None:
        """Note a call that begins."""
        self._calls[number] = call

    def end(self, number: int) -> None:
        """Drop what a call that is over still asks."""
        self._calls.pop(number, None)
        for task, call in list(self._tasks.items()):
            if call == number:
                task.cancel()

    def close(self) -> None:
        """Drop everything."""
        self._calls.clear()
        for task in list(self._tasks):
            task.cancel()

    def take(self, asked: protocol.Asked) -> None:
        """Answer a question, in its own time."""
        call = self._calls.get(asked.call)
        if call is None or len(self._tasks) >= AT_ONCE:
            self._tell(protocol.Told(asked.id, msgspec.Raw(protocol.NOTHING)))
            return
        # An empty Context: nothing of the request that happened to open the connection is in it.
        task = asyncio.get_running_loop().create_task(self._answer(call, asked), context=Context())
        self._tasks[task] = asked.call
        task.add_done_callback(self._done)

    async def _answer(self, call: CallContext, asked: protocol.Asked) -> None:
        body = await self._desk.reply(call, asked)
        self._tell(protocol.Told(asked.id, msgspec.Raw(body)))

    def _done(self, task: asyncio.Task[None]) -> None:
        self._tasks.pop(task, None)
        if not task.cancelled() and (error := task.exception()) is not None:
            _log.error("a question of plugin %s failed", self._desk.plugin, exc_info=error)
