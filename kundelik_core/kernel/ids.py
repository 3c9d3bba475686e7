"""Make ids that sort by time: UUIDv7, by the application, on any PostgreSQL."""

import secrets
import threading
import time
import uuid

__all__ = ["new_id"]

_lock = threading.Lock()
_last = 0


def new_id() -> uuid.UUID:
    """Return a UUIDv7 (RFC 9562) that is greater than every earlier one of this process."""
    global _last  # noqa: PLW0603 - the last value is the whole state
    # 48 bits of milliseconds, then 12 bits of the millisecond's fraction (RFC 9562, 6.2, method 3).
    nanos = time.time_ns()
    stamp = (nanos // 1_000_000) << 12 | (nanos % 1_000_000) * 4096 // 1_000_000
    with _lock:
        stamp = max(stamp, _last + 1)
        _last = stamp
    value = (stamp >> 12) << 80 | 7 << 76 | (stamp & 0xFFF) << 64 | 2 << 62
    return uuid.UUID(int=value | secrets.randbits(62))
