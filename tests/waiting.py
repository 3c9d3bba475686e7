"""Wait for what other processes do."""

import time
from collections.abc import Callable
from typing import Literal, TypeAlias, TypeVar

__all__ = ["wait_for"]

T = TypeVar("T")
NotYet: TypeAlias = Literal[False] | None


def wait_for(true: Callable[[], T | NotYet], seconds: float = 60, what: str = "it") -> T:
    """Wait until something has happened in another process, and return what it is."""
    deadline = time.monotonic() + seconds
    while not (found := true()):
        assert time.monotonic() < deadline, f"waited {seconds} s in vain for {what}"
        time.sleep(0.02)
    return found
