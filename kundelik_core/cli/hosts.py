"""Run the plugins' own processes beside the server."""

import asyncio
from typing import Final

from kundelik_core.kernel.settings import Settings
from kundelik_core.plugins.host.place import HostPlan, place_of
from kundelik_core.plugins.host.plans import Wanted
from kundelik_core.plugins.host.supervisor import PluginHosts

__all__ = ["plugin_hosts"]

_ASK_EVERY: Final = 3.0


def plugin_hosts(settings: Settings) -> PluginHosts:
    """Return what keeps them running; asks the database again and again which there are to be."""
    from kundelik_core.web.server import told_to_workers

    asking: list[Wanted] = []

    def ask() -> tuple[HostPlan, ...]:
        if not asking:  # only once the server runs is there anything to be told
            told, urls = told_to_workers()
            asking.append(Wanted(told, urls.tenant, urls.directory))
        return asyncio.run(asking[0].plans())

    return PluginHosts(place_of(settings.data_dir), ask, every=_ASK_EVERY)
