"""Finish every answer on its way out: security headers, cookies, compression, ETag."""

import gzip
import hashlib
from typing import Any, Final

import brotli

from kundelik_core.web.visit import Message, Send, Visit

__all__ = ["BROTLI_QUALITY", "Finisher", "Ready", "accepts", "etag_of"]

COMPRESS_FROM: Final = 1024
# The loop waits meanwhile: step 3 takes twice as long as step 1 for a tenth of the bytes.
BROTLI_QUALITY: Final = 1
# A long list is compressed less hard where that is a choice.
LIGHT_FROM: Final = 96 * 1024
PACKABLE: Final = (
    b"text/", b"application/json", b"application/problem+json", b"image/svg+xml",
)  # fmt: skip

Headers = list[tuple[bytes, bytes]]


def accepts(encodings: bytes) -> str:
    """Return the better of our two codings that the client takes, or nothing."""
    offered = {
        name.strip()
        for name, _sep, q in (part.partition(b";") for part in encodings.lower().split(b","))
        if q.replace(b" ", b"") not in {b"q=0", b"q=0.0", b"q=0.00", b"q=0.000"}
    }
    return "br" if b"br" in offered else "gzip" if b"gzip" in offered else ""


def etag_of(body: bytes) -> str:
    """Return the tag by which a client tells that it has this body already."""
    return f'W/"{hashlib.blake2b(body, digest_size=9).hexdigest()}"'


def _pack(body: bytes, coding: str) -> bytes:
    if coding == "br":
        packed: bytes = brotli.compress(body, quality=BROTLI_QUALITY)
        return packed
    return gzip.compress(body, 1 if len(body) > LIGHT_FROM else 5, mtime=0)


class Ready:
    """An answer whose bytes are made: the hot pages hand it on as it is, past every rendering."""

    __slots__ = ("body", "headers")

    def __init__(self, body: bytes, kind: bytes, *headers: tuple[bytes, bytes]) -> None:
        self.body = body
        self.headers = ((b"content-type", kind), *headers)

    async def __call__(self, _scope: Any, _receive: Any, send: Any) -> None:  # noqa: ANN401
        """Send it."""
        await send({"type": "http.response.start", "status": 200, "headers": self.headers})
        await send({"type": "http.response.body", "body": self.body, "more_body": False})


class Finisher:
    """The ``send`` that the application sees; the real one is called with the finished answer."""

    __slots__ = ("_coding", "_fixed", "_head", "_none_match", "_send", "_start", "_visit", "begun")

    def __init__(
        self,
        send: Send,
        visit: Visit,
        fixed: Headers,
        coding: str,
        none_match: bytes,
        *,
        head: bool,
    ) -> None:
        self._send = send
        self._visit = visit
        self._fixed = fixed
        self._coding = coding
        self._none_match = none_match
        self._head = head
        self._start: Message | None = None
        self.begun = False

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self._start = message
            return
        if message["type"] != "http.response.body" or self._start is None:
            if not (self._head and message["type"] == "http.response.body"):
                await self._send(message)
            return
        start, self._start = self._start, None
        self.begun = True
        headers = self._headers(list(start["headers"]))
        body = message.get("body", b"")
        if message.get("more_body"):
            start["headers"] = headers
            await self._send(start)
            await self._send(message)
            return
        status, headers, body = self._finish(start["status"], headers, body)
        start["status"], start["headers"] = status, headers
        await self._send(start)
        out = b"" if self._head else body
        await self._send({"type": "http.response.body", "body": out, "more_body": False})

    def _headers(self, headers: Headers) -> Headers:
        names = {name.lower() for name, _value in headers}
        headers += [(name, value) for name, value in self._fixed if name not in names]
        if b"cache-control" not in names:
            headers.append(
                (b"cache-control", b"private, no-store" if self._visit.actor else b"no-store")
            )
        headers.append((b"x-request-id", self._visit.request_id.encode()))
        headers += [(b"set-cookie", cookie.encode()) for cookie in self._visit.set_cookies]
        return headers

    def _finish(self, status: int, headers: Headers, body: bytes) -> tuple[int, Headers, bytes]:
        found = {name.lower(): value for name, value in headers}
        headers = [h for h in headers if h[0].lower() != b"content-length"]
        if status == 200 and b"no-store" not in found[b"cache-control"]:
            tag = found.get(b"etag")
            if tag is None:
                tag = etag_of(body).encode()
                headers.append((b"etag", tag))
            if tag in self._none_match:
                gone = {b"content-type", b"content-encoding"}
                return 304, [h for h in headers if h[0].lower() not in gone], b""
        coding = found.get(b"content-encoding")
        if coding == b"br" and self._coding != "br":
            # A page that is kept compressed, for a reader who cannot read it so.
            body, coding = brotli.decompress(body), None
            headers = [h for h in headers if h[0].lower() != b"content-encoding"]
        if found.get(b"content-type", b"").startswith(PACKABLE):
            headers.append((b"vary", b"Accept-Encoding"))
            if coding is None and self._coding and len(body) > COMPRESS_FROM:
                body = _pack(body, self._coding)
                headers.append((b"content-encoding", self._coding.encode()))
        if status not in {204, 304}:
            headers.append((b"content-length", str(len(body)).encode()))
        return status, headers, body
