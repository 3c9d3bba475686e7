"""Put new workers into the places of old ones, and lose no connection over it.

Each place has a listening socket of its own, which the master keeps: the system spreads connections
evenly over the places, and what comes while nobody accepts waits there for whoever is next. An old
worker is told to go only after the new one has said that it has started. One that does not start
leaves the old one where it is.
"""

import contextlib
import logging
import multiprocessing
import os
import signal
import socket
import time
from collections.abc import Callable, Sequence
from functools import partial
from multiprocessing.connection import Connection, wait
from typing import Any, Final, Protocol

from granian.server import MPServer
from granian.server.mp import WorkerProcess
from typing_extensions import override

__all__ = ["Handover"]

log = logging.getLogger(__name__)

# What a new worker gets to start in; a machine that is busy or cold takes its time.
START_SECONDS: Final = 120.0
# How soon a wait for a new worker ends when the server is told to stop.
_LOOK_EVERY: Final = 0.25
_STOPS: Final = (signal.SIGINT, signal.SIGTERM)

Load = Callable[..., Callable[..., Any]]


class _Worker(Protocol):
    """What granian's workers are, in types."""

    idx: int
    interrupt_by_parent: bool

    def start(self) -> None: ...
    def is_alive(self) -> bool: ...
    def join(self, timeout: float | None = None) -> None: ...
    def terminate(self) -> None: ...
    def kill(self) -> None: ...


class Handover(MPServer):
    """A server whose workers can be replaced while it is asked.

    What it overrides are methods that granian itself splits the work of ``serve`` into: it knows of
    no hook for "the new worker listens", and waits for a set time instead.
    """

    _ssp: Any
    _shd: Any
    _sso: Any

    def __init__(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401 - granian's own
        super().__init__(*args, **kwargs)
        self._places: list[tuple[Any, socket.socket]] = []
        self._had_terminal = _has_terminal()

    @override
    def startup(self, *args: Any) -> None:  # granian's own
        os.register_at_fork(before=_hold_stops, after_in_parent=_let_stops, after_in_child=_begin)
        super().startup(*args)  # type: ignore[no-untyped-call]

    @override
    def signal_handler_reload(self, *args: Any, **kwargs: Any) -> None:
        # A terminal that goes says this too, to all that it started: Ctrl-C is not to be had then.
        if self._had_terminal and not _has_terminal():
            self.signal_handler_interrupt()  # type: ignore[no-untyped-call]
        else:
            super().signal_handler_reload()  # type: ignore[no-untyped-call]

    # -- sockets

    @override
    def _init_shared_socket(self) -> None:
        super()._init_shared_socket()  # type: ignore[no-untyped-call]
        if self._ssp is None:
            return  # outside Linux, there is one socket for all workers, and the master has it
        for _ in range(self.workers):
            holder = self._ssp.build()
            self._places.append((holder, socket.socket(fileno=holder.get_fd())))

    @override
    def _drop_shared_socket(self) -> None:
        super()._drop_shared_socket()  # type: ignore[no-untyped-call]
        for _holder, own in self._places:
            own.close()

    @override
    def _spawn_worker(  # type: ignore[override] # so does granian's own
        self, idx: int, target: Callable[..., None], callback_loader: Load
    ) -> WorkerProcess:
        if not self._places:
            return super()._spawn_worker(idx, target, callback_loader)
        spec = self._ssp
        try:
            self._ssp, (self._shd, self._sso) = None, self._places[idx]
            return super()._spawn_worker(idx, target, callback_loader)
        finally:
            self._ssp, self._shd, self._sso = spec, None, None

    # -- replacing

    @override
    def _respawn_workers(
        self,
        workers: Sequence[int],
        spawn_target: Callable[..., None],
        target_loader: Load,
        delay: float = 0,
    ) -> None:
        if not delay:
            # These are dead: there is nobody to wait with.
            super()._respawn_workers(workers, spawn_target, target_loader)
            return
        for idx in workers:
            if self.interrupt_signal or not self._replace(idx, spawn_target, target_loader):
                return

    def _replace(self, idx: int, spawn_target: Callable[..., None], target_loader: Load) -> bool:
        """Start a worker, and end the one in its place once it has started."""
        heard, says = multiprocessing.Pipe(duplex=False)
        with heard, says:
            load = partial(_tell_when_ready, target_loader, says)
            new: _Worker = self._spawn_worker(idx, spawn_target, load)
            # If it ends before it has started, that is no reason to start another one at once.
            new.interrupt_by_parent = True
            new.start()
            says.close()
            why = self._why_not(new, heard)
        if why:
            if not self.interrupt_signal:
                log.error("a new worker %s: the old workers go on; nothing is replaced", why)
            new.kill()  # it has served nobody
            new.join()
            return False
        workers: list[Any] = self.wrks
        old, workers[idx] = workers[idx], new
        # The old one may have died meanwhile; its place is taken.
        with contextlib.suppress(ValueError):
            self.interrupt_children.remove(idx)
        new.interrupt_by_parent = False
        if not new.is_alive():
            self.interrupt_children.append(idx)
            self.main_loop_interrupt.set()
        self._end(old)
        return True

    def _why_not(self, new: _Worker, heard: Connection) -> str:
        """Wait until a new worker has started; return what hindered it."""
        deadline = time.monotonic() + START_SECONDS
        while not self.interrupt_signal:
            if wait([heard], _LOOK_EVERY):
                try:
                    heard.recv_bytes()
                except EOFError:
                    return "ended while it started"
                return ""
            if not new.is_alive():
                return "ended while it started"
            if time.monotonic() > deadline:
                return f"did not start within {START_SECONDS:.0f} s"
        return "is not needed any more"

    def _end(self, worker: _Worker) -> None:
        worker.terminate()
        worker.join(self.workers_kill_timeout)
        if worker.is_alive():
            log.warning("worker %s did not stop in time and is killed", worker.idx + 1)
            worker.kill()
            worker.join()


def _has_terminal() -> bool:
    try:
        os.close(os.open("/dev/tty", os.O_RDONLY | os.O_NOCTTY))
    except OSError:
        return False
    return True


def _hold_stops() -> None:
    signal.pthread_sigmask(signal.SIG_BLOCK, _STOPS)


def _let_stops() -> None:
    signal.pthread_sigmask(signal.SIG_UNBLOCK, _STOPS)


def _begin() -> None:
    """Let a worker that still starts end at once when told to.

    It has the master's handlers from the fork, which note what they hear where nobody looks, until
    granian puts its own in their place: a worker told in between would have to be killed.
    """
    for number in _STOPS:
        signal.signal(number, signal.SIG_DFL)
    _let_stops()


def _tell_when_ready(load: Load, says: Connection) -> Callable[..., Any]:
    """Return the application, in the new worker, which tells the master when it has started."""
    application = load()

    def told(scope: Any, receive: Any, send: Any) -> Any:  # noqa: ANN401 - an ASGI application
        if scope["type"] != "lifespan":
            return application(scope, receive, send)

        async def tell(message: Any) -> None:  # noqa: ANN401
            await send(message)
            if message["type"] == "lifespan.startup.complete":
                with contextlib.suppress(OSError), says:
                    says.send_bytes(b"started")

        return application(scope, receive, tell)

    return told
