"""Hash passwords with argon2id, beside the event loop, never more at once than there are cores."""

import asyncio
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import Final, TypeVar

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from kundelik_core.kernel.errors import Problem
from kundelik_core.kernel.i18n import N_

__all__ = ["check_password", "hash_password", "needs_rehash"]

T = TypeVar("T")

# About 20 ms and 19 MiB per check; parallelism inside one hash would only steal from other
# requests.
_hasher: Final = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)
CORES: Final = os.cpu_count() or 1
# What waits longer than a few seconds is answered "busy" instead: a queue must not eat the memory.
QUEUE_PER_CORE: Final = 100

_waiting = 0


@cache
def _executor() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(max_workers=CORES, thread_name_prefix="password")


# Workers are forked: a child inherits the pool but none of its threads, and would wait for ever.
os.register_at_fork(after_in_child=_executor.cache_clear)


@cache
def _dummy() -> str:
    """Return a hash that no password fits, for logins that do not exist."""
    return _hasher.hash(os.urandom(16).hex())


async def _run(work: Callable[[], T]) -> T:
    global _waiting  # noqa: PLW0603 - the length of this process's queue
    if _waiting >= CORES * QUEUE_PER_CORE:
        raise Problem(
            "busy",
            N_("Too many people are signing in right now. Try again in a minute."),
            status=503,
            extra={"retry_after": 30},
        )
    _waiting += 1
    try:
        return await asyncio.get_running_loop().run_in_executor(_executor(), work)
    finally:
        _waiting -= 1


def _verify(stored: str | None, password: str) -> bool:
    try:
        _hasher.verify(stored or _dummy(), password)
    except (VerificationError, InvalidHashError):
        return False
    return stored is not None


async def check_password(stored: str | None, password: str) -> bool:
    """Tell whether ``password`` fits; takes as long when there is nothing stored.

    Raises:
        Problem: ``busy``, when too many checks wait already.
    """
    return await _run(lambda: _verify(stored, password))


async def hash_password(password: str) -> str:
    """Return what to store for ``password``.

    Raises:
        Problem: ``busy``, when too many hashes wait already.
    """
    return await _run(lambda: _hasher.hash(password))


def needs_rehash(stored: str) -> bool:
    """Tell whether ``stored`` was made with weaker settings than today's."""
    return _hasher.check_needs_rehash(stored)
