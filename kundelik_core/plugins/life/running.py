"""Load what is approved into this process, and hold all that it takes to call it."""

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Final, Protocol

import msgspec

from kundelik_core.kernel.db import directory
from kundelik_core.kernel.hub import Hub
from kundelik_core.kernel.i18n import N_
from kundelik_core.kernel.outbox.emit import set_subscribers
from kundelik_core.kernel.settings import Settings
from kundelik_core.plugins.allowed import Allowed
from kundelik_core.plugins.catalogue import Shelf, declare
from kundelik_core.plugins.context import Ask, CallContext
from kundelik_core.plugins.database import PluginPools, Signer, asking_of
from kundelik_core.plugins.delivery import subscribers_of
from kundelik_core.plugins.dispatch import Dispatcher
from kundelik_core.plugins.host.plans import all_found
from kundelik_core.plugins.host.runner import RunnerSwitch
from kundelik_core.plugins.life.board import SharedBoard
from kundelik_core.plugins.life.keys import Keys
from kundelik_core.plugins.life.model import Approval
from kundelik_core.plugins.life.policy import policy_of
from kundelik_core.plugins.life.queries import approvals
from kundelik_core.plugins.life.rules import decide, wanted
from kundelik_core.plugins.registry import Loaded, Registry, load_here, load_plugins
from kundelik_core.plugins.render import JinjaRenderer
from kundelik_core.plugins.runner import LocalRunner, Runner
from kundelik_core.plugins.schedule import wake_of
from kundelik_core.plugins.secrets import Secrets
from kundelik_core.plugins.services import Broker
from kundelik_core.plugins.states import Found, Reason, State
from kundelik_core.plugins.wishes import settle_after_call
from kundelik_core.sdk import PAYMENT_PROVIDER, Listed, ListedProvider

__all__ = ["LONG_TTL", "Equipment", "Hosts", "Running", "running", "running_plugins", "use_keys"]

PAGE_TTL: Final = 60
"""Seconds that a call of a page may use its database; longer than any page waits for a plugin."""

LONG_TTL: Final = 3660
"""The same for jobs and commands, of which the longest may take an hour."""

# A token that is given out lives for its time less this.
_TOKEN_SECONDS: Final = 5.0
_TOKENS_MAX: Final = 10_000

_log = logging.getLogger(__name__)


class Hosts(Protocol):
    """Plugins that run in processes of their own, as this process reaches them."""

    runner: Runner

    def answer_with(self, ask: Ask) -> None:
        """Let the processes ask other plugins through ``ask``."""
        ...

    def load(self, found: Found) -> Loaded:
        """Return what a plugin declares; raises when its process cannot be asked."""
        ...

    async def close(self) -> None:
        """Let go of the processes, which live on for others."""
        ...


class Running(msgspec.Struct, frozen=True, kw_only=True):
    """The plugins of one process: what is loaded, who calls it, and where it may act."""

    registry: Registry
    dispatcher: Dispatcher
    allowed: Allowed
    board: SharedBoard
    shelf: Shelf


class Equipment:
    """Gives a call what belongs to one plugin: settings, secrets, a key to its database.

    ``settings`` are the installation's; without ``keys`` no plugin has a database.
    """

    def __init__(
        self,
        allowed: Allowed,
        keys: Keys | None,
        ttl: int,
        settings: Settings,
        registry: Registry,
        shelf: Shelf | None = None,
    ) -> None:
        self._allowed, self._keys, self._ttl = allowed, keys, ttl
        self._registry, self._shelf = registry, shelf
        self._secrets = Secrets(settings, registry)
        self._address = settings.public_address
        self._sellers = {name for name, one in registry.loaded.items() if asking_of(one.manifest)}
        self._payees = {
            name
            for name, one in registry.loaded.items()
            if PAYMENT_PROVIDER in one.manifest.uses.services
        }
        # Of the others there is nothing to add but what the school stored, and the key.
        self._plain = frozenset(
            name
            for name, one in registry.loaded.items()
            if not one.manifest.uses.secrets and name not in self._sellers | self._payees
        )
        self._tokens: dict[tuple[str, int], tuple[float, str]] = {}

    def __call__(self, plugin: str, call: CallContext) -> CallContext:
        """Return the call for one plugin."""
        version, values, token = call.settings_version, call.settings, call.db_token
        if call.school is not None:
            # What a test hands over counts more than what the school has stored.
            if not values:
                version, values = self._allowed.settings(call.school.id, plugin)
            if self._keys is not None:
                token = self._token(plugin, call.school.id, self._keys.signer)
        if plugin in self._plain:
            return msgspec.structs.replace(
                call,
                settings_version=version,
                settings=values,
                db_token=token,
                address=self._address,
            )
        return msgspec.structs.replace(
            call,
            settings_version=version,
            settings=values,
            db_token=token,
            secrets=self._secrets.of(plugin),
            address=self._address,
            catalogue=self._listed(plugin, call) if plugin in self._sellers else call.catalogue,
            providers=self._providers(call) if plugin in self._payees else call.providers,
        )

    def forget_secrets(self) -> None:
        """Look at the operator's files anew, which otherwise takes some seconds."""
        self._secrets.forget()

    def _token(self, plugin: str, school_id: int, signer: Signer) -> str:
        """Return a key to the plugin's database; one serves for a few seconds, which saves much."""
        now = time.monotonic()
        kept = self._tokens.get((plugin, school_id))
        if kept is not None and now - kept[0] < _TOKEN_SECONDS:
            return kept[1]
        if len(self._tokens) >= _TOKENS_MAX:
            self._tokens.clear()
        token = signer.mint(plugin, school_id, self._ttl)
        self._tokens[plugin, school_id] = now, token
        return token

    def _listed(self, plugin: str, call: CallContext) -> tuple[Listed, ...]:
        """Return what can be bought, as far as the plugin is to know."""
        if self._shelf is None:
            return call.catalogue
        return self._shelf.of(plugin, self._on(call))

    def _on(self, call: CallContext) -> Collection[str]:
        return self._allowed.known(call.school.id) if call.school else self._registry.loaded

    def _providers(self, call: CallContext) -> tuple[ListedProvider, ...]:
        """Return the ways to pay, whether the school allows them and the operator set them up."""
        if call.providers:  # what a test hands over
            return call.providers
        on = self._on(call)
        return tuple(
            ListedProvider(
                plugin=name,
                title=one.title,
                can=one.can,
                terms=one.terms,
                ready=set(one.needs) <= self._secrets.of(name).keys(),
                on=name in on,
            )
            for name, one in self._registry.ways_to_pay.items()
            if not self._allowed.is_halted(name)
        )


