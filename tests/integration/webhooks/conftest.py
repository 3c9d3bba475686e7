"""Run two made-up modules as the server does: one takes messages and sells, one asks it."""

from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Final

import pytest

from kundelik_core.kernel.clock import set_now
from kundelik_core.kernel.db import Databases, tenant
from kundelik_core.plugins.actions import enable_plugin
from kundelik_core.plugins.allowed import Allowed
from kundelik_core.plugins.dispatch import Dispatcher
from kundelik_core.plugins.registry import Registry
from kundelik_core.plugins.render import JinjaRenderer
from kundelik_core.plugins.runner import LocalRunner
from kundelik_core.plugins.services import Broker
from kundelik_core.plugins.states import Found, State
from kundelik_core.web.middleware import Shell
from kundelik_core.web.modules import Host, use_host
from tests.factories import Factory
from tests.integration.webhooks.till import asker, purse, till
from tests.security.town import Town, make_town
from tests.web import running

NOON: Final = datetime(2026, 11, 4, 7, 0, tzinfo=UTC)
_minutes: Final = count()
ADDED: Final = ("127.0.0.1:8443", "more.example")


@pytest.fixture(autouse=True)
def at_noon() -> Iterator[None]:
    # Each test a minute later: what one switches off, the next switches on anew.
    with set_now(NOON + timedelta(minutes=next(_minutes))):
        yield


@pytest.fixture(scope="package")
async def app(databases: Databases) -> AsyncIterator[Shell]:
    assert databases.jobs_url
    async with running(plugin_hosts={"TILL": ADDED}) as made:
        yield made


@pytest.fixture(scope="module")
async def town(factory: Factory) -> Town:
    return await make_town(factory)


@pytest.fixture(scope="module")
def host(app: Shell, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Host]:
    """Run the made-up modules in place of all others."""
    assert app.litestar.routes
    root: Path = tmp_path_factory.mktemp("till")
    loaded = {"till": till(root), "asker": asker(root), "purse": purse(root)}
    found = [
        Found(
            name=name, version="1", dist=name, entry_point=name, state=State.LOADED,
            manifest=one.manifest, root=root,
        )
        for name, one in loaded.items()
    ]  # fmt: skip
    registry = Registry(found, loaded)
    allowed = Allowed(registry)
    broker = Broker(registry, allowed.active)
    runner = LocalRunner(registry, None, broker.ask)
    dispatcher = Dispatcher(registry, runner, JinjaRenderer(registry))
    broker.use(dispatcher)
    done = use_host(Host(registry, dispatcher, allowed))
    yield Host(registry, dispatcher, allowed)
    done()


@pytest.fixture
async def on(host: Host, town: Town) -> Host:
    async with tenant(town.here.id, write=True) as tx:
        for name in ("till", "asker"):
            await enable_plugin(tx, host.registry, name, town.here.people["director"])
    return host
