"""Call a payment service over HTTP: signed, short, without following it anywhere else."""

import asyncio
import http.client
import json
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Final
from urllib.parse import urlsplit

from kundelik_payments.providers.redirect.signing import stamp
from kundelik_payments.providers.spi import Busy, Declined, Misconfigured, Unclear

__all__ = ["Service"]

_TIMEOUT: Final = 15.0
_MOST: Final = 1_000_000


class Service:
    """The address of a service, and the secret that it knows us by."""

    def __init__(self, base: str, secret: str, now: Callable[[], datetime]) -> None:
        parts = urlsplit(base)
        local = parts.hostname in {"127.0.0.1", "localhost"}
        if not parts.hostname or (parts.scheme != "https" and not local):
            raise Misconfigured("the address of the service has to begin with https")
        self.base = base.rstrip("/")
        self._secure = parts.scheme == "https"
        self._host, self._port, self._root = parts.hostname, parts.port, parts.path.rstrip("/")
        self._secret = secret
        self._now = now

    async def call(
        self, method: str, path: str, body: Mapping[str, object] | None = None, key: str = ""
    ) -> dict[str, Any] | None:
        """Call it, and return what it answers; None where there is nothing of that kind.

        Raises:
            ProviderError: it did not end well.
        """
        return await asyncio.to_thread(self._call, method, path, body, key)

    def _call(
        self, method: str, path: str, body: Mapping[str, object] | None, key: str
    ) -> dict[str, Any] | None:
        data = json.dumps(body, sort_keys=True).encode() if body is not None else b""
        headers = stamp(method, self._root + path, data, self._secret, self._now())
        headers |= {"Content-Type": "application/json"} | ({"Idempotency-Key": key} if key else {})
        kind = http.client.HTTPSConnection if self._secure else http.client.HTTPConnection
        connection = kind(self._host, self._port, timeout=_TIMEOUT)
        try:
            connection.request(method, self._root + path, data, headers)
            answer = connection.getresponse()
            content = answer.read(_MOST)
        except (OSError, http.client.HTTPException) as error:
            raise Unclear(type(error).__name__) from error
        finally:
            connection.close()
        return _judged(answer.status, content)


def _judged(status: int, content: bytes) -> dict[str, Any] | None:
    if status == 404:
        return None
    if status in {409, 429, 503}:
        raise Busy(str(status))
    if status in {401, 403}:
        raise Misconfigured(str(status))
    if status >= 500:
        raise Unclear(str(status))
    try:
        found = json.loads(content)
    except ValueError as error:
        raise Unclear("no JSON") from error
    if not isinstance(found, dict):
        raise Unclear("no object")
    if status >= 300:
        raise Declined(str(found.get("code", status))[:100])
    return found
