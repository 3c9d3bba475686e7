"""Run the real server with one worker, and read how much processor time each side has used."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import MappingProxyType
from typing import Final

__all__ = ["BenchError", "cpu_us", "family", "server", "spent_us"]

_STARTS_IN: Final = 90.0


class BenchError(Exception):
    """The benchmark cannot go on; the text says why."""


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def server(
    data_dir: Path, more: Mapping[str, str] = MappingProxyType({})
) -> Iterator[tuple[int, int]]:
    """Serve the installation in ``data_dir``; give the port and the pid of the master.

    ``more`` comes into the environment of the server.
    """
    port = _free_port()
    environment = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("KUNDELIK_") or name == "KUNDELIK_PG_BIN"
    } | {**more}
    log = data_dir / f"bench-{port}.log"
    command = [
        sys.executable, "-c", "from kundelik_core.cli import main; main()", "serve",
        "--port", str(port), "--workers", "1", "--data-dir", str(data_dir.resolve()),
    ]  # fmt: skip
    with log.open("wb") as out:
        process = subprocess.Popen(
            command, cwd=data_dir, env=environment, stdin=subprocess.DEVNULL, stdout=out, stderr=out
        )
        try:
            _wait(process, port, log)
            yield port, process.pid
        finally:
            process.terminate()
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _wait(process: "subprocess.Popen[bytes]", port: int, log: Path) -> None:
    until = time.monotonic() + _STARTS_IN
    while time.monotonic() < until:
        if process.poll() is not None:
            raise BenchError(f"the server did not start: {log.read_text('utf-8')[-2000:]}")
        try:
            with socket.create_connection(("127.0.0.1", port), 2) as link:
                link.sendall(b"GET /readyz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
                if b" 200 " in link.recv(100):
                    return
        except OSError:
            pass
        time.sleep(0.1)
    raise BenchError(f"the server did not answer in {_STARTS_IN:.0f} s; see {log}")


def family(root: int) -> list[int]:
    """Return a process and all that descend from it."""
    parents: dict[int, int] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                fields = (entry / "stat").read_text().rpartition(")")[2].split()
            except OSError:
                continue
            parents[int(entry.name)] = int(fields[1])
    found = [root]
    for pid in found:
        found += [child for child, parent in parents.items() if parent == pid]
    return found


def cpu_us(pids: list[int]) -> dict[int, float]:
    """Return the processor time that each process has used, all its threads together."""
    found: dict[int, float] = {}
    for pid in pids:
        try:
            # The clock of a process, as clock_getcpuclockid(3) names it: to the nanosecond, where
            # /proc/<pid>/stat counts in hundredths of a second.
            found[pid] = time.clock_gettime_ns((~pid << 3) | 2) / 1000
        except OSError:
            continue
    return found


def spent_us(before: dict[int, float], after: dict[int, float]) -> float:
    """Return what was used in between; a process that is new brings all, one that ended nothing."""
    return sum(now - before.get(pid, 0.0) for pid, now in after.items())
