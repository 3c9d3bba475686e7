"""Install made-up plugins, and act on them as the operator of this database does."""

import os
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec
import pytest

from kundelik_core.kernel.boot import Urls
from kundelik_core.kernel.db import Databases
from kundelik_core.kernel.hub import Hub, use_hub
from kundelik_core.kernel.settings import Settings
from kundelik_core.plugins.database import erase as erase_data
from kundelik_core.plugins.life.operator import Operator, operator
from kundelik_core.plugins.life.running import Running, running_plugins
from kundelik_core.plugins.states import Found
from tests.plugins import keys_for
from tests.unit.plugins.dists import Site


class Bench(msgspec.Struct, kw_only=True):
    """A folder of plugins, an operator, and processes that start when they are told to."""

    site: Site
    urls: Urls
    op: Operator
    settings: Settings
    made: list[str]

    def name(self, stem: str) -> str:
        """Return a name of our own: roles belong to the whole server."""
        name = f"{stem}_{os.getpid()}"
        if name not in self.made:
            self.made.append(name)
        return name

    def found(self, name: str) -> Found:
        """Return what is installed under a name."""
        return next(one for one in self.site.find() if one.name == name)

    @asynccontextmanager
    async def process(self, **settings: object) -> AsyncIterator[Running]:
        """Start a process as a server starts it, with a hub of its own."""
        # What another process imported is not to be found here.
        for name in self.site.imported():
            del sys.modules[name]
        hub = Hub(self.urls.jobs)
        await hub.start()
        try:
            async with running_plugins(
                msgspec.structs.replace(self.settings, **settings),
                hub,
                keys=keys_for(self.urls),
                found=self.site.find(),
            ) as here:
                with use_hub(hub):
                    yield here
        finally:
            await hub.stop()


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    folder = tmp_path / "site"
    folder.mkdir()
    site = Site(folder)
    monkeypatch.syspath_prepend(folder)
    yield site
    for name in site.imported():
        del sys.modules[name]


@pytest.fixture
async def bench(
    site: Site, urls: Urls, databases: Databases, tmp_path: Path
) -> AsyncIterator[Bench]:
    _ = databases
    settings = Settings(data_dir=tmp_path)
    async with operator(settings, urls, doer="the operator", keys=keys_for(urls)) as op:
        bench = Bench(site=site, urls=urls, op=op, settings=settings, made=[])
        yield bench
        for name in bench.made:
            if await op.tenant.fetchval("select 1 from pg_roles where rolname = $1", f"p_{name}"):
                await erase_data(op.tenant, name, export=_nothing)
            for table, key in (("plugin", "name"), ("plugin_event", "plugin"),
                               ("plugin_breaker", "plugin")):  # fmt: skip
                await op.directory.execute(f"delete from directory.{table} where {key} = $1", name)


async def _nothing(_name: str) -> None:
    """There is nobody to give it to."""
