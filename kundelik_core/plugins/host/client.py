"""Reach one plugin's process from one process of the core: one connection, many calls, no queue.

Whatever the host does, a call ends: with an answer, with an error of ours, or cancelled by whoever
waits. What the host has not answered counts as under way, also when nobody waits any more; so a
host that is stuck is soon asked nothing at all.
"""

import asyncio
import contextlib
import time
from pathlib import Path
from typing import Final

import msgspec

from kundelik_core.plugins.host import protocol
from kundelik_core.plugins.host.questions import QuestionDesk
from kundelik_core.sdk import API_VERSION

__all__ = ["HostBusy", "HostClient", "HostDown", "PluginRaised", "WrongAnswer", "judged"]

IN_FLIGHT: Final = 32
UNSENT_BYTES: Final = 8 * 1024 * 1024
_GREETING_S: Final = 1.0
_FIRST_PAUSE: Final = 0.1
_LONGEST_PAUSE: Final = 5.0


class HostDown(ConnectionError):
    """The plugin's process is not there, or went away before it answered."""


class HostBusy(RuntimeError):
    """The plugin's process has not answered so many calls that it gets no further one."""


class PluginRaised(RuntimeError):
    """A handler raised in the plugin's process; the text names what, the note says where."""


class WrongAnswer(msgspec.Struct, frozen=True):
    """Stands in the place of an answer that does not fit, as no type that any handler returns."""

    why: str


def judged(name: str, sha256: str, key: bytes, nonce: bytes, welcome: protocol.FromHost) -> str:
    """Return why whoever answered is not the host that we look for; empty when it is."""
    if not isinstance(welcome, protocol.Welcome):
        return "it did not greet"
    if not protocol.proven(key, "host", nonce, welcome.proof):
        return f"whoever listens is not the process of {name}"
    if (welcome.protocol, welcome.api) != (protocol.PROTOCOL, API_VERSION):
        return f"it speaks version {welcome.api} of the contract, not {API_VERSION}"
    if welcome.sha256 != sha256:
        return welcome.refused or "it runs another version than the approved one"
    return ""


