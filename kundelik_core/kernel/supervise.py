"""Keep what runs beside the server alive: the job worker, and the embedded PostgreSQL.

The master process of the server has no loop of its own to do it in, so a thread looks after them.
A companion is a process of its own group: it ends when it is told to, or when the pipe that is its
standard input closes because the master has died.
"""

import contextlib
import logging
import os
import subprocess
import threading
import time
import weakref
from collections.abc import Sequence
from types import TracebackType
from typing import IO, Final, Protocol, Self, runtime_checkable

from kundelik_core.kernel.pg import EmbeddedPostgres, PostgresError

__all__ = ["Beside", "Companion", "Renewed", "Supervisor", "keep_from_forks", "starting"]

log = logging.getLogger(__name__)

LOOK_EVERY: Final = 1.0
_FIRST_PAUSE: Final = 1.0
_LONGEST_PAUSE: Final = 30.0
# Whoever lived so long has not failed at the start.
_LIVED: Final = 60.0
_STOP_SECONDS: Final = 25.0


starting: Final = threading.Lock()
"""To be held while a process is started in a thread.

The server forks its workers meanwhile. One that were forked at that very moment would hold the pipe
on which the start waits for the new program, and so make it wait until that worker ends.
"""

_not_for_forks: Final[weakref.WeakSet[IO[bytes]]] = weakref.WeakSet()


def keep_from_forks(file: IO[bytes]) -> None:
    """Let forked workers close their copy of a pipe or of a locked file as they begin.

    They would keep it open when the master has died, and nobody would notice that it has.
    """
    _not_for_forks.add(file)


def _forked() -> None:
    for file in list(_not_for_forks):
        with contextlib.suppress(OSError):
            file.close()
    starting.release()


os.register_at_fork(
    before=starting.acquire, after_in_parent=starting.release, after_in_child=_forked
)


class Beside(Protocol):
    """What can be kept alive beside the server."""

    def look(self) -> None:
        """Start what is not there and should be."""
        ...

    def stop(self) -> None:
        """End it, and return when it has ended."""
        ...


@runtime_checkable
class Renewed(Protocol):
    """What has to begin anew when the server's workers do, to know what was decided since."""

    def reload(self) -> None:
        """Begin anew, without waiting for it."""
        ...


class Companion:
    """One process that is started, and started again when it dies, ever more slowly."""

    def __init__(self, name: str, command: Sequence[str]) -> None:
        self.name = name
        self._command = list(command)
        self._process: subprocess.Popen[bytes] | None = None
        self._began = 0.0
        self._pause = 0.0
        # Since when it is to end and to be started again.
        self._ending: float | None = None

    @property
    def pid(self) -> int | None:
        """Return the process id while it runs."""
        alive = self._process is not None and self._process.poll() is None
        return self._process.pid if self._process and alive else None

    def look(self) -> None:
        """Start it if it is not there and its time has come."""
        now = time.monotonic()
        if self._process is not None:
            code = self._process.poll()
            if code is None:
                if self._ending is not None and now - self._ending > _STOP_SECONDS:
                    log.warning("%s did not stop in time and is killed", self.name)
                    self._process.kill()
                return
            self._forget()
            asked, self._ending = self._ending is not None, None
            if asked:
                self._start(now)
                return
            lived = now - self._began
            self._pause = (
                _FIRST_PAUSE if lived > _LIVED else min(self._pause * 2 or _FIRST_PAUSE,
                                                        _LONGEST_PAUSE)
            )  # fmt: skip
            log.warning(
                "%s ended with %s after %.0f s; again in %.0f s",
                self.name, code, lived, self._pause,
            )  # fmt: skip
            self._began = now
        if now - self._began < self._pause:
            return
        self._start(now)

    def reload(self) -> None:
        """Let it end with what is under way, and start it again after that."""
        if self._process is not None and self._ending is None:
            self._ending = time.monotonic()
            self._process.terminate()

    def _start(self, now: float) -> None:
        self._began = now
        with starting:
            self._process = subprocess.Popen(
                self._command, stdin=subprocess.PIPE, process_group=0, close_fds=True
            )
            assert self._process.stdin is not None
            keep_from_forks(self._process.stdin)

    def _forget(self) -> None:
        process, self._process = self._process, None
        if process and process.stdin:
            with contextlib.suppress(OSError):
                process.stdin.close()

    def stop(self) -> None:
        """Ask it to end, and see to it that it does."""
        process = self._process
        if process is None:
            return
        process.terminate()
        try:
            process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            log.warning("%s did not stop in time and is killed", self.name)
            process.kill()
            process.wait()
        self._forget()


class Supervisor:
    """Looks after companions and the database while its ``with`` block runs."""

    def __init__(
        self, companions: Sequence[Beside] = (), postgres: EmbeddedPostgres | None = None
    ) -> None:
        self._companions = companions
        self._postgres = postgres
        self._ending = threading.Event()
        self._reloading = threading.Event()
        self._wake = threading.Event()
        self._thread = threading.Thread(target=self._run, name="supervisor", daemon=True)

    def reload(self) -> None:
        """Let what stands beside the server begin anew; returns at once."""
        self._reloading.set()
        self._wake.set()

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._ending.set()
        self._wake.set()
        self._thread.join()
        for companion in self._companions:
            companion.stop()

    def _run(self) -> None:
        while not self._ending.is_set():
            if self._reloading.is_set():
                self._reloading.clear()
                for companion in self._companions:
                    if isinstance(companion, Renewed):
                        companion.reload()
            self._look()
            self._wake.wait(LOOK_EVERY)
            self._wake.clear()

    def _look(self) -> None:
        """Look once; whatever goes wrong is told and tried again."""
        try:
            if self._postgres and self._postgres.revive():
                log.warning("the embedded PostgreSQL had died and was started again")
            for companion in self._companions:
                companion.look()
        except (OSError, PostgresError):
            log.exception("supervisor: trying again")
