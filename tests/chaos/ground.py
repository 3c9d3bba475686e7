"""An installation with bad plugins in it, each of them on in a school of its own."""

import importlib
import itertools
import os
import sys
from collections.abc import AsyncIterator, Iterable
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, date, datetime, timedelta
from importlib.metadata import distributions
from pathlib import Path
from types import ModuleType
from typing import Final, cast
from uuid import UUID

import msgspec
import pytest

from kundelik_core.kernel.boot import Urls
from kundelik_core.kernel.clock import set_now
from kundelik_core.kernel.db import Tenant, tenant
from kundelik_core.kernel.passwords import hash_password
from kundelik_core.kernel.settings import Settings
from kundelik_core.plugins import dispatch
from kundelik_core.plugins.actions import disable_plugin, enable_plugin
from kundelik_core.plugins.database import erase as erase_data
from kundelik_core.plugins.discover import find_plugins
from kundelik_core.plugins.host.load import HostedPlugins
from kundelik_core.plugins.host.place import HostPlan, place_of
from kundelik_core.plugins.host.plans import plan_of
from kundelik_core.plugins.host.supervisor import PluginHosts
from kundelik_core.plugins.life.model import Mode
from kundelik_core.plugins.life.operate import approve
from kundelik_core.plugins.life.operator import Operator, operator
from kundelik_core.plugins.life.running import Running, running_plugins
from kundelik_core.plugins.life.running import running as loaded_here
from kundelik_core.plugins.states import Found
from kundelik_core.testing.packages import manifest
from kundelik_core.testing.town import School, make_school
from kundelik_core.web.middleware import Shell
from tests.factories import Factory
from tests.plugins import keys_for
from tests.unit.plugins.dists import Site
from tests.web import running

__all__ = ["MONDAY", "NOW", "PASSWORD", "WEEK", "Ground", "ground"]

NOW: Final = datetime(2026, 11, 4, 8, 0, tzinfo=UTC)  # 13:00 at the school, a Wednesday
MONDAY: Final = date(2026, 11, 2)
WEEK: Final = "2026-W45"
PASSWORD: Final = "three quiet camels"
BUDGET: Final = 0.5
"""Seconds that a page, a step of its life or a command of a plugin may take here."""

USES: Final = """\
slots = ["diary.week", "class.page", "student.card"]
events = ["mark.recorded.v1", "period.closed.v1"]
permissions = ["{name}.look"]
commands = ["do"]
pages = true"""
DATA: Final = """\
[data]
reads = ["student.v1", "mark.v1"]
personal = true
retention = "P30D\""""
NOTES: Final = """
create table note (
  school_id  integer not null,
  id         uuid    not null,
  student_id uuid    not null,
  primary key (school_id, id)
);
"""
CODE: Final = Path(__file__).with_name("wild.py").read_text()


class Ground(msgspec.Struct, kw_only=True):
    """The application, what it made of the plugins, and a school for each way of misbehaving."""

    app: Shell
    here: Running
    urls: Urls
    factory: Factory
    hosts: PluginHosts | None
    site: Site
    schools: dict[str, School]
    """By deed; under ``none`` one without any plugin."""

    def name(self, deed: str) -> str:
        """Return the name of the plugin: roles belong to the whole server, so it is ours alone."""
        return name_of(deed, hosted=self.hosts is not None)

    def module(self, deed: str) -> ModuleType:
        """Return the plugin's own module, where it runs in this process."""
        return sys.modules[f"vendor_{self.name(deed)}.plugin"]

    def calls(self, deed: str) -> list[str]:
        """Return what the plugin was called for, where it runs in this process."""
        return cast("list[str]", self.module(deed).calls)

    async def turn(self, deed: str, *, on: bool, school: School | None = None) -> None:
        """Switch the plugin for its school, past what it does about that itself."""
        school = school or self.schools[deed]
        by = school.people["director"]
        # Each turn is a row with its moment, and the clock stands still.
        moment = NOW + timedelta(seconds=next(_turns))
        with set_now(moment):
            async with tenant(school.id, write=True) as tx:
                await self._turn(tx, deed, by, on=on)

    async def _turn(self, tx: Tenant, deed: str, by: UUID, *, on: bool) -> None:
        if on:
            await enable_plugin(tx, self.here.registry, self.name(deed), by)
        else:
            await disable_plugin(tx, self.name(deed), by)

    async def school(self) -> School:
        """Make another school whose people can sign in."""
        return await make_ready(self.factory)


