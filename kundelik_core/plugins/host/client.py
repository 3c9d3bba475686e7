"""Reach one plugin's process from one process of the core: one connection, many calls, no queue.

Whatever the host does, a call ends: with an answer, with an error of ours, or cancelled by whoever
waits. What the host has not answered counts as under way, also when nobody waits any more; so a
host that is stuck is soon asked nothing at all.
"""

import asyncio
import time
from pathlib import Path
from typing import Final, cast

import msgspec
from typing_extensions import override

from kundelik_core.plugins.host import protocol
from kundelik_core.plugins.host.questions import QuestionDesk
from kundelik_core.sdk import API_VERSION

__all__ = ["HostBusy", "HostClient", "HostDown", "PluginRaised", "WrongAnswer", "judged"]

IN_FLIGHT: Final = 32
UNSENT_BYTES: Final = 8 * 1024 * 1024
_GREETING_S: Final = 1.0
_GOODBYE_S: Final = 2.0
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
        loop = asyncio.get_running_loop()
        line = _Line(self.name, self._sha256, self._key, self._desk)
        try:
            async with asyncio.timeout(_GREETING_S):
                await loop.create_unix_connection(lambda: line, str(self._path))
                await line.greeted
        except (OSError, TimeoutError, protocol.Garbled) as error:
            why = str(error) or type(error).__name__
            line.cut(why)
            raise HostDown(f"the process of {self.name} cannot be reached: {why}") from error
        return line


class _Line(asyncio.Protocol):
    """One open connection: first the proofs, then calls and answers side by side."""

    def __init__(self, name: str, sha256: str, key: bytes, desk: QuestionDesk) -> None:
        self._name, self._sha256, self._key = name, sha256, key
        loop = asyncio.get_running_loop()
        self.greeted: asyncio.Future[None] = loop.create_future()
        self._gone: asyncio.Future[None] = loop.create_future()
        self._create_future = loop.create_future
        self._frames = protocol.Frames(protocol.MAX_FRAME_BYTES)
        self._nonce = protocol.nonce()
        self._transport: asyncio.Transport | None = None
        self._last = 0
        self._questions = desk.open(self._tell)
        # None: nobody waits any more, and the host has not said that it is done.
        self._open: dict[int, asyncio.Future[protocol.Done | protocol.Failed] | None] = {}
        self.closed = False

    async def ask(self, call: protocol.Call) -> protocol.Done | protocol.Failed:
        """Send a call, whose number is filled in, and return its answer."""
        transport = self._transport
        if self.closed or transport is None:
            raise HostDown(f"the process of {self._name} went away")
        if len(self._open) >= IN_FLIGHT or transport.get_write_buffer_size() > UNSENT_BYTES:
            raise HostBusy(f"{self._name} has {len(self._open)} calls that it has not answered")
        self._last += 1
        number = self._last
        data = protocol.frame(msgspec.structs.replace(call, id=number))
        if len(data) > protocol.MAX_CALL_BYTES:
            raise ValueError(f"a call of {len(data)} bytes: {protocol.MAX_CALL_BYTES} are the most")
        waiter = self._create_future()
        self._open[number] = waiter
        self._questions.begin(number, call.context)
        transport.write(data)
        try:
            answer: protocol.Done | protocol.Failed = await waiter
        except asyncio.CancelledError:
            if number in self._open:
                self._open[number] = None
                self._questions.end(number)
                transport.write(protocol.frame(protocol.Cancel(number)))
            raise
        return answer

    def cut(self, why: str) -> None:
        """Hang up; whoever still waits is told."""
        if self.closed:
            return
        self.closed = True
        self._questions.close()
        if self._transport is None:
            self._gone.cancel()  # it was never there
        else:
            self._transport.close()
        self.greeted.cancel()
        waiting, self._open = self._open, {}
        for waiter in waiting.values():
            if waiter is not None and not waiter.done():
                waiter.set_exception(HostDown(f"the process of {self._name} went away: {why}"))

    async def ended(self) -> None:
        """Wait until nothing of the line is left."""
        await asyncio.wait([self._gone], timeout=_GOODBYE_S)

    @override
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's is one in all but its class.
        self._transport = given = cast("asyncio.Transport", transport)
        if self.closed:  # nobody waits for it any more
            given.close()
            return
        hello = protocol.Hello(protocol.PROTOCOL, API_VERSION, self._nonce)
        given.write(protocol.frame(hello))

    @override
    def data_received(self, data: bytes) -> None:
        if self.closed:
            return
        try:
            for body in self._frames.cut(data):
                message = protocol.from_host(body)
                if self.greeted.done():
                    self._take(message)
                else:
                    self._greet(message)
        except protocol.Garbled as error:
            self._end(error)

    @override
    def eof_received(self) -> None:
        """Hang up as well."""

    @override
    def connection_lost(self, exc: Exception | None) -> None:
        if not self._gone.done():
            self._gone.set_result(None)
        self._end(ConnectionError("it hung up"))

    def _end(self, error: Exception) -> None:
        if not self.greeted.done():
            self.greeted.set_exception(error)  # whoever opens the line cuts it
            return
        self.cut(str(error))

    def _greet(self, welcome: protocol.FromHost) -> None:
        if why := judged(self._name, self._sha256, self._key, self._nonce, welcome):
            raise protocol.Garbled(why)
        assert isinstance(welcome, protocol.Welcome)
        assert self._transport is not None
        shown = protocol.proof(self._key, "core", welcome.nonce)
        self._transport.write(protocol.frame(protocol.Proof(shown)))
        self.greeted.set_result(None)

    def _tell(self, told: protocol.Told) -> None:
        if self.closed or self._transport is None:
            return
        self._transport.write(protocol.frame(told))
        if self._transport.get_write_buffer_size() > UNSENT_BYTES:
            self.cut("it does not read what it asked for")

    def _take(self, message: protocol.FromHost) -> None:
        if self.closed:
            return
        if isinstance(message, protocol.Asked) and message.call in self._open:
            self._questions.take(message)
            return
        if not isinstance(message, protocol.Done | protocol.Failed) or message.id not in self._open:
            raise protocol.Garbled("an answer that nobody asked for")
        self._questions.end(message.id)
        waiter = self._open.pop(message.id)
        if waiter is not None and not waiter.done():
            waiter.set_result(message)
