"""Remember what each school has switched on and how it set it up: the allow-list of every channel.

One statement learns both for a school; after that nothing is asked until somebody changes it. Who
changes it says so on the hub. While the hub is down what is known holds for five seconds.
"""

import asyncio
import contextlib
import time
from collections.abc import Callable, Collection, Mapping
from typing import Any, Final
from uuid import UUID
from weakref import WeakSet

import msgspec

from kundelik_core.kernel.db import Tenant, tenant
from kundelik_core.kernel.hub import RESYNC, Hub, publish
from kundelik_core.plugins.active import active
from kundelik_core.plugins.context import CallContext
from kundelik_core.plugins.queries import Setup, school_setup
from kundelik_core.plugins.registry import Registry

__all__ = ["CHANNEL", "Allowed", "setup_changed"]

CHANNEL: Final = "plugins"
CAP_SECONDS: Final = 5.0
KEEP_SECONDS: Final = 60.0

_NOTHING: Final[Mapping[str, tuple[int, Mapping[str, Any]]]] = {}


class _Known(msgspec.Struct, frozen=True):
    on: frozenset[str]
    setup: Setup
    at: float


class Allowed:
    """What this process knows of the schools' choices.

    ``halted`` names plugins that the operator has shut out while the process runs.
    """

    def __init__(
        self, registry: Registry, halted: Callable[[], Collection[str]] = frozenset
    ) -> None:
        self._registry = registry
        self._halted = halted
        self._taken = frozenset(
            name for name, one in registry.loaded.items() if one.manifest.level == "user"
        )
        self._known: dict[int, _Known] = {}
        self._fresh: set[int] = set()
        # Counts what was heard: what was read meanwhile may be older than what was said.
        self._heard = 0
        self._hub: Hub | None = None
        _everywhere.add(self)

    def follow(self, hub: Hub) -> None:
        """Hear what other processes change."""
        self._hub = hub
        hub.subscribe(CHANNEL, self.hear)

    def hear(self, payload: str) -> None:
        """Ask anew about the school that changed, or about all after a gap."""
        self._heard += 1
        if payload == RESYNC:
            self._fresh.clear()
        elif payload.isascii() and payload.isdigit():
            self._fresh.discard(int(payload))

    async def active(self, school_id: int, tx: Tenant | None = None) -> frozenset[str]:
        """Return the plugins that may act for a school; without any loaded, nothing is asked."""
        if not self._registry.loaded:
            return frozenset()
        if not self._holds(school_id):
            await self._learn(school_id, tx)
        return self.known(school_id)

    def known(self, school_id: int) -> frozenset[str]:
        """Return the same as far as it is known, without asking; for what ``active`` came before.

        What the operator has just shut out is left out already.
        """
        found = self._known.get(school_id)
        if found is None:
            return frozenset()
        halted = self._halted()
        return found.on.difference(halted) if halted else found.on

    def is_halted(self, plugin: str) -> bool:
        """Tell whether the operator has shut a plugin out."""
        return plugin in self._halted()

    def theirs(self, school_id: int, person: UUID | None) -> frozenset[str]:
        """Return those of ``known`` that act for one person: what they did not take is left out."""
        on = self.known(school_id)
        if self._taken.isdisjoint(on):
            return on
        takers = self._known[school_id].setup.takers
        return on.difference(
            name for name in self._taken & on if person not in takers.get(name, ())
        )

    def halted(self) -> frozenset[str]:
        """Return the plugins that the operator has shut out while the process runs."""
        return frozenset(self._halted())

    def peek(self, school_id: int) -> frozenset[str] | None:
        """Return the plugins that may act for a school if that is known for sure, else None."""
        return self.known(school_id) if self._holds(school_id) else None

    def settings(self, school_id: int, plugin: str) -> tuple[int, Mapping[str, Any]]:
        """Return the version and the values that a school has stored; (0, nothing) if none."""
        found = self._known.get(school_id)
        return (found.setup.settings if found else _NOTHING).get(plugin, (0, {}))

    def equip(self, plugin: str, call: CallContext) -> CallContext:
        """Add the school's settings of a plugin to a call."""
        if call.school is None:
            return call
        version, values = self.settings(call.school.id, plugin)
        if not version:
            return call
        return msgspec.structs.replace(call, settings_version=version, settings=values)

    def _holds(self, school_id: int) -> bool:
        found = self._known.get(school_id)
        if found is None or school_id not in self._fresh:
            return False
        cap = KEEP_SECONDS if self._hub is not None and self._hub.connected else CAP_SECONDS
        return time.monotonic() - found.at < cap

    async def _learn(self, school_id: int, tx: Tenant | None) -> None:
        heard, begun = self._heard, time.monotonic()
        if tx is not None and tx.school_id == school_id:
            setup = await school_setup(tx)
        else:
            async with tenant(school_id) as own:
                setup = await school_setup(own)
        self._known[school_id] = _Known(active(self._registry, setup.enabled), setup, begun)
        if heard == self._heard:
            self._fresh.add(school_id)


_everywhere: Final[WeakSet[Allowed]] = WeakSet()
_sending: Final[set[asyncio.Task[None]]] = set()


def setup_changed(school_id: int) -> None:
    """Let every process ask anew; called once a change is saved.

    This process hears at once. The others are told in the background: nobody waits for that.
    """
    for one in list(_everywhere):
        one.hear(str(school_id))
    with contextlib.suppress(RuntimeError):  # no loop runs: there is nobody to tell from here
        task = asyncio.get_running_loop().create_task(publish(CHANNEL, str(school_id)))
        _sending.add(task)
        task.add_done_callback(_sending.discard)
