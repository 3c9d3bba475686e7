"""Be the process of one plugin: load it, listen, call its handlers, and end with the core.

Nothing of the core's secrets is here. What the plugin does to this process, it does to itself.
"""

import asyncio
import contextlib
import gc
import logging
import os
import signal
import traceback
from collections.abc import Callable, Mapping
from contextvars import Context, ContextVar
from functools import partial
from pathlib import Path
from socket import socket
from typing import Any, Final, cast
from urllib.parse import urlsplit

import msgspec
import uvloop
from typing_extensions import override

from kundelik_core.plugins.collect import RefusedError
from kundelik_core.plugins.context import CallContext
from kundelik_core.plugins.database.engine import PluginPool
from kundelik_core.plugins.declared import Declared, HandlerKey, HandlerRef
from kundelik_core.plugins.discover import find_plugins
from kundelik_core.plugins.host import confine, protocol
from kundelik_core.plugins.host.outward import Outward, OutwardLoop
from kundelik_core.plugins.host.spec import NO_GATE, HostSpec
from kundelik_core.plugins.registry import Registry, load_here
from kundelik_core.plugins.runner import LocalRunner, packed_answer, payload_type
from kundelik_core.plugins.states import Found, State
from kundelik_core.sdk import API_VERSION, SERVICES

__all__ = ["main"]

_BACKLOG: Final = 64
_GREETING_S: Final = 2.0
_GOODBYE_S: Final = 5.0
_AT_ONCE: Final = 128
"""Calls under way, of all connections together; each of the core's processes stays well below."""

_log = logging.getLogger(__name__)


class Host(msgspec.Struct, kw_only=True):
    """What every connection needs to know."""

    name: str
    key: bytes
    sha256: str
    confined: tuple[str, ...]
    declared: Declared | None = None
    refused: str = ""
    runner: LocalRunner | None = None
    running: int = 0
    decoders: dict[HandlerKey, msgspec.msgpack.Decoder[Any]] = {}

    def payload(self, ref: HandlerRef, raw: msgspec.Raw) -> object:
        """Return what a handler is given besides its context."""
        decoder = self.decoders.get((ref.kind, ref.name))
        if decoder is None:
            kind = payload_type(ref)
            if kind is None:
                return None
            decoder = self.decoders[ref.kind, ref.name] = msgspec.msgpack.Decoder(kind)
        return decoder.decode(raw)


def main(raw: Mapping[str, Any]) -> int:
    """Run the host that ``raw`` describes until it is told to stop; returns the exit code."""
    spec = msgspec.convert(raw, HostSpec, dec_hook=_path)
    if not confine.die_with(spec.parent):
        return 0
    logging.basicConfig(level=spec.log_level.upper(), format="%(levelname)s %(name)s: %(message)s")
    os.chdir(spec.scratch)
    confine.bound(spec.memory_mb)
    door = confine.bind(spec.socket)
    # Looked up before the fence stands: a distribution may list files where nobody may look later.
    found, refused = _find(spec)
    host = Host(
        name=spec.name,
        key=spec.key,
        sha256=found.sha256 if found else "",
        confined=confine.fence(spec),
        refused=refused,
    )
    loop = _loop(spec)
    with contextlib.suppress(KeyboardInterrupt), asyncio.Runner(loop_factory=loop) as runner:
        runner.run(_serve(host, found, door, spec.url))
    return 0


def _loop(spec: HostSpec) -> Callable[[], asyncio.AbstractEventLoop]:
    """Return what makes the loop: a plugin that reaches outside has one that knows the way."""
    if spec.gate == NO_GATE:
        return uvloop.new_event_loop
    outward = Outward(socket(fileno=spec.gate), spec.names, urlsplit(spec.url).hostname or "")
    outward.take_over()
    return partial(OutwardLoop, outward)


def _path(kind: type, value: object) -> object:
    if kind is Path:
        return Path(str(value))
    raise TypeError(kind.__name__)


def _find(spec: HostSpec) -> tuple[Found | None, str]:
    """Return the plugin as it is installed here, or why it cannot be run."""
    found = next((one for one in find_plugins() if one.name == spec.name), None)
    if found is None:
        return None, "it is not installed in the environment of its process"
    if found.state is not State.FOUND:
        return None, found.reason.text() if found.reason else found.state.value
    if found.sha256 != spec.sha256:
        return None, "another version than the approved one is installed"
    return found, ""


