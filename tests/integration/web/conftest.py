"""One application for all tests of pages: building it takes a while, and it keeps nothing."""

from collections.abc import AsyncIterator

import pytest

from kundelik_core.kernel.db import Databases
from kundelik_core.web.middleware import Shell
from tests.web import running


@pytest.fixture(scope="session")
async def app(databases: Databases) -> AsyncIterator[Shell]:
    async with running() as made:
        yield made