def _assemble(
    registry: Registry,
    settings: Settings,
    keys: Keys | None,
    pools: PluginPools | None,
    *,
    ttl: int = PAGE_TTL,
    hosts: Hosts | None = None,
    hosted: frozenset[str] = frozenset(),
) -> Running:
    board = SharedBoard(registry.loaded)
    allowed = Allowed(registry, board.halted)
    broker = Broker(registry, allowed.active, wake_of(registry), board.halted)
    if hosts:
        hosts.answer_with(broker.ask)
    here = LocalRunner(registry, pools.of if pools else None, broker.ask)
    shelf = Shelf(registry)
    dispatcher = Dispatcher(
        registry,
        RunnerSwitch(here, hosts.runner, hosted) if hosts else here,
        JinjaRenderer(registry),
        board=board,
        equip=Equipment(allowed, keys, ttl, settings, registry, shelf),
        settle=settle_after_call,
    )
    broker.use(dispatcher)
    return Running(
        registry=registry, dispatcher=dispatcher, allowed=allowed, board=board, shelf=shelf
    )


_NONE: Final = _assemble(Registry(), Settings(), None, None)
# The latest is the one in force; a test may run two applications side by side.
_running: list[Running] = []
_keys: Keys | None = None


def running() -> Running:
    """Return the plugins of this process; none at all before they were loaded."""
    return _running[-1] if _running else _NONE


def use_keys(keys: Keys | None) -> None:
    """Make ``keys`` those of an application that is given none; for tests."""
    global _keys  # noqa: PLW0603 - one installation per process
    _keys = keys


@asynccontextmanager
async def running_plugins(
    settings: Settings,
    hub: Hub | None = None,
    *,
    keys: Keys | None = None,
    hosts: Hosts | None = None,
    found: Sequence[Found] | None = None,
    ttl: int = PAGE_TTL,
) -> AsyncIterator[Running]:
    """Load what is approved, hear what the operator decides, and let go of it at the end.

    A plugin that cannot be loaded never stops the start; without ``keys`` none has a database.
    """
    keys = keys or _keys
    registry, hosted = await _load(settings, hosts, found)
    pools = PluginPools(keys.logins.url_for) if keys else None
    one = _assemble(registry, settings, keys, pools, ttl=ttl, hosts=hosts, hosted=hosted)
    if registry.loaded:
        await one.board.learn()
        await declare(registry)
        await one.shelf.start(hub)
    if hub is not None:
        one.board.follow(hub)
        one.allowed.follow(hub)
    _running.append(one)
    set_subscribers(subscribers_of(registry, one.allowed.peek))
    try:
        yield one
    finally:
        _running.remove(one)
        rest = running()
        set_subscribers(subscribers_of(rest.registry, rest.allowed.peek))
        one.shelf.close()
        await one.board.settle()
        if pools:
            await pools.close()
        if hosts:
            await hosts.close()


async def _load(
    settings: Settings, hosts: Hosts | None, found: Sequence[Found] | None
) -> tuple[Registry, frozenset[str]]:
    known = await approvals(directory())
    # Files are read and hashed, which takes a moment.
    there = await asyncio.to_thread(all_found, settings) if found is None else tuple(found)
    decided = decide(there, known, policy_of(settings))
    names = wanted(decided)
    hosted = frozenset(name for name in names if known[name].mode == "host")
    if hosts is None and hosted:
        decided = tuple(_unhosted(one) if one.name in hosted else one for one in decided)
        names -= hosted
    usable = [
        msgspec.structs.replace(one, state=State.FOUND) if one.name in names else one
        for one in decided
    ]
    for one in decided:
        if one.reason is not None:
            _log.warning("plugin %s is %s: %s", one.name, one.state.value, one.reason.text())
    load = _Load(known, hosts)
    if names.isdisjoint(hosted):
        return load_plugins(usable, names, load), hosted
    # A process that is only just starting is waited for.
    return await asyncio.to_thread(load_plugins, usable, names, load), hosted


class _Load:
    """Loads each plugin where it was approved to run."""

    def __init__(self, known: Mapping[str, Approval], hosts: Hosts | None) -> None:
        self._known, self._hosts = known, hosts

    def __call__(self, one: Found) -> Loaded:
        if self._known[one.name].mode == "host" and self._hosts is not None:
            return self._hosts.load(one)
        return load_here(one)


def _unhosted(one: Found) -> Found:
    return one.turned(
        State.MIGRATED,
        Reason(
            "no_host",
            N_("It is to run in a process of its own, and none was started for it."),
        ),
    )
