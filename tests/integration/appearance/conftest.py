"""One application for the tests of appearance, and two schools that know nothing of each other."""

from collections.abc import AsyncIterator

import pytest

from kundelik_core.kernel.db import Databases
from kundelik_core.web.middleware import Shell
from tests.factories import Factory
from tests.security.town import Town, make_town
from tests.web import running


@pytest.fixture(scope="module")
async def app(databases: Databases) -> AsyncIterator[Shell]:
    async with running() as made:
        yield made


@pytest.fixture(scope="module")
async def town(factory: Factory) -> Town:
    return await make_town(factory)
