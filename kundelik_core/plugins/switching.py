"""Switch a plugin for a school, and let the plugin do its part of it."""

from uuid import UUID

from kundelik_core.kernel.db import tenant
from kundelik_core.kernel.errors import Problem
from kundelik_core.kernel.i18n import N_
from kundelik_core.plugins.actions import disable_plugin, enable_plugin, may_enable, not_the_schools
from kundelik_core.plugins.allowed import Allowed
from kundelik_core.plugins.context import CallContext
from kundelik_core.plugins.declared import HandlerRef
from kundelik_core.plugins.dispatch import Dispatcher
from kundelik_core.plugins.registry import Registry

__all__ = ["Switch"]


class Switch:
    """Switches plugins; open no ``tenant()`` around it, for a plugin may take its time."""

    def __init__(self, registry: Registry, dispatcher: Dispatcher, allowed: Allowed) -> None:
        self._registry, self._dispatcher, self._allowed = registry, dispatcher, allowed

    async def on(self, school_id: int, plugin: str, by: UUID, call: CallContext) -> None:
        """Switch a plugin on; its ``on_enable`` goes first.

        Raises:
            Problem: it cannot be switched on, or could not get ready; it then stays off.
        """
        async with tenant(school_id) as tx:
            await may_enable(tx, self._registry, plugin)
            active = await self._allowed.active(school_id, tx)
        if plugin in self._allowed.halted():
            raise Problem(
                "plugin_halted",
                N_("Whoever runs the installation has switched it off for all schools."),
                status=409,
            )
        if plugin in active:
            return
        if "on_enable" in self._registry.loaded[plugin].declared.lifecycle:
            ref = HandlerRef(plugin, "lifecycle", "on_enable")
            outcome = await self._dispatcher.call(ref, None, active | {plugin}, call)
            if not outcome.done:
                raise Problem(
                    "plugin_not_ready",
                    N_("The module could not get ready, so it stays off."),
                    status=503,
                    help=N_("Try again later. Whoever runs the installation can see why."),
                )
        async with tenant(school_id, write=True) as tx:
            await enable_plugin(tx, self._registry, plugin, by)

    async def off(self, school_id: int, plugin: str, by: UUID, call: CallContext) -> None:
        """Switch a plugin off; what it does about that cannot keep it on.

        Raises:
            Problem: it is on for all schools, and none of them switches it.
        """
        one = self._registry.loaded.get(plugin)
        if one is not None and one.manifest.level == "platform":
            raise not_the_schools(plugin)
        async with tenant(school_id, write=True) as tx:
            was_on = await disable_plugin(tx, plugin, by)
        if was_on and one is not None and "on_disable" in one.declared.lifecycle:
            # For this last call it counts as on: the answer is noted, whatever it is.
            ref = HandlerRef(plugin, "lifecycle", "on_disable")
            await self._dispatcher.call(ref, None, {plugin}, call)