class HostClient:
    """The way to one host; opened with the first call, and again after it broke."""

    def __init__(
        self, name: str, path: Path, key: bytes, sha256: str, desk: QuestionDesk | None = None
    ) -> None:
        self.name = name
        self._path, self._key, self._sha256 = path, key, sha256
        self._desk = desk or QuestionDesk(name)
        self._line: _Line | None = None
        self._opening: asyncio.Task[_Line] | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._pause = 0.0
        self._not_before = 0.0

    async def ask(self, call: protocol.Call) -> protocol.Done | protocol.Failed:
        """Send a call, whose number is filled in, and return what comes back.

        Raises:
            HostDown: there is no host, or it went away.
            HostBusy: it has too much to do already.
        """
        line = self._line
        if line is None or line.closed or self._loop is not asyncio.get_running_loop():
            line = await self._reach()
        return await line.ask(call)

    async def close(self) -> None:
        """Hang up."""
        line, self._line = self._line, None
        if line is not None:
            line.cut("the core hung up")
            await line.ended()

    async def _reach(self) -> "_Line":
        """Return an open line; one attempt serves all who wait, and outlives each of them."""
        loop = asyncio.get_running_loop()
        if self._loop is not loop:
            self._loop, self._line, self._opening = loop, None, None
        if self._opening is None:
            if time.monotonic() < self._not_before:
                raise HostDown(f"the process of {self.name} was not there a moment ago")
            self._opening = loop.create_task(self._open())
            self._opening.add_done_callback(self._opened)
        return await asyncio.shield(self._opening)

    def _opened(self, task: "asyncio.Task[_Line]") -> None:
        self._opening = None
        if not task.cancelled() and task.exception() is None:
            self._line, self._pause = task.result(), 0.0
            return
        self._pause = min(self._pause * 2 or _FIRST_PAUSE, _LONGEST_PAUSE)
        self._not_before = time.monotonic() + self._pause

    async def _open(self) -> "_Line":
        writer: asyncio.StreamWriter | None = None
        try:
            async with asyncio.timeout(_GREETING_S):
                reader, writer = await asyncio.open_unix_connection(str(self._path))
                await self._greet(reader, writer)
        except (OSError, EOFError, TimeoutError, protocol.Garbled) as error:
            if writer is not None:
                writer.close()
            why = str(error) or type(error).__name__
            raise HostDown(f"the process of {self.name} cannot be reached: {why}") from error
        return _Line(self.name, reader, writer, self._desk)

    async def _greet(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonce = protocol.nonce()
        writer.write(protocol.frame(protocol.Hello(protocol.PROTOCOL, API_VERSION, nonce)))
        welcome = protocol.from_host(await read_frame(reader))
        if why := judged(self.name, self._sha256, self._key, nonce, welcome):
            raise protocol.Garbled(why)
        assert isinstance(welcome, protocol.Welcome)
        shown = protocol.proof(self._key, "core", welcome.nonce)
        writer.write(protocol.frame(protocol.Proof(shown)))


async def read_frame(reader: asyncio.StreamReader) -> bytes:
    """Return the next frame of a host.

    Raises:
        Garbled: longer than any frame may be.
        IncompleteReadError: it hung up.
    """
    head = await reader.readexactly(protocol.HEAD.size)
    return await reader.readexactly(protocol.length(head, protocol.MAX_FRAME_BYTES))


class _Line:
    """One open connection."""

    def __init__(
        self,
        name: str,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        desk: QuestionDesk,
    ) -> None:
        self._name = name
        self._reader, self._writer = reader, writer
        self._last = 0
        self._questions = desk.open(self._tell)
        # None: nobody waits any more, and the host has not said that it is done.
        self._open: dict[int, asyncio.Future[protocol.Done | protocol.Failed] | None] = {}
        self.closed = False
        self._task = asyncio.get_running_loop().create_task(self._listen())

    async def ask(self, call: protocol.Call) -> protocol.Done | protocol.Failed:
        transport = self._writer.transport
        if len(self._open) >= IN_FLIGHT or transport.get_write_buffer_size() > UNSENT_BYTES:
            raise HostBusy(f"{self._name} has {len(self._open)} calls that it has not answered")
        self._last += 1
        number = self._last
        data = protocol.frame(msgspec.structs.replace(call, id=number))
        if len(data) > protocol.MAX_CALL_BYTES:
            raise ValueError(f"a call of {len(data)} bytes: {protocol.MAX_CALL_BYTES} are the most")
        waiter = asyncio.get_running_loop().create_future()
        self._open[number] = waiter
        self._questions.begin(number, call.context)
        self._writer.write(data)
        try:
            answer: protocol.Done | protocol.Failed = await waiter
        except asyncio.CancelledError:
            if number in self._open:
                self._open[number] = None
                self._questions.end(number)
                self._writer.write(protocol.frame(protocol.Cancel(number)))
            raise
        return answer

    def _tell(self, told: protocol.Told) -> None:
        if not self.closed:
            self._writer.write(protocol.frame(told))

    def cut(self, why: str) -> None:
        """Hang up; whoever still waits is told."""
        if self.closed:
            return
        self.closed = True
        self._questions.close()
        self._writer.close()
        self._task.cancel()
        waiting, self._open = self._open, {}
        for waiter in waiting.values():
            if waiter is not None and not waiter.done():
                waiter.set_exception(HostDown(f"the process of {self._name} went away: {why}"))

    async def ended(self) -> None:
        """Wait until nothing of the line is left."""
        with contextlib.suppress(asyncio.CancelledError, Exception):
            await self._task
        with contextlib.suppress(Exception):
            await self._writer.wait_closed()

    async def _listen(self) -> None:
        why = "it hung up"
        try:
            while True:
                self._take(protocol.from_host(await read_frame(self._reader)))
        except protocol.Garbled as error:
            why = str(error)
        except (OSError, EOFError):
            pass
        finally:
            self.cut(why)

    def _take(self, message: protocol.FromHost) -> None:
        if isinstance(message, protocol.Asked) and message.call in self._open:
            self._questions.take(message)
            return
        if not isinstance(message, protocol.Done | protocol.Failed) or message.id not in self._open:
            raise protocol.Garbled("an answer that nobody asked for")
        self._questions.end(message.id)
        waiter = self._open.pop(message.id)
        if waiter is not None and not waiter.done():
            waiter.set_result(message)
