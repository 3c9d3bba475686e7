"""One town and one application for the walk, on a fixed school day."""

from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime

import pytest

from kundelik_core.kernel.clock import set_now
from kundelik_core.web.middleware import Shell
from tests.factories import Factory
from tests.security.town import Town, make_town
from tests.web import running


@pytest.fixture(scope="session")
async def app(databases: object, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Shell]:
    async with running(data_dir=tmp_path_factory.mktemp("data")) as made:
        yield made


@pytest.fixture(scope="session")
async def town(factory: Factory) -> Town:
    return await make_town(factory)


@pytest.fixture(autouse=True)
def at_school() -> Iterator[None]:
    """Hold the clock on a Wednesday of the second quarter."""
    with set_now(datetime(2026, 11, 4, 8, 0, tzinfo=UTC)):
        yield
