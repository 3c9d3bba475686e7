"""Load what is approved into this process, and hold all that it takes to call it."""

import asyncio
import logging
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Final, Protocol

import msgspec

from kundelik_core.kernel.db import directory
from kundelik_core.kernel.hub import Hub
from kundelik_core.kernel.i18n import N_
from kundelik_core.kernel.outbox.emit import set_subscribers
from kundelik_core.kernel.settings import Settings
from kundelik_core.plugins.allowed import Allowed
from kundelik_core.plugins.context import CallContext
from kundelik_core.plugins.database import PluginPools
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
from kundelik_core.plugins.states import Found, Reason, State

__all__ = ["LONG_TTL", "Hosts", "Running", "running", "running_plugins", "use_keys"]

PAGE_TTL: Final = 60
"""Seconds that a call of a page may use its database; longer than any page waits for a plugin."""

LONG_TTL: Final = 3660
"""The same for jobs and commands, of which the longest may take an hour."""

_log = logging.getLogger(__name__)


class Hosts(Protocol):
    """Plugins that run in processes of their own, as this process reaches them."""

    runner: Runner

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


class _Equip:
    """Gives a call what belongs to one plugin: the school's settings, a key to its database."""

    def __init__(self, allowed: Allowed, keys: Keys | None, ttl: int) -> None:
        self._allowed, self._keys, self._ttl = allowed, keys, ttl

    def __call__(self, plugin: str, call: CallContext) -> CallContext:
        """Return the call for one plugin."""
        call = self._allowed.equip(plugin, call)
        if self._keys is None or call.school is None:
            return call
        token = self._keys.signer.mint(plugin, call.school.id, self._ttl)
        return msgspec.structs.replace(call, db_token=token)


def _assemble(
    registry: Registry,
    keys: Keys | None,
    pools: PluginPools | None,
    *,
    ttl: int = PAGE_TTL,
    hosts: Hosts | None = None,
    hosted: frozenset[str] = frozenset(),
) -> Running:
    board = SharedBoard(registry.loaded)
    allowed = Allowed(registry, board.halted)
    here = LocalRunner(registry, pools.of if pools else None)
    dispatcher = Dispatcher(
        registry,
        RunnerSwitch(here, hosts.runner, hosted) if hosts else here,
        JinjaRenderer(registry),
        board=board,
        equip=_Equip(allowed, keys, ttl),
    )
    return Running(registry=registry, dispatcher=dispatcher, allowed=allowed, board=board)


_NONE: Final = _assemble(Registry(), None, None)
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
    one = _assemble(registry, keys, pools, ttl=ttl, hosts=hosts, hosted=hosted)
    if registry.loaded:
        await one.board.learn()
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
