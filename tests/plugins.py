"""Approve what belongs to the core, as an operator would, so that tested applications load it."""

from typing import Final

import asyncpg

from kundelik_core.kernel.boot import Urls
from kundelik_core.kernel.settings import Settings
from kundelik_core.kernel.wire import Connection
from kundelik_core.plugins.database import Logins, Signer
from kundelik_core.plugins.discover import find_plugins
from kundelik_core.plugins.life.keys import Keys
from kundelik_core.plugins.life.operate import approve_all_first_party
from kundelik_core.plugins.life.operator import operator
from kundelik_core.testing.postgres import LOGIN_SECRET

__all__ = ["SIGNER", "approve_own", "keys_for"]

SIGNER: Final = Signer(b"k" * 32)

_LOCK: Final = 8


def keys_for(urls: Urls) -> Keys:
    """Return the keys of every application under test."""
    return Keys(SIGNER, Logins(urls.tenant, LOGIN_SECRET))


async def approve_own(urls: Urls, superuser_dsn: str) -> Keys:
    """Approve the plugins under plugins/ in these databases, and return the keys to use them."""
    keys = keys_for(urls)
    # Their roles belong to the whole server: workers that begin together take turns.
    server: Connection = await asyncpg.connect(superuser_dsn)
    try:
        await server.execute(f"select pg_advisory_lock({_LOCK})")
        async with operator(Settings(), urls, doer="the suite", keys=keys) as op:
            await approve_all_first_party(op, find_plugins())
    finally:
        await server.close()
    return keys
