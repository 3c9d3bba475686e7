"""Run the plugins' own processes beside the server."""

import asyncio

from kundelik_core.kernel.settings import Settings
from kundelik_core.plugins.host.place import HostPlan, place_of
from kundelik_core.plugins.host.plans import wanted_plans
from kundelik_core.plugins.host.supervisor import PluginHosts

__all__ = ["plugin_hosts"]


def plugin_hosts(settings: Settings) -> PluginHosts:
    """Return what keeps them running; asks the database again and again which there are to be."""
    from kundelik_core.web.server import told_to_workers

    def ask() -> tuple[HostPlan, ...]:
        told, urls = told_to_workers()
        return asyncio.run(wanted_plans(told, urls.tenant, urls.directory))

    return PluginHosts(place_of(settings.data_dir), ask)
