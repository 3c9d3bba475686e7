"""Run the modules of this repository as the server does, each with a database login of its own."""

from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from typing import Final

import pytest

from kundelik_core.kernel.clock import set_now
from kundelik_core.kernel.db import Databases
from kundelik_core.plugins.life.running import Running
from kundelik_core.plugins.life.running import running as plugins
from kundelik_core.web.middleware import Shell
from tests.factories import Factory
from tests.security.town import Town, make_town
from tests.web import running

WEDNESDAY: Final = datetime(2026, 11, 4, 8, 0, tzinfo=UTC)  # 13:00 at the school


@pytest.fixture(autouse=True)
def at_school() -> Iterator[None]:
    with set_now(WEDNESDAY):
        yield


@pytest.fixture(scope="package")
async def app(databases: Databases) -> AsyncIterator[Shell]:
    assert databases.jobs_url
    async with running() as made:
        yield made


@pytest.fixture(scope="package")
async def host(app: Shell) -> Running:
    """Return the modules of the application."""
    assert app.litestar.routes
    found = plugins()
    assert {"birthdays", "praise"} <= found.registry.loaded.keys()
    return found


@pytest.fixture(scope="module")
async def town(factory: Factory) -> Town:
    return await make_town(factory)
