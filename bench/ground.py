"""Open an installation as those benchmarks need it that call plugins themselves."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import asyncpg

from kundelik_core.cli.install import installation
from kundelik_core.kernel.settings import Settings
from kundelik_core.kernel.wire import Connection
from kundelik_core.plugins.discover import find_plugins
from kundelik_core.plugins.life.here import called_here
from kundelik_core.plugins.life.operate import approve_all_first_party
from kundelik_core.plugins.life.operator import operator
from kundelik_core.plugins.life.running import Running

__all__ = ["plugins_here"]


@asynccontextmanager
async def plugins_here(folder: Path) -> AsyncIterator[tuple[Running, Connection]]:
    """Approve the core's own plugins in ``folder``; give them and a connection of the owner."""
    settings = Settings(data_dir=folder)
    async with installation(settings, migrate=True) as urls:
        async with operator(settings, urls, doer="bench") as op:
            await approve_all_first_party(op, find_plugins())
        owner: Connection = await asyncpg.connect(urls.migrate_tenant)
        try:
            async with called_here(settings, urls.tenant) as here:
                yield here, owner
        finally:
            await owner.close()
