"""Put two made-up plugins into the database: one takes money, the other has something to sell."""

from collections.abc import AsyncIterator, Iterator
from typing import Any
from uuid import UUID

import msgspec
import pytest

from kundelik_core.entitlements.catalogue.actions import put_product, set_price
from kundelik_core.entitlements.catalogue.model import Price, Product
from kundelik_core.kernel.boot import Urls
from kundelik_core.kernel.clock import set_now
from kundelik_core.kernel.db import Databases
from kundelik_core.plugins.asking import PluginWishes
from kundelik_core.plugins.database import asking_of, provision
from kundelik_core.plugins.wishes import Settled, settle
from kundelik_core.sdk import Manifest, Text, Wish
from kundelik_core.sdk.manifest import Uses, Vendor
from tests.factories import Factory
from tests.integration.entitlements.desk import NOW, Family
from tests.integration.plugins_db.vendor import Vendor as Half
from tests.integration.plugins_db.vendor import installed

SCOPES = ["entitlement.v1", "money.v1", "wish.v1"]
WORDS = Text(kk="Сынақ", ru="Проба", en="Trial")


class Asker(msgspec.Struct, kw_only=True):
    """A plugin that asks, on its own login."""

    half: Half
    manifest: Manifest

    @property
    def name(self) -> str:
        return self.half.name

    async def ask(self, school: int, *wishes: Wish, and_settle: bool = True) -> Settled:
        """Ask in one transaction, and let the core fulfil it."""
        facade = PluginWishes(self.name, self.manifest)
        async with self.half.pool.transaction(self.half.token(school), write=True) as tx:
            for wish in wishes:
                await facade.ask(tx, wish)
        return await settle(school, self.name) if and_settle else Settled()

    async def see(self, school: int, sql: str, *args: object) -> list[dict[str, Any]]:
        """Read as the plugin does."""
        async with self.half.pool.transaction(self.half.token(school)) as tx:
            return await tx.fetch(sql, *args)

    async def states(self, school: int) -> list[tuple[str, str, str]]:
        """Return what came of its wishes, in the order of asking."""
        rows = await self.see(
            school, "select kind, state, reason from core_api.wish_v1 order by asked_at"
        )
        return [(row["kind"], row["state"], row["reason"]) for row in rows]


@pytest.fixture(autouse=True)
def _clock(databases: Databases) -> Iterator[None]:
    with set_now(NOW):
        yield


async def _asker(half: Half, **rest: Any) -> Asker:
    vendor = Vendor(
        name="V", url="https://v.example", support="s@v.example", security="s@v.example"
    )
    manifest = Manifest(
        manifest=1, name=half.name, api=">=0.2", level="school", title=WORDS, vendor=vendor, **rest
    )
    await provision(half.admin, half.name, SCOPES, asking=asking_of(manifest), logins=half.logins)
    return Asker(half=half, manifest=manifest)


@pytest.fixture(scope="module")
async def till(urls: Urls) -> AsyncIterator[Asker]:
    """A plugin that takes money."""
    async with installed(urls, "till") as half:
        yield await _asker(half, kind="payment")


@pytest.fixture(scope="module")
async def other_till(urls: Urls) -> AsyncIterator[Asker]:
    """Another one that takes money."""
    async with installed(urls, "purse") as half:
        yield await _asker(half, kind="payment")


@pytest.fixture(scope="module")
async def shop(urls: Urls) -> AsyncIterator[Asker]:
    """A plugin that has a product."""
    async with installed(urls, "shop") as half:
        yield await _asker(half, kind="module", uses=Uses(products=(f"{half.name}.month",)))


@pytest.fixture(scope="module")
async def month(shop: Asker, databases: Databases) -> Price:
    """A month of the shop's feature for 1 000 tenge."""
    assert databases.jobs_url
    return await _priced(shop, "month")


@pytest.fixture(scope="module")
async def whole_year(shop: Asker, databases: Databases) -> Price:
    """A school year of the same."""
    assert databases.jobs_url
    return await _priced(shop, "school_year")


async def _priced(shop: Asker, interval: Any) -> Price:
    with set_now(NOW):
        sku = f"{shop.name}.{interval}"
        await put_product(
            Product(sku=sku, plugin=shop.name, kind="feature", feature=f"{shop.name}.view",
                    title=WORDS)
        )  # fmt: skip
        return await set_price(
            Price(sku=sku, currency="KZT", amount_minor=100_000, interval=interval,
                  audience="parent", valid_from=NOW, tax_bp=1_200)
        )  # fmt: skip


@pytest.fixture
async def family(factory: Factory) -> Family:
    return await Family.make(factory)


def price_id(price: Price) -> UUID:
    """Return the id of a price that was set."""
    assert price.id is not None
    return price.id