async def _serve(host: Host, found: Found | None, door: socket, url: str) -> None:
    """Load the plugin and answer until a signal comes."""
    loop = asyncio.get_running_loop()
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    pool = PluginPool(url) if url else None
    if found is not None:
        _load(host, found, pool)
    gc.freeze()
    door.listen(_BACKLOG)
    server = await loop.create_unix_server(lambda: _Line(host), sock=door)
    await stop.wait()
    server.close()
    if pool:
        with contextlib.suppress(TimeoutError, Exception):
            await asyncio.wait_for(pool.close(), _GOODBYE_S)


def _load(host: Host, found: Found, pool: PluginPool | None) -> None:
    """Import the plugin and take its declarations; what goes wrong is told to who asks."""
    try:
        loaded = load_here(found)
    except RefusedError as error:
        host.refused = error.reason.text()[:400]
    except BaseException as error:  # noqa: BLE001 - the boundary: told, not died of
        _log.warning("the plugin could not be loaded", exc_info=error)
        host.refused = f"{type(error).__name__}: {error}"[:400]
    else:

        def pool_for(_plugin: str) -> PluginPool:
            if pool is None:
                raise LookupError("this plugin has no database")
            return pool

        host.declared = loaded.declared
        registry = Registry((found,), {found.name: loaded})
        host.runner = LocalRunner(registry, pool_for, _ask_core)


_under_way: Final[ContextVar[tuple["_Line", int]]] = ContextVar("call under way")
"""Of which call a handler's code is a part; what it starts inherits it."""


async def _ask_core(
    _plugin: str,
    _call: CallContext,
    name: str,
    question: Any,  # noqa: ANN401 - see SERVICES
) -> Any | None:  # noqa: ANN401
    """Ask the core for another plugin's service, within the call that is under way."""
    line, number = _under_way.get()
    return await line.ask(number, name, question)


