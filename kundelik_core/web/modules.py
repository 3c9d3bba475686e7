"""Hold the modules of this process, and fill the places that pages keep for them."""

from functools import cache

import msgspec

from kundelik_core.kernel.clock import SCHOOL_ZONE
from kundelik_core.kernel.db import Tenant
from kundelik_core.kernel.i18n import current_locale
from kundelik_core.plugins.active import active
from kundelik_core.plugins.context import page_context
from kundelik_core.plugins.discover import find_plugins
from kundelik_core.plugins.dispatch import Dispatcher
from kundelik_core.plugins.queries import enabled_plugins
from kundelik_core.plugins.registry import Registry, load_plugins
from kundelik_core.plugins.render import JinjaRenderer
from kundelik_core.sdk import SlotArgs

__all__ = ["fill_slot", "registry", "switched_on"]


class _Host(msgspec.Struct, frozen=True):
    registry: Registry
    dispatcher: Dispatcher


@cache
def _host() -> _Host:
    # Who installs a module's distribution on the server approves it; a school then switches it on.
    found = find_plugins()
    loaded = load_plugins(found, {one.name for one in found})
    return _Host(loaded, Dispatcher(loaded, JinjaRenderer(loaded)))


def registry() -> Registry:
    """Return what this process knows of modules; found and loaded once."""
    return _host().registry


async def switched_on(tx: Tenant) -> frozenset[str]:
    """Return the modules that may act for a school; without any loaded, nothing is asked."""
    if not registry().loaded:
        return frozenset()
    return active(registry(), await enabled_plugins(tx))


async def fill_slot(slot: str, args: SlotArgs, on: frozenset[str]) -> list[object]:
    """Return what modules show in a place of a page, as HTML that is safe to put there.

    Called after ``tenant()`` has ended: a slow module holds no connection.
    """
    context = page_context(SCHOOL_ZONE, current_locale())
    fragments = await _host().dispatcher.render_slot(slot, args, on, context)
    return [fragment.html for fragment in fragments]
