"""Load a plugin that runs in a process of its own: ask that process, import nothing of it here."""

import contextlib
import logging
import socket
import time
from typing import Final

import msgspec

from kundelik_core.kernel.i18n import N_
from kundelik_core.plugins.collect import RefusedError
from kundelik_core.plugins.context import Ask
from kundelik_core.plugins.declared import Declared
from kundelik_core.plugins.host import protocol
from kundelik_core.plugins.host.checks import checked
from kundelik_core.plugins.host.client import judged
from kundelik_core.plugins.host.place import Place
from kundelik_core.plugins.host.runner import HostRunner
from kundelik_core.plugins.registry import Loaded
from kundelik_core.plugins.runner import Runner
from kundelik_core.plugins.states import Found, Reason
from kundelik_core.sdk import API_VERSION

__all__ = ["HostedPlugins", "greeted", "host_loader"]

WAIT_S: Final = 15.0
_GREETING_S: Final = 1.0
_LOOK_EVERY: Final = 0.05

_log = logging.getLogger(__name__)


class HostedPlugins:
    """The hosted half of a process of the core: loads plugins by asking, and calls them.

    ``runner`` calls the handlers of those that were loaded.
    """

    def __init__(self, place: Place, *, wait: float = WAIT_S) -> None:
        self._place, self._wait = place, wait
        self._hosts = HostRunner(place)
        self.runner: Runner = self._hosts

    def answer_with(self, ask: Ask) -> None:
        """Let the plugins' processes ask other plugins through ``ask``."""
        self._hosts.answer_with(ask)

    def load(self, found: Found) -> Loaded:
        """Return what a plugin's process declares, to be used as a ``Loader``.

        Raises:
            RefusedError: there is no such process, or the plugin declares what it may not.
        """
        loaded = host_loader(self._place, found, self._wait)
        self._hosts.add(found)
        return loaded

    async def close(self) -> None:
        """Hang up on all hosts."""
        await self._hosts.close()


def host_loader(place: Place, found: Found, wait: float = WAIT_S) -> Loaded:
    """Ask a plugin's process what it declares; ``wait`` seconds for one that is just starting.

    A process that is down while this one starts is no reason to be without the plugin until the
    next start: then what the same version declared the last time counts.
    """
    assert found.manifest is not None
    assert found.root is not None
    kept = place.declared(found.name, found.sha256)
    declared: Declared | None = None
    try:
        declared = _asked(place, found, wait)
    except OSError as error:
        with contextlib.suppress(OSError, msgspec.DecodeError):
            declared = msgspec.msgpack.decode(kept.read_bytes(), type=Declared)
        if declared is None:
            raise _refused(str(error)) from error
        _log.warning("the process of %s is down; going by what it declared before", found.name)
    declared = checked(declared, found.manifest)
    with contextlib.suppress(OSError):
        kept.write_bytes(msgspec.msgpack.encode(declared))
    return Loaded(
        manifest=found.manifest, version=found.version, root=found.root, declared=declared
    )


def _asked(place: Place, found: Found, wait: float) -> Declared:
    """Return what the host declares.

    Raises:
        OSError: it is not there.
        RefusedError: it is, and says or is something else than it should.
    """
    deadline = time.monotonic() + wait
    while True:
        try:
            welcome, why = greeted(place, found.name, found.sha256)
        except OSError:
            state = place.state(found.name)
            if state is not None and state.status == "waiting":
                raise ConnectionError(state.why) from None
            if time.monotonic() > deadline:
                raise
            time.sleep(_LOOK_EVERY)
        else:
            if _earlier(welcome, found) and time.monotonic() <= deadline:
                time.sleep(_LOOK_EVERY)
                continue
            if why or welcome is None or welcome.declared is None:
                raise _refused(why or (welcome.refused if welcome else ""))
            return welcome.declared


def _earlier(welcome: protocol.Welcome | None, found: Found) -> bool:
    """Say whether a process of another version still runs, which is being replaced just now."""
    return welcome is not None and bool(welcome.sha256) and welcome.sha256 != found.sha256


def greeted(
    place: Place, name: str, sha256: str, limit: float = _GREETING_S
) -> tuple[protocol.Welcome | None, str]:
    """Greet a host and hang up; returns its welcome and why it is not the one, if it is not.

    Raises:
        OSError: nobody answers.
    """
    nonce, key = protocol.nonce(), place.key(name)
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as line:
        line.settimeout(limit)
        line.connect(str(place.socket(name)))
        line.sendall(protocol.frame(protocol.Hello(protocol.PROTOCOL, API_VERSION, nonce)))
        deadline = time.monotonic() + limit
        try:
            head = _exactly(line, protocol.HEAD.size, deadline)
            size = protocol.length(head, protocol.MAX_FRAME_BYTES)
            welcome = protocol.from_host(_exactly(line, size, deadline))
        except protocol.Garbled as error:
            return None, f"what it says cannot be understood: {error}"
    why = judged(name, sha256, key, nonce, welcome)
    return (welcome if isinstance(welcome, protocol.Welcome) else None), why


def _exactly(line: socket.socket, size: int, deadline: float) -> bytes:
    parts = bytearray()
    while len(parts) < size:
        line.settimeout(max(deadline - time.monotonic(), 0.001))
        part = line.recv(min(size - len(parts), 1 << 16))
        if not part:
            raise ConnectionError("it hung up")
        parts += part
    return bytes(parts)


def _refused(why: str) -> RefusedError:
    return RefusedError(
        Reason(
            "host",
            N_("Its own process does not run it: %(why)s."),
            {"why": why[:300]},
            N_("The server's log has what the process wrote."),
        )
    )
