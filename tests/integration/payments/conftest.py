"""Run the plugin at a real database: its own login, the core that fulfils, the fake Stripe."""

from collections.abc import AsyncIterator, Iterator

import asyncpg
import pytest
import stripe

from kundelik_core.kernel.boot import Urls
from kundelik_core.kernel.clock import set_now
from kundelik_core.kernel.db import Databases
from kundelik_core.kernel.settings import Settings
from kundelik_core.kernel.wire import Connection
from kundelik_core.plugins.database import PluginPool
from kundelik_core.plugins.life.running import Running, running_plugins
from tests.factories import Factory
from tests.fake_stripe.bed import TestClock
from tests.fake_stripe.remote import Fake, running
from tests.integration.payments.till import PgBed, Town, make_pg_bed, month_price
from tests.plugins import keys_for


@pytest.fixture(scope="session")
def fake_stripe() -> Iterator[Fake]:
    with running() as fake:
        yield fake


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    # The SDK would wait before it tries again.
    monkeypatch.setattr(stripe.HTTPClient, "INITIAL_DELAY", 0)
    monkeypatch.setattr(stripe.HTTPClient, "MAX_DELAY", 0)


@pytest.fixture(scope="package")
async def host(databases: Databases, urls: Urls) -> AsyncIterator[Running]:
    assert databases.jobs_url
    async with running_plugins(Settings(), keys=keys_for(urls)) as one:
        assert "payments" in one.registry.loaded, one.registry.plugins
        yield one


@pytest.fixture(scope="package")
async def owner(urls: Urls) -> AsyncIterator[Connection]:
    conn: Connection = await asyncpg.connect(urls.migrate_tenant)
    # The owner of the tables keeps to row security too, but whoever migrates may step around it.
    await conn.execute("set row_security = off")
    yield conn
    await conn.close()


@pytest.fixture(scope="package")
async def payments(
    urls: Urls, factory: Factory, host: Running, owner: Connection
) -> AsyncIterator[Town]:
    pool = PluginPool(keys_for(urls).logins.url_for("payments"))
    with set_now(TestClock().moment):
        price = await month_price()
    yield Town(urls=urls, factory=factory, host=host, owner=owner, pool=pool, price=price)
    await pool.close()


@pytest.fixture
async def bed(payments: Town, fake_stripe: Fake) -> AsyncIterator[PgBed]:
    async with make_pg_bed(payments, fake_stripe) as made:
        yield made
