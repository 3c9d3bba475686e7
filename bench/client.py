"""Send requests over connections that stay open, as quickly as the server answers."""

import asyncio
import time
from collections.abc import Callable, Iterable, Iterator
from typing import Final

import msgspec

from bench.server import BenchError

__all__ = ["Ask", "Tally", "Unit", "drive"]

HOST: Final = "127.0.0.1"


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


async def drive(port: int, units: Iterable[Unit], connections: int) -> Tally:
    """Send all units over so many connections, each as soon as the one before is answered."""
    tally, queue, host = Tally(), iter(units), f"{HOST}:{port}"
    began = time.monotonic()
    await asyncio.gather(*(_work(port, host, queue, tally) for _ in range(connections)))
    tally.seconds = time.monotonic() - began
    return tally


async def _work(port: int, host: str, queue: Iterator[Unit], tally: Tally) -> None:
    reader, writer = await asyncio.open_connection(HOST, port)
    try:
        for unit in queue:
            for ask in unit:
                writer.write(ask.wire(host))
                size = await _answer(reader, ask)
                tally.bytes += size
            tally.units += 1
    finally:
        writer.close()


async def _answer(reader: asyncio.StreamReader, ask: Ask) -> int:
    head = await reader.readuntil(b"\r\n\r\n")
    lines = head.lower().split(b"\r\n")
    length = 0
    for line in lines[1:]:
        if line.startswith(b"content-length:"):
            length = int(line[15:])
    body = await reader.readexactly(length) if length else b""
    status = int(lines[0].split(b" ")[1])
    if status != ask.status:
        raise BenchError(f"{ask.method} {ask.path} answered {status}: {body[:500]!r}")
    if ask.seen:
        ask.seen(body)
    return len(head) + length
