"""Send requests over connections that stay open, as quickly as the server answers.

Plain sockets and one selector: what the client does beside the server has to be little, since it
takes its processor and its caches.
"""

import selectors
import socket
import time
from collections.abc import Callable, Iterable, Iterator
from typing import Final

import msgspec

from bench.server import BenchError

__all__ = ["Ask", "Tally", "Unit", "drive"]

HOST: Final = "127.0.0.1"
_PATIENCE: Final = 60.0


class Ask(msgspec.Struct, frozen=True, kw_only=True):
    """One request, and what has to come back."""

    path: str
    method: str = "GET"
    token: str = ""
    body: bytes = b""
    status: int = 200
    school: int = 0
    headers: tuple[tuple[str, str], ...] = ()
    seen: Callable[[bytes], None] | None = None
    """Looks at the body, which is then asked for as it is, without compression."""

    def pairs(self, host: str) -> list[tuple[str, str]]:
        """Return the header lines, those of a browser."""
        pairs = [("host", host), ("accept", "text/html"), ("accept-language", "kk,ru;q=0.8")]
        if not self.seen:
            pairs.append(("accept-encoding", "gzip, deflate, br"))
        if self.token:
            pairs.append(("cookie", f"kundelik_session={self.token}"))
        pairs.append(("sec-fetch-site", "same-origin"))
        if self.body:
            pairs += [("content-type", "application/json"), ("content-length", str(len(self.body)))]
        return [*pairs, *self.headers]

    def wire(self, host: str) -> bytes:
        """Return the request as it is sent."""
        lines = [f"{self.method} {self.path} HTTP/1.1"]
        lines += [f"{name}: {value}" for name, value in self.pairs(host)]
        return "\r\n".join(lines).encode() + b"\r\n\r\n" + self.body


Unit = list[Ask]
"""What one measured thing is made of: mostly one request, for a visit all its files."""


class Tally(msgspec.Struct):
    """What a round came to."""

    units: int = 0
    bytes: int = 0
    seconds: float = 0.0


class _Link:
    """One connection: sends the requests of a unit one after the other, then takes another."""

    def __init__(self, port: int, units: Iterator[Unit], tally: Tally) -> None:
        self.socket = socket.create_connection((HOST, port), 10)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._host = f"{HOST}:{port}"
        self._units, self._tally = units, tally
        self._unit: Iterator[Ask] = iter(())
        self._ask: Ask | None = None
        self._got = b""
        self._end = -1
        self._head = 0

    def send(self) -> bool:
        """Send the next request; False when there is none left."""
        ask = next(self._unit, None)
        if ask is None:
            if self._ask is not None:
                self._tally.units += 1
            self._ask = None
            unit = next(self._units, None)
            if unit is None:
                return False
            self._unit = iter(unit)
            ask = next(self._unit)
        self._ask, self._got, self._end = ask, b"", -1
        self.socket.sendall(ask.wire(self._host))
        return True

    def receive(self) -> bool:
        """Take in what has come; True when the answer is whole."""
        piece = self.socket.recv(1 << 18)
        if not piece:
            raise BenchError("the server closed a connection in the middle of an answer")
        self._got += piece
        if self._end < 0:
            self._head = self._got.find(b"\r\n\r\n") + 4
            if self._head < 4:
                return False
            self._end = self._head + _length(self._got[: self._head])
        if len(self._got) < self._end:
            return False
        self._tally.bytes += self._end
        self._check(int(self._got[9:12]), self._got[self._head :])
        return True

    def _check(self, status: int, body: bytes) -> None:
        ask = self._ask
        assert ask is not None
        if status != ask.status:
            raise BenchError(f"{ask.method} {ask.path} answered {status}: {body[:500]!r}")
        if ask.seen:
            ask.seen(body)


def _length(head: bytes) -> int:
    for line in head.lower().split(b"\r\n"):
        if line.startswith(b"content-length:"):
            return int(line[15:])
    return 0


def drive(port: int, units: Iterable[Unit], connections: int) -> Tally:
    """Send all units over so many connections, each as soon as the one before is answered."""
    tally, queue = Tally(), iter(units)
    links = [_Link(port, queue, tally) for _ in range(connections)]
    with selectors.DefaultSelector() as selector:
        began = time.monotonic()
        for link in links:
            if link.send():
                selector.register(link.socket, selectors.EVENT_READ, link)
        while selector.get_map():
            ready = selector.select(_PATIENCE)
            if not ready:
                raise BenchError(f"no answer in {_PATIENCE:.0f} s")
            for key, _events in ready:
                if key.data.receive() and not key.data.send():
                    selector.unregister(key.fileobj)
        tally.seconds = time.monotonic() - began
    for link in links:
        link.socket.close()
    return tally
