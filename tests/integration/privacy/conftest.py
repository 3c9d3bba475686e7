"""One application for the pages of one's own data, at a fixed school day."""

from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime

import pytest

from kundelik_core.kernel.clock import set_now
from kundelik_core.kernel.db import Databases
from kundelik_core.web.middleware import Shell
from tests.web import running


@pytest.fixture(scope="session")
async def app(databases: Databases) -> AsyncIterator[Shell]:
    async with running() as made:
        yield made


@pytest.fixture
def at_school() -> Iterator[datetime]:
    """Hold the clock on a Wednesday of the second quarter."""
    moment = datetime(2026, 11, 4, 8, 0, tzinfo=UTC)
    with set_now(moment):
        yield moment
