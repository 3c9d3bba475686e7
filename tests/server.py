"""Run the real server as its own processes, for tests that kill it and for browsers."""

import contextlib
import os
import secrets
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Final

import httpx

__all__ = ["PLAIN", "Server", "ask", "free_port", "roomy_dir"]

OTHERS = (b"tracker", b"kundelik_core.cli.worker", b"plugins/host/__main__")
COMMAND = "from kundelik_core.cli import main; main(prog_name='kundelik')"
# However often a test ends the job worker, it comes back as fast as after a day.
SERVE = f"""
import kundelik_core.kernel.supervise as supervise
supervise._FIRST_PAUSE, supervise._LONGEST_PAUSE = 0.2, 0.5
{COMMAND}
"""

PLAIN: Final = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
"""For clients that ask without TLS: to read all authorities takes longer than an answer."""


def ask(url: str, seconds: float = 10) -> httpx.Response:
    """Ask once, over a connection of its own."""
    return httpx.get(url, timeout=seconds, verify=PLAIN)


def free_port() -> int:
    """Return a port of this machine that nobody listens on.

    It is none of those that the system gives to clients: until a server is there, and between two
    starts of it, one of thousands of connections would take it.
    """
    while True:
        port = 20_000 + secrets.randbelow(12_000)
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port


@contextmanager
def roomy_dir(name: str) -> Iterator[Path]:
    """Make a data directory that PostgreSQL's own account may enter, and remove it at the end."""
    place = Path(tempfile.mkdtemp(prefix=f"kundelik-{name}-"))
    place.chmod(0o755)
    try:
        yield place
    finally:
        shutil.rmtree(place, ignore_errors=True)


class Server:
    """``kundelik <arguments>`` on a data directory and a port; ``start``, ``kill``, ``stop``.

    Code to run ``before`` it is there to disturb it.
    """

    def __init__(
        self,
        data_dir: Path,
        *arguments: str,
        workers: int = 2,
        python: str = sys.executable,
        more: Mapping[str, str] | None = None,
        before: str = "",
    ) -> None:
        self.port = free_port()
        self.data_dir = data_dir
        self.url = f"http://127.0.0.1:{self.port}"
        self.log = data_dir / "server.log"
        self._arguments = arguments or ("serve",)
        self._workers = workers
        self._python = python
        self._more = more or {}
        self._code = before + SERVE
        self._process: subprocess.Popen[bytes] | None = None
        self._output: IO[bytes] | None = None

    def start(self, seconds: float = 60) -> None:
        """Start it and wait until its pages answer."""
        self.begin()
        self._wait(seconds)

    def begin(self) -> None:
        """Start it and wait for nothing."""
        environment = {k: v for k, v in os.environ.items() if not k.startswith("KUNDELIK_")}
        environment |= {
            "KUNDELIK_DATA_DIR": str(self.data_dir),
            "KUNDELIK_HOST": "127.0.0.1",
            "KUNDELIK_PORT": str(self.port),
            "KUNDELIK_WORKERS": str(self._workers),
            **self._more,
        }
        with self.log.open("ab") as output:
            self._process = subprocess.Popen(
                [self._python, "-c", self._code, *self._arguments],
                cwd=self.data_dir, env=environment, stdin=subprocess.DEVNULL, stdout=output,
                stderr=output, start_new_session=True,
            )  # fmt: skip

    def _wait(self, seconds: float) -> None:
        deadline = time.monotonic() + seconds
        assert self._process
        while True:
            if self._process.poll() is not None:
                raise AssertionError(f"the server ended by itself:\n{self.said()}")
            try:
                if ask(f"{self.url}/readyz", 5).status_code == 200:
                    return
            except httpx.TransportError:
                pass
            if time.monotonic() > deadline:
                raise AssertionError(f"no answer in {seconds} s:\n{self.said()}")
            time.sleep(0.1)

    def said(self) -> str:
        """Return the end of what it wrote."""
        return self.log.read_text("utf-8", "replace")[-4000:] if self.log.exists() else ""

    def workers(self) -> list[int]:
        """Return the pids of the processes that answer requests."""
        assert self._process
        found = []
        for stat in Path("/proc").glob("[0-9]*/stat"):
            try:
                name, _sep, rest = stat.read_text().rpartition(")")
                command = (stat.parent / "cmdline").read_bytes()
            except OSError:
                continue
            # A tracker of shared memory may be a child too; the job worker and plugins' hosts are.
            other = any(one in command for one in OTHERS)
            if int(rest.split()[1]) == self._process.pid and not other:
                found.append(int(name.split(" ", 1)[0]))
        return sorted(found)

    @property
    def master(self) -> int:
        """Return the pid of the process that starts all others."""
        assert self._process
        return self._process.pid

    def kill_workers(self) -> list[int]:
        """Kill all workers the hard way, and return their pids; the master starts others."""
        gone = self.workers()
        for pid in gone:
            os.kill(pid, signal.SIGKILL)
        return gone

    def kill(self) -> None:
        """Kill master and workers at once, as when the power fails; the database lives on."""
        assert self._process
        os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        self._process = None

    def stop(self) -> None:
        """Ask it to stop, as an operator does."""
        if self._process is None:
            return
        self._process.send_signal(signal.SIGINT)
        self.wait()

    def wait(self) -> None:
        """Wait until it has stopped, for whatever reason."""
        assert self._process
        process, self._process = self._process, None
        try:
            process.wait(60)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            raise AssertionError(f"the server did not stop in 60 s:\n{self.said()}") from None