class _Line(asyncio.Protocol):
    """One connection: first the proofs, then calls side by side."""

    def __init__(self, host: Host) -> None:
        self._host = host
        self._loop = asyncio.get_running_loop()
        self._transport: asyncio.Transport | None = None
        self._frames = protocol.Frames(protocol.MAX_GREETING_BYTES)
        self._nonce: bytes | None = None
        self._trusted = False
        self._timer: asyncio.TimerHandle | None = None
        self._tasks: dict[int, asyncio.Task[None]] = {}
        self._cancelled: set[int] = set()
        self._waiting: dict[int, asyncio.Future[msgspec.Raw]] = {}
        self._last = 0

    async def ask(self, number: int, name: str, question: object) -> Any:  # noqa: ANN401 - a reply
        """Return the core's reply to a question of a call; None once the call is over."""
        if number not in self._tasks or self._closing:
            return None
        body = msgspec.msgpack.encode(question)
        self._last += 1
        mine, waiter = self._last, self._loop.create_future()
        self._waiting[mine] = waiter
        try:
            self._send(protocol.Asked(mine, number, name, msgspec.Raw(body)))
            return msgspec.msgpack.decode(await waiter, type=SERVICES[name][1] | None)
        finally:
            del self._waiting[mine]

    @property
    def _closing(self) -> bool:
        return self._transport is None or self._transport.is_closing()

    @override
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's is one in all but its class.
        self._transport = cast("asyncio.Transport", transport)
        self._timer = self._loop.call_later(_GREETING_S, self._cut, "no greeting in time")

    @override
    def data_received(self, data: bytes) -> None:
        """Answer until the other side hangs up or says something that nobody says."""
        if self._closing:
            return
        try:
            for body in self._frames.cut(data):
                message = protocol.from_core(body)
                if self._trusted:
                    self._take(message)
                else:
                    self._greet(message)
        except protocol.Garbled as error:
            self._cut(str(error))

    @override
    def connection_lost(self, exc: Exception | None) -> None:
        if self._timer:
            self._timer.cancel()
        for task in list(self._tasks.values()):
            task.cancel()
        for waiter in self._waiting.values():
            waiter.cancel()

    def _cut(self, why: str) -> None:
        _log.warning("a connection was cut: %s", why)
        if self._transport is not None:
            self._transport.close()

    def _greet(self, message: protocol.FromCore) -> None:
        """Exchange proofs; nobody is told anything before."""
        host = self._host
        if self._nonce is None:
            if not isinstance(message, protocol.Hello):
                raise protocol.Garbled("no greeting")
            self._nonce = protocol.nonce()
            welcome = protocol.Welcome(
                protocol.PROTOCOL,
                API_VERSION,
                host.sha256,
                os.getpid(),
                host.confined,
                self._nonce,
                protocol.proof(host.key, "host", message.nonce),
                host.declared,
                host.refused,
            )
            self._send(welcome)
            return
        if not isinstance(message, protocol.Proof) or not protocol.proven(
            host.key, "core", self._nonce, message.proof
        ):
            raise protocol.Garbled("no proof")
        self._trusted = True
        self._frames.most = protocol.MAX_CALL_BYTES
        if self._timer:
            self._timer.cancel()

    def _take(self, message: protocol.FromCore) -> None:
        if isinstance(message, protocol.Cancel):
            if task := self._tasks.get(message.id):
                self._cancelled.add(message.id)
                task.cancel()
            return
        if isinstance(message, protocol.Told):
            waiter = self._waiting.get(message.id)
            if waiter is not None and not waiter.done():
                waiter.set_result(message.value)
            return
        if not isinstance(message, protocol.Call) or message.id in self._tasks:
            raise protocol.Garbled("out of turn")
        if self._host.running >= _AT_ONCE:
            self._send(protocol.Failed(message.id, "busy", "HostBusy", "too many calls at once"))
            return
        self._host.running += 1
        # An empty Context: a handler inherits nothing of another's.
        task = self._loop.create_task(self._answer(message), context=Context())
        self._tasks[message.id] = task
        task.add_done_callback(lambda done: self._ended(message.id, done))

    def _ended(self, number: int, task: asyncio.Task[None]) -> None:
        self._host.running -= 1
        self._tasks.pop(number, None)
        if task.cancelled() or task.exception() is not None:
            # Cancelled before its first step, or the connection went away under the answer.
            self._send(protocol.Failed(number, "cancelled", "CancelledError", "nobody waits"))
        self._cancelled.discard(number)

    async def _answer(self, call: protocol.Call) -> None:
        """Call the handler; whatever it does, there is one answer."""
        _under_way.set((self, call.id))
        try:
            answer = await self._called(call)
        except asyncio.CancelledError:
            if call.id in self._cancelled or self._closing:
                raise
            error = RuntimeError("it cancelled itself")
            answer = protocol.Failed(call.id, "raised", "RuntimeError", str(error))
        except BaseException as error:  # noqa: BLE001 - the boundary
            answer = _failed(call.id, "raised", error, told=call.kind != "webhook")
        self._send(answer)

    async def _called(self, call: protocol.Call) -> protocol.Done | protocol.Failed:
        if self._host.runner is None:
            raise LookupError(self._host.refused)
        ref = HandlerRef(self._host.name, call.kind, call.name)
        payload = self._host.payload(ref, call.payload)
        value = await self._host.runner.call(ref, call.context, payload)
        try:
            body, _plain = packed_answer(ref, value)
            if len(body) > (most := protocol.ANSWER_BYTES[call.kind]):
                raise ValueError(f"the answer has {len(body)} bytes, where {most} are the most")
        except Exception as error:  # noqa: BLE001 - whatever a value does when it is looked at
            return _failed(call.id, "misfit", error)
        return protocol.Done(call.id, msgspec.Raw(body))

    def _send(self, message: protocol.FromHost) -> None:
        if self._transport is not None and not self._transport.is_closing():
            self._transport.write(protocol.frame(message))


def _failed(
    number: int, fault: protocol.Fault, error: BaseException, *, told: bool = True
) -> protocol.Failed:
    """Return an error as text, however odd it is; only where it was unless its words are ``told``.

    What a handler raises over a message from outside may quote the message.
    """
    try:
        text = str(error) if told else ""
        trace = "".join(
            traceback.format_exception(error, limit=-12, chain=False)
            if told
            else traceback.format_tb(error.__traceback__, limit=-12)
        )
    except Exception:  # noqa: BLE001 - an error that cannot be written down
        text = trace = ""
    name, text, trace = (
        part.encode(errors="replace").decode() for part in (type(error).__name__, text, trace)
    )
    return protocol.Failed(number, fault, name[:400], text[:400], trace[-8000:])
