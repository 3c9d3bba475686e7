"""The plugin at its own tables, with the core behind it and the fake Stripe before it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID

import msgspec
from kundelik_payments import webhooks
from kundelik_payments.cashdesk import Desk, cashier_for
from kundelik_payments.domain.model import Sale
from kundelik_payments.domain.subscribing import Subscription
from kundelik_payments.providing import account_at
from kundelik_payments.rows import SUBSCRIPTION, subscription_of
from kundelik_payments.service.answers import hear, unplaced_lines
from typing_extensions import override

from kundelik_core.entitlements.catalogue.actions import put_product, set_price
from kundelik_core.entitlements.catalogue.model import Price, Product
from kundelik_core.entitlements.ledger.rules import Position, Split
from kundelik_core.kernel import clock
from kundelik_core.kernel.boot import Urls
from kundelik_core.kernel.clock import SCHOOL_ZONE, set_now
from kundelik_core.kernel.ids import new_id
from kundelik_core.kernel.wire import Connection
from kundelik_core.plugins.context import CallContext, Facades
from kundelik_core.plugins.database import PluginPool
from kundelik_core.plugins.life.running import Running
from kundelik_core.plugins.wishes import settle
from kundelik_core.sdk import (
    Actor,
    ForSchool,
    Listed,
    School,
    Text,
    WebhookReply,
    WebhookRequest,
)
from kundelik_core.testing.factory import Factory
from tests.fake_stripe.bed import Bed, TestClock, opened
from tests.fake_stripe.core import Books
from tests.fake_stripe.remote import Fake
from tests.plugins import keys_for

FEATURE = "rating.view"
WORDS = Text(kk="Рейтинг", ru="Рейтинг", en="Rating")


class Town(msgspec.Struct, kw_only=True):
    """What all tests of this folder share."""

    urls: Urls
    factory: Factory
    host: Running
    owner: Connection
    pool: PluginPool
    price: Price

    def ctx(
        self,
        school: int | None,
        secrets: dict[str, str],
        actor: Actor | None = None,
        catalogue: tuple[Listed, ...] = (),
    ) -> Facades:
        """Return the context of a call, as a runner makes it."""
        one = self.host.registry.loaded["payments"]
        call = CallContext(
            school=School(id=school, name="", zone=SCHOOL_ZONE) if school else None,
            actor=actor,
            locale="ru",
            now=clock.now(),
            request_id=str(new_id()),
            db_token=keys_for(self.urls).signer.mint("payments", school, 900) if school else None,
            secrets=secrets,
            address="http://127.0.0.1:8000",
            catalogue=catalogue,
        )
        return Facades(
            "payments",
            call,
            one.settings_model,
            one.declared.settings,
            lambda _plugin: self.pool,
            manifest=one.manifest,
        )


async def month_price() -> Price:
    """Return the price of a month of something."""
    sku = "rating.month"
    await put_product(
        Product(sku=sku, plugin="rating", kind="feature", feature=FEATURE, title=WORDS)
    )
    price = Price(
        sku=sku, currency="KZT", amount_minor=99_000, interval="month", audience="parent",
        valid_from=clock.now(), tax_bp=1_200, commission_bp=2_000,
    )  # fmt: skip
    return await set_price(price)


class PgBed(Bed):
    """A school with the plugin at its own tables."""

    def __init__(self, town: Town, school: int, fake: Fake, cashier: Desk, time: TestClock) -> None:
        super().__init__(fake, cashier, time, Books())
        assert town.price.id
        self.town, self.school, self.price, self.desk = town, school, town.price.id, cashier

    @property
    def secrets(self) -> dict[str, str]:
        return secrets_of(self.fake)

    @override
    async def child(self) -> UUID:
        return await self.town.factory.person(self.school, role="pupil")

    @override
    async def parent(self) -> UUID:
        return await self.town.factory.person(self.school, role="parent")

    def ctx(self, school: int | None = None) -> Facades:
        with set_now(self.clock.moment):
            return self.town.ctx(school, self.secrets)

    @override
    async def receive(self, headers: dict[str, str], body: bytes) -> int:
        """Go the way of the door: without a school, then with the one that was found."""
        request = WebhookRequest(body=body, headers=headers)
        answer = await webhooks.stripe(self.ctx(), request)
        if isinstance(answer, ForSchool):
            if answer.school_id != self.school:
                return 503
            answer = await webhooks.stripe(self.ctx(self.school), request)
            assert isinstance(answer, WebhookReply)
            assert answer.status != 200 or answer.then == "payments.work"
        assert isinstance(answer, WebhookReply)
        return answer.status

    @override
    async def settle(self) -> None:
        with set_now(self.clock.moment):
            await settle(self.school, "payments")
            async with self.ctx(self.school).db.read() as tx:
                unplaced = await unplaced_lines(tx)
            for order, line, reason in unplaced:
                await hear(self.cashier, order, line, reason)
        await self._read()

    async def _read(self) -> None:
        books = self.books
        rows = await self._rows("select * from core.sale where school_id = $1")
        books.books = {row["order_ref"]: _position(row) for row in rows}
        grants = await self._rows(
            "select e.*, exists (select from core.entitlement_pause p where p.school_id = $1 "
            "and p.entitlement_id = e.id and p.kind = 'dispute' and p.ends is null) as rests "
            "from core.entitlement e where school_id = $1 and source = 'order'"
        )
        books.granted.clear()
        books.granted.update(row["source_ref"] for row in grants)
        now = self.clock.moment
        books.ended = {
            row["source_ref"] for row in grants if row["revoked_at"] and row["revoked_at"] <= now
        }
        waiting = await self._rows(
            "select * from core.plugin_wish where school_id = $1 and state <> 'done'"
        )
        assert not [row for row in waiting if row["state"] == "pending"], waiting
        books.refused = [(row["kind"], row["ref"], row["reason"]) for row in waiting]
        rests = {row["source_ref"] for row in grants if row["rests"]}
        assert rests == {ref for ref, one in books.books.items() if one.dispute}

    async def _rows(self, sql: str) -> list[dict[str, Any]]:
        return [dict(row) for row in await self.town.owner.fetch(sql, self.school)]

    @override
    async def sales(self) -> list[Sale]:
        return [*reversed(await self.desk.store.listed(limit=1_000))]

    @override
    async def subscriptions(self) -> list[Subscription]:
        async with self.ctx(self.school).db.read() as tx:
            return [subscription_of(row) for row in await tx.fetch(SUBSCRIPTION)]


def secrets_of(fake: Fake) -> dict[str, str]:
    """Return what the operator has set."""
    return {
        "stripe_key": "sk_test_fake",
        "stripe_webhook": "whsec_old whsec_new",
        "stripe_address": fake.url,
    }


def _position(row: dict[str, Any]) -> Position:
    return Position(
        amount=row["amount_minor"],
        left=Split(row["vendor_left"], row["commission_left"], row["tax_left"]),
        refunded=row["refunded_minor"],
        returned=row["returned_minor"],
        absorbed=row["absorbed_minor"],
        held=row["held_minor"],
        charged=row["charged_minor"],
        dispute=row["dispute_ref"],
    )


@asynccontextmanager
async def make_pg_bed(town: Town, fake: Fake) -> AsyncIterator[PgBed]:
    """Set a school up with the plugin's tables, and a door for the fake's messages."""
    fake.act("reset")
    account_at("sk_test_fake", fake.url)[1].forget()
    time = TestClock()
    with set_now(time.moment):
        school = await town.factory.school()
        ctx = town.ctx(school, secrets_of(fake))
        desk = await cashier_for(ctx)
        assert "cash" in desk.providers
    cashier = Desk(
        store=desk.store, providers=desk.providers, clock=time, zone=desk.zone, code=desk.code
    )
    bed = PgBed(town, school, fake, cashier, time)
    async with opened(bed):
        yield bed
