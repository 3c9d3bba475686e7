"""Run plugins for a command: what is approved is loaded for as long as the command takes."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from kundelik_core.kernel.settings import Settings
from kundelik_core.plugins.host.load import HostedPlugins
from kundelik_core.plugins.host.place import place_of
from kundelik_core.plugins.life.keys import keys_of
from kundelik_core.plugins.life.running import LONG_TTL, Running, running_plugins

__all__ = ["called_here"]


@asynccontextmanager
async def called_here(settings: Settings, tenant_url: str) -> AsyncIterator[Running]:
    """Load plugins as a server does; those with processes of their own are asked over there."""
    async with running_plugins(
        settings,
        keys=keys_of(settings, tenant_url),
        hosts=HostedPlugins(place_of(settings.data_dir)),
        ttl=LONG_TTL,
    ) as here:
        yield here
