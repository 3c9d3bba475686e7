"""Keep the plugins' processes running beside the server, and see to it that none outlives it.

One thread starts, watches and ends all of them. It has to be one that lives until the last host is
gone: the kernel takes the end of the thread that started a host for the end of the server.
"""

import contextlib
import fcntl
import logging
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterable
from io import BufferedWriter
from types import TracebackType
from typing import Final, Self

from kundelik_core.kernel.supervise import keep_from_forks, starting
from kundelik_core.plugins.host.gate import Gate
from kundelik_core.plugins.host.load import greeted
from kundelik_core.plugins.host.output import Output
from kundelik_core.plugins.host.place import HostPlan, HostState, Place
from kundelik_core.plugins.host.spec import NO_GATE, command_of, environment_of, names_of

__all__ = ["PluginHosts"]

_log = logging.getLogger(__name__)

_LOOK_EVERY: Final = 0.2
_ASK_EVERY: Final = 30.0
_PROBE_EVERY: Final = 3.0
_PROBE_S: Final = 1.0
# A host that does not greet for so long, since its start or since it last did, is stuck: killed.
_STARTS_IN: Final = 20.0
_SILENT_FOR: Final = 12.0
_FIRST_PAUSE: Final = 0.5
_LONGEST_PAUSE: Final = 60.0
# Whoever lived so long has not failed at the start.
_LIVED: Final = 60.0
_STOP_SECONDS: Final = 5.0
_END_EVERY: Final = 0.02


class PluginHosts:
    """Runs a process for each plugin that ``ask`` returns, between its first ``look`` and ``stop``.

    ``ask`` is called in a thread of its own, at once and then ``every`` so many seconds; a plan
    that is new, changed or gone starts, restarts or ends its host. The whole can stand beside the
    server like any of its companions.
    """

    name = "the plugins' processes"

    def __init__(
        self, place: Place, ask: Callable[[], Iterable[HostPlan]], *, every: float = _ASK_EVERY
    ) -> None:
        self._place, self._ask, self._every = place, ask, every
        self._wanted: dict[str, HostPlan] = {}
        self._hosts: dict[str, _Host] = {}
        self._next = 0.0
        self._ending = threading.Event()
        self._thread: threading.Thread | None = None

    def __enter__(self) -> Self:
        self.look()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def look(self) -> None:
        """Begin, if that has not been done; the thread then looks by itself."""
        if self._thread is None or not self._thread.is_alive():
            self._place.make()
            self._ending.clear()
            self._thread = threading.Thread(target=self._run, name="plugin hosts", daemon=True)
            self._thread.start()

    def reload(self) -> None:
        """Ask at once which processes there are to be."""
        self._next = 0.0

    def stop(self) -> None:
        """End all hosts and wait until they are gone."""
        self._ending.set()
        if self._thread is not None:
            self._thread.join()
            self._thread = None

    def pid(self, name: str) -> int | None:
        """Return the process of a plugin while it runs."""
        host = self._hosts.get(name)
        return host.pid if host else None

    def _run(self) -> None:
        try:
            while not self._ending.is_set():
                self._round()
                self._ending.wait(_LOOK_EVERY)
        finally:
            _end(self._hosts.values())
            self._hosts.clear()

    def _round(self) -> None:
        now = time.monotonic()
        if now >= self._next:
            self._next = now + self._every
            try:
                self._wanted = {plan.name: plan for plan in self._ask()}
            except Exception:  # noqa: BLE001 - what runs goes on running
                _log.exception("which plugins have processes cannot be told; asking again")
        gone = [one for name, one in self._hosts.items() if self._wanted.get(name) != one.plan]
        _end(gone)
        for host in gone:
            del self._hosts[host.plan.name]
        for name, plan in self._wanted.items():
            if name not in self._hosts:
                self._hosts[name] = _Host(self._place, plan)
            try:
                self._hosts[name].look()
            except Exception:  # noqa: BLE001 - the others go on, and this one is tried again
                _log.exception("the process of %s: trying again", name)


