"""Load the plugins that are wanted and keep what they declare; a bad one never stops the start."""

import logging
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from importlib.metadata import EntryPoint
from pathlib import Path
from types import MappingProxyType
from typing import TypeAlias

import msgspec
import pluggy

from kundelik_core.kernel.i18n import N_
from kundelik_core.plugins.collect import Handler, RefusedError, collect
from kundelik_core.plugins.declared import (
    Declared,
    DeclaredPage,
    DeclaredProvider,
    DeclaredSearch,
    DeclaredSlot,
    DeclaredSubscription,
    HandlerKey,
    HandlerRef,
)
from kundelik_core.plugins.discover import GROUP
from kundelik_core.plugins.order import Candidate, load_order, unmet
from kundelik_core.plugins.paths import Routes
from kundelik_core.plugins.states import Found, Reason, State
from kundelik_core.sdk import PROJECT, SLOTS, Hooks, Manifest, Settings

__all__ = [
    "Loaded",
    "Loader",
    "Registry",
    "SearchEntry",
    "SlotEntry",
    "load_here",
    "load_plugins",
]

_log = logging.getLogger(__name__)


class SlotEntry(msgspec.Struct, frozen=True):
    """One plugin's fragment of one slot, with the scopes that its manifest declares."""

    ref: HandlerRef
    reads: frozenset[str]
    slot: DeclaredSlot


class SearchEntry(msgspec.Struct, frozen=True):
    """One kind of things that can be found in one plugin."""

    ref: HandlerRef
    search: DeclaredSearch


class Loaded(msgspec.Struct, frozen=True, kw_only=True):
    """A plugin that runs, in this process or in one of its own.

    ``handlers`` and ``settings_model`` are only there where it runs.
    """

    manifest: Manifest
    version: str
    root: Path
    declared: Declared = Declared()
    handlers: Mapping[HandlerKey, Handler] = MappingProxyType({})
    settings_model: type[Settings] | None = None

    @property
    def slots(self) -> tuple[DeclaredSlot, ...]:
        """Return the places on core pages that it fills."""
        return self.declared.slots


Loader: TypeAlias = Callable[[Found], Loaded]
"""Loads one plugin that is wanted, or raises; ``load_here`` does so in this process."""


class Registry:
    """What this process knows of plugins, fixed at its start.

    ``plugins`` are all that were found, by name; ``loaded`` those that run, in load order;
    ``ways_to_pay`` what those of them declare that carry out payments; ``searches`` what can be
    found in them, in the order of the page.
    """

    def __init__(
        self, plugins: Iterable[Found] = (), loaded: Mapping[str, Loaded] | None = None
    ) -> None:
        self.plugins = tuple(plugins)
        self.loaded: Mapping[str, Loaded] = MappingProxyType(dict(loaded or {}))
        entries: dict[str, list[SlotEntry]] = {name: [] for name in SLOTS}
        self._subscribers: dict[str, tuple[str, ...]] = {}
        self._providers: dict[str, tuple[str, ...]] = {}
        for name, one in self.loaded.items():
            reads = frozenset(one.manifest.data.reads)
            for slot in one.declared.slots:
                entries[slot.slot].append(
                    SlotEntry(HandlerRef(name, "slot", slot.slot), reads, slot)
                )
            for subscription in one.declared.subscriptions:
                others = self._subscribers.get(subscription.event, ())
                self._subscribers[subscription.event] = (*others, name)
            for service in one.declared.services:
                before = self._providers.get(service.name, ())
                self._providers[service.name] = (*before, name)
        self.ways_to_pay: Mapping[str, DeclaredProvider] = MappingProxyType({
            name: one.declared.provider
            for name, one in self.loaded.items()
            if one.declared.provider is not None
        })  # fmt: skip
        # Sorting is stable: within one order, as the plugins were loaded.
        self._slots = {
            name: tuple(sorted(several, key=lambda entry: entry.slot.order))
            for name, several in entries.items()
        }
        searches = [
            SearchEntry(HandlerRef(name, "search", one.name), one)
            for name, each in self.loaded.items()
            for one in each.declared.search
        ]
        self.searches = tuple(sorted(searches, key=lambda entry: entry.search.order))
        self._routes = {name: Routes(one.declared.pages) for name, one in self.loaded.items()}
        self._permitted: dict[tuple[str, tuple[str, ...]], tuple[str, ...]] = {}

    def slots(self, name: str) -> tuple[SlotEntry, ...]:
        """Return every fragment declared for a slot, in the order of the page."""
        return self._slots[name]

    def subscribers(self, event: str) -> tuple[str, ...]:
        """Return the plugins that want to be told of an event, whichever school it is about."""
        return self._subscribers.get(event, ())

    def providers(self, service: str) -> tuple[str, ...]:
        """Return the plugins that answer a service, whether they are on or not."""
        return self._providers.get(service, ())

    def subscription(self, plugin: str, event: str) -> DeclaredSubscription | None:
        """Return how a plugin wants to be told of an event."""
        one = self.loaded.get(plugin)
        several = one.declared.subscriptions if one else ()
        return next((each for each in several if each.event == event), None)

    def page(
        self, plugin: str, method: str, path: str
    ) -> tuple[DeclaredPage, dict[str, str]] | None:
        """Return the page of a plugin for a path below ``/x/PLUGIN/``, and its named parts."""
        routes = self._routes.get(plugin)
        return routes.find(method, path) if routes else None

    def permitted(self, plugin: str, roles: tuple[str, ...]) -> tuple[str, ...]:
        """Return the plugin's own permissions that somebody with these roles has."""
        key = plugin, roles
        found = self._permitted.get(key)
        if found is None:
            one = self.loaded.get(plugin)
            found = tuple(
                each.code
                for each in (one.declared.permissions if one else ())
                if not {*roles}.isdisjoint(each.roles)
            )
            # A few sets of roles times a few plugins: it stays small.
            self._permitted[key] = found
        return found


