from collections.abc import AsyncIterator, Iterator

import pytest
import stripe

from tests.fake_stripe.bed import Bed, make_bed
from tests.fake_stripe.remote import Fake, running


@pytest.fixture(scope="session")
def fake_stripe() -> Iterator[Fake]:
    with running() as fake:
        yield fake


@pytest.fixture
async def bed(fake_stripe: Fake, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Bed]:
    # The SDK would wait before it tries again.
    monkeypatch.setattr(stripe.HTTPClient, "INITIAL_DELAY", 0)
    monkeypatch.setattr(stripe.HTTPClient, "MAX_DELAY", 0)
    async with make_bed(fake_stripe) as made:
        yield made