class _Host:
    """One process that is started, started again when it ends, and ended when it hangs."""

    def __init__(self, place: Place, plan: HostPlan) -> None:
        self.plan = plan
        self._place = place
        self._lock: BufferedWriter | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._gate: Gate | None = None
        self._output: Output | None = None
        self._began = self._heard = self._probed = self._next = 0.0
        self._pause = 0.0
        self._restarts = 0
        self._why = ""
        self._confined: tuple[str, ...] = ()
        self._status = ""

    @property
    def pid(self) -> int | None:
        return self._process.pid if self._process and not _gone(self._process) else None

    def look(self) -> None:
        """Do what is due."""
        now = time.monotonic()
        if self._lock is None and not self._take_lock():
            self._tell("elsewhere")
        elif self._process is None:
            if now >= self._next:
                self._start(now)
        elif _gone(self._process):
            self._ended(now)
        elif self._gate is not None and self._gate.gone:
            self._ended(now, "its way to the network ended")
        elif now - self._probed >= (_PROBE_EVERY if self._status == "running" else _LOOK_EVERY):
            self._probe(now)

    def _take_lock(self) -> bool:
        file = self._place.lock(self.plan.name).open("wb")
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            file.close()
            return False
        keep_from_forks(file)
        self._lock = file
        return True

    def _start(self, now: float) -> None:
        scratch = self._place.scratch(self.plan.name)
        scratch.mkdir(mode=0o700, exist_ok=True)
        self._began = self._heard = self._probed = now
        with starting:
            # Without Linux there is no fence, and nothing to lead around it.
            if names_of(self.plan) and sys.platform == "linux":
                self._gate = Gate(self.plan.named, self.plan.added)
            gate = self._gate.end.fileno() if self._gate else NO_GATE
            self._process = subprocess.Popen(
                command_of(self.plan),
                env=environment_of(self.plan, self._place, gate),
                pass_fds=[gate] if self._gate else [],
                cwd=scratch,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                # A group of its own: Ctrl-C is the server's to hear, and its children end with it.
                process_group=0,
            )
            if self._gate:
                self._gate.end.close()
        assert self._process.stdout is not None
        self._output = Output(self.plan.name, self._process.stdout)
        self._tell("starting")

    def _probe(self, now: float) -> None:
        self._probed = now
        try:
            welcome, why = greeted(self._place, self.plan.name, self.plan.sha256, _PROBE_S)
        except OSError:
            patience = _SILENT_FOR if self._status == "running" else _STARTS_IN
            if now - self._heard > patience:
                _log.warning("the process of %s hangs and is killed", self.plan.name)
                self._ended(now, "it did not answer any more and was killed")
            return
        self._heard = time.monotonic()
        self._confined = welcome.confined if welcome else ()
        self._why = why or (welcome.refused if welcome else "") or self._why
        self._tell("running")

    def _ended(self, now: float, why: str = "") -> None:
        lived = now - self._began
        code = self._kill()
        why = why or _how(code)
        if lived > _LIVED:
            self._pause = _FIRST_PAUSE
        else:
            self._pause = min(self._pause * 2 or _FIRST_PAUSE, _LONGEST_PAUSE)
        self._next = now + self._pause
        self._restarts += 1
        last = self._output.last if self._output else ""
        self._why = f"{why} after {lived:.0f} s" + (f"; its last line: {last}" if last else "")
        self._output = None
        _log.warning("the process of %s: %s; again in %.1f s", self.plan.name, why, self._pause)
        self._tell("waiting")

    def ask_to_end(self) -> None:
        if self._process is not None and not _gone(self._process):
            self._process.terminate()

    def end(self, deadline: float) -> None:
        """See to it that it is gone, and give the lock back."""
        if self._process is not None:
            while not _gone(self._process) and time.monotonic() < deadline:
                time.sleep(_END_EVERY)
            self._kill()
        if self._lock is not None:
            self._place.socket(self.plan.name).unlink(missing_ok=True)
            self._tell("stopped")
            self._lock.close()
            self._lock = None

    def _kill(self) -> int:
        """End the process and whatever it started; returns its exit code."""
        process, self._process = self._process, None
        gate, self._gate = self._gate, None
        if gate is not None:
            gate.close()
        if process is None:
            return 0
        # Not waited for yet, so its number is still its own, and that of its group.
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
        code = process.wait()
        if self._output is not None:
            self._output.close()
        return code

    def _tell(self, status: str) -> None:
        if status == self._status:
            return
        self._status = status
        if status == "elsewhere":  # whoever runs it tells
            return
        self._place.write_state(
            HostState(
                name=self.plan.name,
                status=status,
                since=time.time(),
                pid=self.pid or 0,
                restarts=self._restarts,
                why=self._why,
                confined=self._confined,
            )
        )


def _end(hosts: Iterable[_Host]) -> None:
    """End several at once, within the time that one may take."""
    hosts = list(hosts)
    for host in hosts:
        host.ask_to_end()
    deadline = time.monotonic() + _STOP_SECONDS
    for host in hosts:
        host.end(deadline)


def _gone(process: subprocess.Popen[bytes]) -> bool:
    """Tell whether a process has ended, and leave it to be waited for."""
    flags = os.WEXITED | os.WNOHANG | os.WNOWAIT
    return os.waitid(os.P_PID, process.pid, flags) is not None


def _how(code: int) -> str:
    if code >= 0:
        return f"it ended with exit code {code}"
    with contextlib.suppress(ValueError):
        return f"it was ended by {signal.Signals(-code).name}"
    return f"it was ended by signal {-code}"
