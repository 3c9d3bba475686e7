"""Call a payment service over HTTP: signed, short, without following it anywhere else."""

import asyncio
import http.client
import json
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Final, Literal, TypeAlias
from urllib.parse import urlsplit

from kundelik_redirect.signing import stamp

__all__ = ["Kind", "Service", "Trouble", "exchange"]

# The core waits eight seconds; this ends before, so that it hears how it ended.
_TIMEOUT: Final = 6.0
_MOST: Final = 1_000_000

Kind: TypeAlias = Literal["declined", "busy", "unclear", "setup"]


class Trouble(Exception):
    """A call did not end well; ``kind`` is one of ``PaymentTrouble``'s."""

    def __init__(self, kind: Kind, text: str) -> None:
        super().__init__(text)
        self.kind: Kind = kind


class Service:
    """The address of a service, and the secret that it knows us by."""

    def __init__(self, base: str, secret: str, now: Callable[[], datetime]) -> None:
        parts = urlsplit(base)
        local = parts.hostname in {"127.0.0.1", "localhost"}
        if not parts.hostname or (parts.scheme != "https" and not local):
            raise Trouble("setup", "the address of the service has to begin with https")
        self.base = base.rstrip("/")
        self._root = parts.path.rstrip("/")
        self._secret, self._now = secret, now

    async def call(
        self, method: str, path: str, body: Mapping[str, object] | None = None, key: str = ""
    ) -> dict[str, Any] | None:
        """Call it, and return what it answers; None where there is nothing of that kind.

        Raises:
            Trouble: it did not end well.
        """
        data = json.dumps(body, sort_keys=True).encode() if body is not None else b""
        headers = stamp(method, self._root + path, data, self._secret, self._now())
        headers |= {"Content-Type": "application/json"} | ({"Idempotency-Key": key} if key else {})
        url = self.base + path
        return _judged(*await asyncio.to_thread(exchange, method, url, data, headers))


def exchange(method: str, url: str, data: bytes, headers: Mapping[str, str]) -> tuple[int, bytes]:
    """Send one request, and return the status and the body of the answer.

    Raises:
        Trouble: nobody answered, so nobody knows what was done.
    """
    parts = urlsplit(url)
    kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    connection = kind(parts.hostname or "", parts.port, timeout=_TIMEOUT)
    try:
        target = parts.path + (f"?{parts.query}" if parts.query else "")
        connection.request(method, target, data, dict(headers))
        answer = connection.getresponse()
        return answer.status, answer.read(_MOST)
    except (OSError, http.client.HTTPException) as error:
        raise Trouble("unclear", type(error).__name__) from error
    finally:
        connection.close()


def _judged(status: int, content: bytes) -> dict[str, Any] | None:
    if status == 404:
        return None
    if status in {409, 429, 503}:
        raise Trouble("busy", str(status))
    if status in {401, 403}:
        raise Trouble("setup", str(status))
    if status >= 500:
        raise Trouble("unclear", str(status))
    try:
        found = json.loads(content)
    except ValueError as error:
        raise Trouble("unclear", "no JSON") from error
    if not isinstance(found, dict):
        raise Trouble("unclear", "no object")
    if status >= 300:
        raise Trouble("declined", str(found.get("code", status))[:100])
    return found