def name_of(deed: str, *, hosted: bool) -> str:
    return f"w{'h' if hosted else ''}_{deed}_{os.getpid()}"


async def make_ready(factory: Factory) -> School:
    school = await make_school(factory, first=MONDAY)
    if not _hash:
        _hash.append(await hash_password(PASSWORD))
    await factory.directory.execute(
        "update directory.account set password_hash = $2 where id = any($1::uuid[])",
        list(school.accounts.values()), _hash[0],
    )  # fmt: skip
    return school


_hash: list[str] = []
_turns = itertools.count(1)


def install(site: Site, name: str, deed: str) -> Found:
    """Put a package there that does ``deed``."""
    text = manifest(name, USES.format(name=name), tables=DATA)
    package = site.add(name, code=CODE, manifest=text)
    root = site.folder / package
    (root / "deed.txt").write_text(deed)
    (root / "migrations").mkdir()
    (root / "migrations" / "0001_notes.sql").write_text(NOTES)
    importlib.invalidate_caches()
    folder = str(site.folder)
    found = find_plugins(distributions(path=[folder]), [folder])
    return next(one for one in found if one.name == name)


@asynccontextmanager
async def ground(
    deeds: Iterable[str], mode: Mode, folder: Path, urls: Urls, factory: Factory
) -> AsyncIterator[Ground]:
    """Install, approve, start, and make a school for each; all of it is gone afterwards."""
    site = Site(folder / "site")
    site.folder.mkdir()
    settings = Settings(data_dir=folder)
    names = {deed: name_of(deed, hosted=mode == "host") for deed in deeds}
    async with AsyncExitStack() as stack:
        patch = stack.enter_context(pytest.MonkeyPatch.context())
        # As the real ones, only shorter: nobody learns more from waiting longer.
        patch.setattr(dispatch, "BUDGETS", dict.fromkeys(dispatch.BUDGETS, BUDGET))
        op = await stack.enter_async_context(
            operator(settings, urls, doer="the operator", keys=keys_for(urls))
        )
        stack.push_async_callback(_forget, op, list(names.values()))
        found = [install(site, name, deed) for deed, name in names.items()]
        for one in found:
            await approve(op, one, mode=mode)
        hosts = None
        if mode == "process":
            patch.syspath_prepend(site.folder)
            stack.callback(_forget_modules, site)
            app = await stack.enter_async_context(running())
            here = loaded_here()
        else:
            app = await stack.enter_async_context(running())
            hosts = stack.enter_context(_hosts(urls, settings, site, found))
            here = await stack.enter_async_context(
                running_plugins(
                    settings,
                    keys=keys_for(urls),
                    hosts=HostedPlugins(place_of(settings.data_dir), wait=30),
                    found=found,
                )
            )
        made = Ground(
            app=app, here=here, urls=urls, factory=factory, hosts=hosts, site=site,
            schools={"none": await make_ready(factory)},
        )  # fmt: skip
        for deed, name in names.items():
            made.schools[deed] = await make_ready(factory)
            if name in here.registry.loaded:
                await made.turn(deed, on=True)
        yield made


def _forget_modules(site: Site) -> None:
    for name in site.imported():
        if mended := getattr(sys.modules[name], "mended", None):
            mended.set()  # whatever still runs of it ends
        del sys.modules[name]


def _hosts(urls: Urls, settings: Settings, site: Site, found: Iterable[Found]) -> PluginHosts:
    logins = keys_for(urls).logins
    plans: list[HostPlan] = [
        msgspec.structs.replace(
            plan_of(one, settings, logins.url_for(one.name)),
            paths=(site.folder,),
            memory_mb=512,
        )
        for one in found
    ]
    return PluginHosts(place_of(settings.data_dir), lambda: plans, every=0.1)


async def _forget(op: Operator, names: list[str]) -> None:
    for name in names:
        if await op.tenant.fetchval("select 1 from pg_roles where rolname = $1", f"p_{name}"):
            await erase_data(op.tenant, name, export=_nothing)
        for table, key in (("plugin", "name"), ("plugin_event", "plugin"),
                           ("plugin_breaker", "plugin")):  # fmt: skip
            await op.directory.execute(f"delete from directory.{table} where {key} = $1", name)


async def _nothing(_name: str) -> None:
    """There is nobody to give it to."""
