"""Run the application with a made-up module that has something to sell."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest

from kundelik_core.kernel.clock import set_now
from kundelik_core.kernel.db import Databases, tenant
from kundelik_core.kernel.ids import new_id
from kundelik_core.plugins.actions import enable_plugin
from kundelik_core.plugins.allowed import Allowed, setup_changed
from kundelik_core.plugins.catalogue import declare
from kundelik_core.plugins.declared import Declared
from kundelik_core.plugins.life.running import running as plugins
from kundelik_core.plugins.registry import Loaded, Registry
from kundelik_core.plugins.states import Found, State
from kundelik_core.sdk import Manifest, Product, Text
from kundelik_core.sdk.manifest import Uses, Vendor
from kundelik_core.web.middleware import Shell
from kundelik_core.web.modules import Host, use_host
from tests.factories import Factory
from tests.integration.entitlements.desk import NOW
from tests.security.town import Town, make_town
from tests.web import running

NAME = "desk_songs"
FEATURE = f"{NAME}.view"
SKU = f"{NAME}.month"
WORDS = Text(kk="Әндер кітабы", ru="Песенник", en="Song book")
VENDOR = Vendor(name="V", url="https://v.example", support="s@v.example", security="s@v.example")


def manifest(name: str, **rest: Any) -> Manifest:
    """Return a manifest of a made-up module."""
    fields = {"kind": "module", "level": "school", "title": WORDS, "vendor": VENDOR} | rest
    return Manifest(manifest=1, name=name, api=">=0.2", **fields)  # type: ignore[arg-type]


@pytest.fixture(autouse=True)
def _clock(databases: Databases) -> Iterator[None]:
    with set_now(NOW):
        yield


@pytest.fixture(scope="module")
async def app(databases: Databases) -> AsyncIterator[Shell]:
    """The application; in it a module that offers songs."""
    assert databases.jobs_url
    about = manifest(NAME, uses=Uses(products=(SKU,)))
    product = Product(sku=SKU, feature=FEATURE, title=WORDS)
    one = Loaded(manifest=about, version="1", root=Path(), declared=Declared(products=(product,)))
    found = Found(
        name=NAME, version="1", dist=NAME, entry_point=NAME, state=State.LOADED, manifest=about
    )
    registry = Registry([found], {NAME: one})
    async with running() as made:
        stop = use_host(Host(registry, plugins().dispatcher, Allowed(registry)))
        await declare(registry)
        yield made
        stop()


@pytest.fixture(scope="module")
async def town(factory: Factory, app: Shell) -> Town:
    """Two schools; the near one has the module on."""
    assert app.litestar.routes
    made = await make_town(factory)
    from kundelik_core.web.modules import registry

    async with tenant(made.here.id, write=True) as tx:
        await enable_plugin(tx, registry(), NAME, new_id())
    setup_changed(made.here.id)
    return made
