"""Be the only way out of a plugin's process: connect it to the hosts that it may reach, by name.

The fence closes the network to that process and knows no names. So this one, which runs beside it
and none of the plugin's code, is asked for a name and a port, looks the name up itself, and hands
over a connection. It is started by its path and imports nothing of the core; it ends when nobody
holds the other end of its socket any more.
"""

import contextlib
import errno
import ipaddress
import json
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Iterable
from typing import Final

__all__ = ["AT_ONCE", "Gate", "connected", "split"]

AT_ONCE: Final = 32
"""Connections that are being made at a time; one more is told to come again."""

HTTPS: Final = 443
HTTP: Final = 80

_ENVIRONMENT: Final = "KUNDELIK_GATE"
_MESSAGE: Final = 1024
_SECONDS: Final = 10.0

Way = tuple[str, int]


class Gate:
    """The gate of one plugin's process, as whoever starts both sees it.

    ``named`` are hosts of the manifest: reached at port 443, at public addresses. ``added`` are the
    operator's, with a port or without, at any address.
    """

    def __init__(self, named: Iterable[str], added: Iterable[str]) -> None:
        ours, self.end = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        told = {"fd": ours.fileno(), "named": sorted(named), "added": sorted(added)}
        with ours:
            self._process = subprocess.Popen(
                [sys.executable, "-I", "-S", "-u", __file__],
                env={_ENVIRONMENT: json.dumps(told), "LANG": "C.UTF-8", "PATH": "/usr/bin:/bin"},
                stdin=subprocess.DEVNULL,
                pass_fds=[ours.fileno()],
                process_group=0,
            )

    @property
    def gone(self) -> bool:
        """Whether it has ended."""
        return self._process.poll() is not None

    def close(self) -> None:
        """End it."""
        self.end.close()
        self._process.kill()
        self._process.wait()


def split(host: str) -> tuple[str, tuple[int, ...]]:
    """Return the name of a host that an operator wrote, and the ports that are meant."""
    name, colon, port = host.partition(":")
    return name, (int(port),) if colon else (HTTP, HTTPS)


def connected(way: Way, named: set[Way], added: set[Way]) -> socket.socket:
    """Return a connection to where somebody may go.

    Raises:
        OSError: nobody may go there, or nobody answers.
    """
    name, port = way
    if way not in named | added:
        text = f"{name}:{port} does not stand under uses.http_out"
        raise PermissionError(errno.EACCES, text)
    try:
        found = socket.getaddrinfo(name, port, type=socket.SOCK_STREAM)
    except socket.gaierror as error:
        raise OSError(errno.EHOSTUNREACH, f"{name}: {error.strerror}") from error
    trouble = OSError(errno.EHOSTUNREACH, f"{name} has no address")
    for family, kind, proto, _name, address in found:
        # A name of somebody else's could lead into the operator's own network.
        if way not in added and not ipaddress.ip_address(str(address[0]).split("%")[0]).is_global:
            trouble = PermissionError(errno.EACCES, f"{name} is not a public address")
            continue
        made = socket.socket(family, kind, proto)
        try:
            made.settimeout(_SECONDS)
            made.connect(address)
            made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        except OSError as error:
            made.close()
            trouble = error
        else:
            return made
    raise trouble


def _serve(answer: socket.socket, way: Way, named: set[Way], added: set[Way]) -> None:
    with answer, contextlib.suppress(OSError):  # whoever asked may be gone
        try:
            made = connected(way, named, added)
        except OSError as error:
            number = error.errno or (errno.ETIMEDOUT if isinstance(error, TimeoutError) else 0)
            text = error.strerror or str(error)
            answer.send(json.dumps([number or errno.EHOSTUNREACH, text[:400]]).encode())
        else:
            with made:
                made.setblocking(True)
                socket.send_fds(answer, [b"[]"], [made.fileno()])


def main() -> int:
    """Connect until nobody can ask any more; returns the exit code."""
    told = json.loads(os.environ.pop(_ENVIRONMENT))
    named = {(name, HTTPS) for name in told["named"]}
    added = {(name, port) for name, ports in map(split, told["added"]) for port in ports}
    places = threading.BoundedSemaphore(AT_ONCE)

    def one(answer: socket.socket, way: Way) -> None:
        with contextlib.ExitStack() as stack:
            stack.callback(places.release)
            _serve(answer, way, named, added)

    with socket.socket(fileno=told["fd"]) as control:
        while True:
            message, fds, _flags, _address = socket.recv_fds(control, _MESSAGE, 1)
            if not fds:
                if not message:
                    return 0
                continue
            answer = socket.socket(fileno=fds[0])
            try:
                name, port = json.loads(message)
                way = str(name), int(port)
            except (ValueError, TypeError):
                answer.close()
                continue
            if not places.acquire(blocking=False):
                with answer, contextlib.suppress(OSError):
                    answer.send(json.dumps([errno.EAGAIN, "too many at once"]).encode())
                continue
            threading.Thread(target=one, args=(answer, way), daemon=True).start()


if __name__ == "__main__":
    sys.exit(main())
