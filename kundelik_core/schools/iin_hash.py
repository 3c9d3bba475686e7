"""Recognise people by their IIN without keeping the number itself."""

import hashlib
import hmac
from collections.abc import Callable

__all__ = ["iin_hasher"]


def iin_hasher(key: bytes) -> Callable[[str], bytes]:
    """Give what turns a number into its keyed hash; without the key it tells nothing.

    An unkeyed hash could be reversed by trying all numbers, since there are few.
    """

    def hashed(iin: str) -> bytes:
        return hmac.digest(key, iin.encode(), hashlib.sha256)

    return hashed
