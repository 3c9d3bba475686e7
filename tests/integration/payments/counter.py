"""A school where families pay by transfer and at a service: what the tests of pages share."""

import re
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID

import httpx
import msgspec
import pytest

from kundelik_core.entitlements.catalogue.actions import put_product, set_price
from kundelik_core.entitlements.catalogue.model import Price, Product, ScopeSchema, Sibling
from kundelik_core.kernel.boot import Urls
from kundelik_core.kernel.clock import set_now
from kundelik_core.kernel.db import Databases, tenant
from kundelik_core.plugins.actions import enable_plugin, store_settings
from kundelik_core.plugins.database import PluginPools
from kundelik_core.plugins.life.running import running as plugins
from kundelik_core.sdk import Text
from kundelik_core.web.middleware import Shell
from tests.factories import Factory
from tests.plugins import SIGNER, keys_for
from tests.security.town import Town, make_town
from tests.web import browser, open_session, running

WEDNESDAY: Final = datetime(2026, 11, 4, 8, 0, tzinfo=UTC)  # 13:00 at the school
ACCOUNT: Final = {
    "payee": "ТОО Мектеп", "payee_bin": "123456789012", "iban": "KZ86125KZT5004100100",
    "bank": "АО Банк", "bic": "BANKKZKA",
}  # fmt: skip
SERVICE: Final = "127.0.0.1:9"
"""Nobody listens there: a payer is led to it all the same, and nobody answers when it is asked."""


class Counter(msgspec.Struct, kw_only=True):
    """The school with its prices, and its people in front of the pages."""

    app: Shell
    town: Town
    pools: PluginPools
    children: tuple[UUID, UUID]
    month: UUID
    part: UUID
    place: UUID
    subject: str

    async def send(
        self, role: str, path: str, data: dict[str, Any] | None = None, *, lang: str = "en",
        files: dict[str, tuple[str, bytes, str]] | None = None,
    ) -> httpx.Response:  # fmt: skip
        token = await open_session(self.town.accounts[role])
        async with browser(self.app, token=token) as client:
            client.cookies.set("kundelik_lang", lang, domain="kundelik.test")
            address = f"/x/payments/{path}" if path else "/x/payments"
            if data is None and files is None:
                return await client.get(address)
            return await client.post(address, data=data, files=files)

    def form(self, page: httpx.Response, **more: Any) -> dict[str, Any]:
        """Return the form of the page to buy as it stands, with what somebody changes in it."""
        sent: dict[str, Any] = {"feature": "praise.extra"}
        for name in ("token", "seen"):
            found = re.search(rf'name="{name}" value="([^"]*)"', page.text)
            assert found, page.text
            sent[name] = found[1]
        for name in ("student", "price", "way"):
            ticked = re.findall(rf'name="{name}" value="([^"]+)" checked', page.text)
            if ticked:
                sent[name] = ticked
        return sent | more

    async def shop(self, role: str = "parent", query: str = "", lang: str = "en") -> httpx.Response:
        return await self.send(role, f"buy?feature=praise.extra{query}", lang=lang)

    async def allow(self, **options: Any) -> None:
        """Let the school set the module up further."""
        by = self.town.here.people["director"]
        async with tenant(self.town.here.id, write=True) as tx:
            version = await tx.fetchval(
                "select max(version) from core.school_plugin_settings s "
                "where s.school_id = $1 and s.plugin = 'payments'",
                tx.school_id,
            )
            await store_settings(tx, "payments", ACCOUNT | options, version, by)

    async def order(self, **more: Any) -> str:
        """Order, by transfer unless told, and return the address of the order's page."""
        page = await self.shop(query=f"&student={self.children[0]}")
        form = self.form(page, **{"way": "invoice", **more})
        answer = await self.send("parent", "buy", form)
        if answer.status_code == 422:  # what was chosen costs something else: said, and agreed to
            form["seen"] = self.form(answer)["seen"]
            answer = await self.send("parent", "buy", form)
        assert answer.status_code == 303, answer.text
        return answer.headers["location"].removeprefix("/x/payments/")

    async def rows(self, table: str) -> int:
        """Count what the plugin keeps for this school."""
        token = SIGNER.mint("payments", self.town.here.id, 60)
        async with self.pools.of("payments").transaction(token) as tx:
            return int(await tx.fetchval(f"select count(*) from {table}"))


@pytest.fixture(autouse=True)
def at_school() -> Iterator[None]:
    with set_now(WEDNESDAY):
        yield


@pytest.fixture(scope="module")
async def counter(databases: Databases, urls: Urls, factory: Factory) -> AsyncIterator[Counter]:
    assert databases.jobs_url
    pools = PluginPools(keys_for(urls).logins.url_for)
    secrets = {
        "REDIRECT_URL": f"http://{SERVICE}",
        "REDIRECT_KEY": "k" * 32,
        "REDIRECT_MERCHANT": "kundelik",
    }
    with set_now(WEDNESDAY):
        async with running(secrets=secrets, plugin_hosts={"REDIRECT": (SERVICE,)}) as app:
            yield await open_counter(app, factory, pools)
    await pools.close()


async def open_counter(app: Shell, factory: Factory, pools: PluginPools) -> Counter:
    town = await make_town(factory)
    here, host = town.here, plugins()
    assert "payments" in host.registry.loaded
    children = (here.journal.pupils[0], here.other.pupils[0])
    row = await factory.directory.fetchrow(
        "select person_id from directory.account_school where account_id = $1 and school_id = $2",
        town.accounts["parent"], here.id,
    )  # fmt: skip
    assert row
    await factory.child(
        town.accounts["parent"], here.id, row["person_id"], children[1], given="Екінші"
    )
    by = here.people["director"]
    for name in ("payments", "praise"):
        async with tenant(here.id, write=True) as tx:
            await enable_plugin(tx, host.registry, name, by)
    async with tenant(here.id, write=True) as tx:
        await store_settings(tx, "payments", ACCOUNT, 0, by)
    month, part, place = await _prices()
    async with tenant(here.id) as tx:
        subject = await tx.fetchval(
            "select s.code from core.subject s join core.teaching_group g on g.school_id = $1 "
            "and g.subject_id = s.id where s.school_id = $1 and g.id = $2",
            here.id, here.journal.group,
        )  # fmt: skip
    return Counter(
        app=app, town=town, pools=pools, children=children, month=month, part=part, place=place,
        subject=subject,
    )  # fmt: skip


async def _prices() -> tuple[UUID, UUID, UUID]:
    """Put something on sale: all of it and by subject for families, places for schools."""
    words = Text(kk="Қосымша", ru="Дополнение", en="Extra")
    whole = Product(
        sku="praise.extra", plugin="praise", kind="feature", feature="praise.extra", title=words
    )
    part = msgspec.structs.replace(
        whole, sku="praise.part", scopes=ScopeSchema(by="subject", required=True),
        title=Text(kk="Пән", ru="Предмет", en="Subject"),
    )  # fmt: skip
    made: list[UUID] = []
    for product, amount, audience in (
        (whole, 150_000, "parent"), (part, 60_000, "parent"), (whole, 40_000, "school"),
    ):  # fmt: skip
        await put_product(product)
        price = await set_price(
            Price(
                sku=product.sku, currency="KZT", amount_minor=amount, interval="month",
                audience=audience,  # type: ignore[arg-type]
                valid_from=WEDNESDAY, siblings=(Sibling(nth=2, percent_bp=7_000),),
            )
        )  # fmt: skip
        assert price.id
        made.append(price.id)
    return made[0], made[1], made[2]