def load_plugins(
    found: Sequence[Found], wanted: Collection[str], load: Loader | None = None
) -> Registry:
    """Load those of ``found`` that are ``wanted`` and usable; nothing of the others runs."""
    load = load or load_here
    usable = {
        one.name: one
        for one in found
        if one.state is State.FOUND and one.name in wanted and one.manifest
    }
    candidates = {
        name: Candidate(one.manifest, one.version) for name, one in usable.items() if one.manifest
    }
    order, refused = load_order(candidates)
    results = {name: usable[name].turned(State.INCOMPATIBLE, why) for name, why in refused.items()}
    loaded: dict[str, Loaded] = {}
    for name in order:
        # What it requires was wanted, but may have failed a moment ago.
        why = unmet(candidates[name], {other: candidates[other] for other in loaded})
        if why is not None:
            results[name] = usable[name].turned(State.INCOMPATIBLE, why)
            continue
        try:
            loaded[name] = load(usable[name])
        except RefusedError as error:
            results[name] = usable[name].turned(State.QUARANTINED, error.reason)
        except BaseException as error:  # noqa: BLE001 - the boundary: the start goes on
            _log.warning("plugin %s could not be loaded", name, exc_info=error)
            results[name] = usable[name].turned(State.QUARANTINED, _crash(error))
        else:
            results[name] = msgspec.structs.replace(usable[name], state=State.LOADED)
    for one in results.values():
        if one.reason is not None:
            _log.warning("plugin %s is %s: %s", one.name, one.state.value, one.reason.text())
    return Registry((results.get(one.name, one) for one in found), loaded)


def load_here(one: Found) -> Loaded:
    """Import one plugin into this process and take its declarations.

    Raises:
        RefusedError: it registers what it may not.
    """
    assert one.manifest is not None
    assert one.root is not None
    plugin = EntryPoint(one.name, one.entry_point, GROUP).load()
    # A manager of its own: one plugin's broken hook can then neither stop nor hide another's.
    manager = pluggy.PluginManager(PROJECT)
    manager.add_hookspecs(Hooks)
    manager.register(plugin, one.name)
    _refuse_hooks(manager, plugin)
    halves = collect(manager, one.manifest)
    return Loaded(
        manifest=one.manifest,
        version=one.version,
        root=one.root,
        declared=halves.declared,
        handlers=halves.handlers,
        settings_model=halves.settings_model,
    )


def _refuse_hooks(manager: pluggy.PluginManager, plugin: object) -> None:
    """Refuse unknown hooks, and known ones that would wrap others or jump the queue.

    Stricter than pluggy's ``check_pending``, which lets an unknown hook pass as optional.
    """
    for caller in manager.get_hookcallers(plugin) or ():
        if not caller.has_spec():
            raise RefusedError(
                Reason("hook", N_("There is no hook called %(hook)s."), {"hook": caller.name})
            )
        for impl in caller.get_hookimpls():
            if impl.wrapper or impl.hookwrapper or impl.tryfirst or impl.trylast:
                raise RefusedError(
                    Reason(
                        "hook_options",
                        N_("Its hook %(hook)s asks to wrap others or to go before or after them."),
                        {"hook": caller.name},
                        N_("Mark it with a plain @hookimpl."),
                    )
                )


def _crash(error: BaseException) -> Reason:
    return Reason(
        "crash",
        N_("It failed while it was loaded: %(error)s."),
        {"error": f"{type(error).__name__}: {error}"[:300]},
        N_("The server's log has the details for its vendor."),
    )
