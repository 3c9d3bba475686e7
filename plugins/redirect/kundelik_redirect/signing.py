"""Sign what goes to a payment service and prove what comes from it (HMAC-SHA256)."""

import hashlib
import hmac
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final
from urllib.parse import urlencode

__all__ = ["Forged", "prove", "signed_query", "stamp"]

TOLERANCE: Final = timedelta(minutes=5)
_SIGNATURE: Final = "signature"


class Forged(Exception):
    """A message was not signed by the service, or long ago."""


def _mac(secret: str, text: str) -> str:
    return hmac.new(secret.encode(), text.encode(), hashlib.sha256).hexdigest()


def signed_query(fields: Mapping[str, str], secret: str) -> str:
    """Return fields as a query with a signature over all of them, in the order of their names."""
    ordered = sorted(fields.items())
    return urlencode([*ordered, (_SIGNATURE, _mac(secret, urlencode(ordered)))])


def stamp(method: str, path: str, body: bytes, secret: str, now: datetime) -> dict[str, str]:
    """Return the headers that sign a call: what, where, when."""
    seconds = str(int(now.timestamp()))
    digest = hashlib.sha256(body).hexdigest()
    text = f"{method}\n{path}\n{seconds}\n{digest}"
    return {"X-Timestamp": seconds, "X-Signature": _mac(secret, text)}


def prove(
    headers: Mapping[str, str], path: str, body: bytes, secrets: Sequence[str], now: datetime
) -> None:
    """Prove that a message was signed with one of the secrets, not long ago.

    Raises:
        Forged: it was not.
    """
    lower = {key.lower(): value for key, value in headers.items()}
    seconds, given = lower.get("x-timestamp", ""), lower.get("x-signature", "")
    if not seconds.isdecimal() or not given.isascii():
        raise Forged("not signed")
    if abs(now.timestamp() - int(seconds)) > TOLERANCE.total_seconds():
        raise Forged("signed long ago")
    digest = hashlib.sha256(body).hexdigest()
    text = f"POST\n{path}\n{seconds}\n{digest}"
    if not any(hmac.compare_digest(_mac(one, text), given) for one in secrets):
        raise Forged("signed by nobody we know")
