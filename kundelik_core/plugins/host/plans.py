"""Say which plugins are to run in processes of their own, and how each of them starts."""

import asyncio
import sys
import time
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Final

import asyncpg

from kundelik_core.kernel.settings import Settings
from kundelik_core.kernel.wire import Connection
from kundelik_core.plugins.discover import find_plugins
from kundelik_core.plugins.host.place import HostPlan
from kundelik_core.plugins.host.venv import find_in_venvs, python_of, site_of
from kundelik_core.plugins.life.keys import Keys, keys_of
from kundelik_core.plugins.life.model import Approval
from kundelik_core.plugins.life.policy import policy_of
from kundelik_core.plugins.life.queries import approvals
from kundelik_core.plugins.life.rules import decide, wanted
from kundelik_core.plugins.secrets import hosts_for
from kundelik_core.plugins.states import Found

__all__ = ["Wanted", "all_found", "home_of", "plan_of"]

_READ_SECONDS: Final = 30.0


def home_of(settings: Settings) -> Path:
    """Return the folder of the plugins' own environments."""
    own = settings.plugin_home
    return Path(own).resolve() if own else settings.data_dir.resolve() / "plugins"


def all_found(settings: Settings) -> tuple[Found, ...]:
    """Return every plugin that is installed; one with an environment of its own is that one."""
    apart = {one.name: one for one in find_in_venvs(home_of(settings))}
    here = (one for one in find_plugins() if one.name not in apart)
    return tuple(sorted([*here, *apart.values()], key=lambda one: one.name))


def plan_of(found: Found, settings: Settings, url: str = "") -> HostPlan:
    """Return how a plugin starts; ``url`` is the address of its own database login."""
    assert found.root is not None
    assert found.manifest is not None
    home = home_of(settings)
    site = site_of(home, found.name)
    own = site is not None and site in found.root.parents
    return HostPlan(
        name=found.name,
        sha256=found.sha256,
        root=found.root,
        url=url,
        python=python_of(home, found.name) if own else sys.executable,
        site=site if own else None,
        named=found.manifest.uses.http_out,
        added=hosts_for(settings, found.name),
        memory_mb=settings.plugin_memory_mb,
        log_level=settings.log_level,
    )


class Wanted:
    """Which plugins are to have processes, for whoever asks every few seconds.

    What is installed is read anew when something was decided since, or after half a minute.
    """

    def __init__(self, settings: Settings, tenant_url: str, directory_url: str) -> None:
        self._settings = settings
        self._tenant_url, self._directory_url = tenant_url, directory_url
        self._known: dict[str, Approval] | None = None
        self._plans: tuple[HostPlan, ...] = ()
        self._read_at = 0.0

    async def plans(self) -> tuple[HostPlan, ...]:
        """Return the plans of all plugins that the operator approved for their own processes."""
        known = dict(await _approvals(self._directory_url))
        if known != self._known or time.monotonic() - self._read_at > _READ_SECONDS:
            self._plans = await _plans_of(known, self._settings, self._tenant_url)
            self._known, self._read_at = known, time.monotonic()
        return self._plans


async def _approvals(directory_url: str) -> Mapping[str, Approval]:
    conn: Connection = await asyncpg.connect(directory_url)
    try:
        return await approvals(conn)
    finally:
        await conn.close(timeout=5)


async def _plans_of(
    known: Mapping[str, Approval], settings: Settings, tenant_url: str
) -> tuple[HostPlan, ...]:
    hosted = {name for name, one in known.items() if one.mode == "host"}
    if not hosted:
        return ()
    found = await asyncio.to_thread(all_found, settings)
    names = wanted(decide(found, known, policy_of(settings))) & hosted
    return tuple(_plans(found, names, settings, keys_of(settings, tenant_url)))


def _plans(
    found: Iterable[Found], names: Iterable[str], settings: Settings, keys: Keys
) -> Iterable[HostPlan]:
    for one in found:
        if one.name in names and one.root is not None and one.manifest is not None:
            yield plan_of(one, settings, keys.logins.url_for(one.name))
