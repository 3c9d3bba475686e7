"""Whatever families, banks, a bad line and lost messages do: no tiyn is made and none is lost.

The plugin stands at its own tables, the core at its own, and both are asked after every step.
"""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from functools import partial
from typing import Any
from uuid import UUID

from hypothesis import HealthCheck, given
from hypothesis import strategies as st
from kundelik_payments.domain import desk, refunding
from kundelik_payments.domain.balance import held, refundable, to_pay
from kundelik_payments.domain.model import Sale
from kundelik_payments.domain.ordering import cancel
from kundelik_payments.domain.refused import Refused
from kundelik_payments.domain.unused import unused
from kundelik_payments.providers.spi import ProviderError
from kundelik_payments.service import checkout, giving, intake
from kundelik_payments.service.giving import inert_lines

from tests.depth import looks
from tests.fake_stripe.remote import Fake
from tests.integration.payments.till import PgBed, Town, make_pg_bed

FAULTS = ("402", "409", "429", "500", "500_kept", "500_done", "lost_answer", "hang_up")
PATHS = ("/v1/checkout/sessions", "/v1/refunds")

STEPS = st.one_of(
    st.tuples(st.just("order"), st.sampled_from([(99_000,), (40_000, 59_000), (31_000,) * 3])),
    st.tuples(st.just("go"), st.integers(0, 2)),
    st.tuples(st.just("pay"), st.integers(0, 2), st.booleans()),
    st.tuples(st.just("back"), st.integers(0, 2)),
    st.tuples(st.just("deliver"), st.sampled_from(["well", "twice", "backwards", "lose", "early"])),
    st.tuples(st.just("fault"), st.sampled_from(FAULTS), st.sampled_from(PATHS)),
    st.tuples(st.just("refund"), st.integers(0, 2), st.integers(1, 3)),
    st.tuples(st.just("refunds at once"), st.integers(0, 2)),
    st.tuples(st.just("refund outside"), st.integers(0, 2), st.integers(1, 3)),
    st.tuples(st.just("decide"), st.integers(0, 2), st.booleans()),
    st.tuples(st.just("dispute"), st.integers(0, 2)),
    st.tuples(st.just("close"), st.integers(0, 2), st.sampled_from(["won", "lost"])),
    st.tuples(st.just("cancel"), st.integers(0, 2)),
    st.tuples(st.just("leave"), st.integers(0, 2), st.integers(0, 20)),
    st.tuples(st.just("ask back"), st.integers(0, 2)),
    st.tuples(st.just("refund ends"), st.integers(0, 2), st.booleans()),
    st.tuples(st.just("cash"), st.integers(0, 2)),
    st.tuples(st.just("hand over"), st.integers(0, 2)),
    st.tuples(st.just("time"), st.sampled_from([1, 3, 26])),
)


def decided(number: int, parts: dict[int, int], sale: Sale, now: datetime) -> Sale:
    """Say what a refund from outside was for."""
    return refunding.decide(sale, number, parts, now)


def handed(number: int, sale: Sale, now: datetime) -> Sale:
    """Say that cash was handed over."""
    return desk.handed_over(sale, number, None, now)


class Story:
    """One school, some orders, and what became of them."""

    def __init__(self, bed: PgBed) -> None:
        self.bed = bed
        self.orders: list[UUID] = []
        self.pages: dict[UUID, str] = {}
        self.disputes: list[str] = []

    def pick(self, number: int) -> UUID | None:
        return self.orders[number % len(self.orders)] if self.orders else None

    async def do(self, step: tuple[Any, ...]) -> None:
        """Take a step; what is refused, and what a provider fails at, is part of the story."""
        name, *rest = step
        act: Callable[..., Awaitable[None]] = getattr(self, name.replace(" ", "_"))
        try:
            await act(*rest)
        except (Refused, ProviderError):
            pass
        except AssertionError as error:
            # The fake's people cannot do it either: a page that is paid, a charge that is gone.
            if "ApiError" not in str(error) and "ValueError" not in str(error):
                raise

    async def order(self, prices: tuple[int, ...]) -> None:
        if len(self.orders) < 3:
            self.orders.append((await self.bed.order(*prices)).order.id)

    async def go(self, number: int) -> None:
        if order := self.pick(number):
            self.pages[order] = await self.bed.start(order)

    async def pay(self, number: int, late: bool) -> None:
        page = self.pages.get(self.pick(number) or UUID(int=0))
        if page and self.bed.fake.state()["objects"][page]["status"] != "complete":
            await self.bed.act("pay", session=page, late=late)

    async def back(self, number: int) -> None:
        if order := self.pick(number):
            await intake.returned(self.bed.cashier, order)

    async def deliver(self, how: str) -> None:
        hows: dict[str, dict[str, Any]] = {
            "twice": {"times": 2},
            "backwards": {"reverse": True},
            "lose": {"lose": ["*"]},
        }
        if how == "early":
            await self.bed.act("setup", deliver_before_answer=True)
        await self.bed.deliver(**hows.get(how, {}))

    async def fault(self, kind: str, path: str) -> None:
        self.bed.fake.fault(kind, path, times=3 if kind in {"lost_answer", "hang_up"} else 1)

    async def refund(self, number: int, share: int) -> None:
        if order := self.pick(number):
            sale = await self.bed.cashier.get(order)
            line = sale.order.lines[share % len(sale.order.lines)]
            parts = {line.number: line.price_minor // share}
            made = await checkout.ask_refund(self.bed.cashier, order, 1, parts)
            await checkout.send_refund(self.bed.cashier, order, made.number)

    async def refunds_at_once(self, number: int) -> None:
        await asyncio.gather(*(self.do(("refund", number, 2)) for _ in range(3)))

    async def refund_outside(self, number: int, share: int) -> None:
        order = self.pick(number)
        if order in self.pages:
            sale = await self.bed.cashier.get(order)
            left = max((refundable(sale, one) for one in sale.payments), default=0)
            if left >= share:
                page = self.pages[order]
                await self.bed.act("refund_outside", of=page, amount=left // share)

    async def decide(self, number: int, gift: bool) -> None:
        if order := self.pick(number):
            sale = await self.bed.cashier.get(order)
            for one in sale.refunds:
                if one.state == "external":
                    most = min(one.amount_minor, sale.order.lines[0].price_minor)
                    parts = {} if gift else {1: most}
                    await self.bed.cashier.step(order, partial(decided, one.number, parts))

    async def dispute(self, number: int) -> None:
        order = self.pick(number)
        paid = self._charge(self.pages.get(order)) if order else None
        if paid and not paid["amount_refunded"] and not paid["disputed"]:
            made = await self.bed.act("dispute", of=paid["id"])
            self.disputes.append(made["id"])

    def _charge(self, page: str | None) -> dict[str, Any] | None:
        """Return what was paid on a page of Stripe."""
        objects = self.bed.fake.state()["objects"]
        intent = objects[page]["payment_intent"] if page else None
        charge: str | None = objects[intent]["latest_charge"] if intent else None
        return objects[charge] if charge else None

    async def close(self, number: int, verdict: str) -> None:
        if self.disputes:
            dispute = self.disputes.pop(number % len(self.disputes))
            await self.bed.act("close_dispute", dispute=dispute, status=verdict)

    async def cancel(self, number: int) -> None:
        if order := self.pick(number):
            await self.bed.cashier.step(order, cancel)

    async def leave(self, number: int, days: int) -> None:
        """Let the children of an order leave, some days from now or before."""
        if order := self.pick(number):
            last = (self.bed.clock.moment - timedelta(days=10)).date() + timedelta(days=days)
            for line in (await self.bed.cashier.get(order)).order.lines:
                await self.bed.town.owner.execute(
                    "update core.membership set to_date = greatest($3, from_date) "
                    "where school_id = $1 and person_id = $2",
                    self.bed.school, line.student, last,
                )  # fmt: skip

    async def ask_back(self, number: int) -> None:
        if order := self.pick(number):
            sale = await self.bed.cashier.get(order)
            async with self.bed.ctx(self.bed.school).db.read() as tx:
                inert = (await inert_lines(tx, [sale])).get(order, {})
            made = await giving.ask_unused(self.bed.cashier, order, inert)
            kept = {one.line: one.amount_minor for one in unused(sale, inert, self.bed.clock.now())}
            assert sum(one.amount_minor for one in made) == sum(kept.values())
            for one in made:
                await checkout.send_refund(self.bed.cashier, order, one.number)

    async def refund_ends(self, number: int, well: bool) -> None:
        """Let a refund be pending from now on, or end one that seemed done: it fails after all."""
        await self.bed.act("setup", refunds_pending=well)
        made = [one for one in self.bed.fake.objects("refund") if one["status"] != "failed"]
        if made:
            refund = made[number % len(made)]
            status = "succeeded" if well else "failed"
            if not (well and refund["status"] == "succeeded"):
                await self.bed.act("end_refund", refund=refund["id"], status=status)

    async def cash(self, number: int) -> None:
        if order := self.pick(number):
            amount = to_pay(await self.bed.cashier.get(order))
            await self.bed.cashier.step(
                order, lambda sale, now: desk.take_cash(sale, amount, None, now)
            )

    async def hand_over(self, number: int) -> None:
        """Hand over what waits at the desk, and what is owed."""
        if order := self.pick(number):
            for one in (await self.bed.cashier.get(order)).refunds:
                await self.bed.cashier.step(order, partial(handed, one.number))
            await self.bed.cashier.step(
                order, lambda sale, now: desk.paid_out_by_hand(sale, None, now)
            )

    async def time(self, hours: int) -> None:
        await self.bed.advance(hours=hours)

    async def end(self) -> None:
        """Let everything come to rest: no more faults, messages through, a look at the accounts."""
        await self.bed.act("setup", faults=[], deliver_before_answer=False)
        await self.bed.deliver()
        await self.bed.advance(hours=7)
        await self.bed.reconcile()
        await self.bed.deliver()
        await self.bed.advance(hours=7)
        await self.bed.reconcile()

    async def till(self) -> int:
        """Return what was put into the till, less what was taken out of it."""
        total = 0
        for sale in await self.bed.sales():
            for act in sale.acts:
                total += act.amount_minor if act.kind == "cash" else -act.amount_minor
        return total

    def bank(self) -> int:
        """Return what Stripe has of our money, without asking the plugin."""
        total = 0
        objects = self.bed.fake.state()["objects"].values()
        disputes = {o["charge"]: o for o in objects if o["object"] == "dispute"}
        for one in objects:
            if one["object"] == "charge":
                left = one["amount"] - one["amount_refunded"]
                dispute = disputes.get(one["id"])
                taken = dispute is not None and dispute["status"] != "won"
                total += 0 if taken else left
        return total


@looks(
    30,
    report_multiple_bugs=False,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
@given(steps=st.lists(STEPS, min_size=4, max_size=16), bought=st.sampled_from([True, True, False]))
async def test_no_tiyn_is_made_or_lost(
    steps: list[tuple[Any, ...]],
    bought: bool,
    payments: Town,
    fake_stripe: Fake,
) -> None:
    begin = [("order", (99_000,)), ("go", 0), ("pay", 0, False), ("deliver", "well")]

    async with make_pg_bed(payments, fake_stripe) as bed:
        told = Story(bed)
        for step in [*(begin if bought else []), *steps]:
            await told.do(step)
            await bed.check_month()
        await told.end()
        await bed.check_month()
        there = told.bank() + await told.till()
        waiting = [
            one for sale in await bed.sales() for one in sale.refunds if one.state == "transit"
        ]
        # What waits to be handed over has left the books, and not yet the till.
        there -= sum(
            one.amount_minor for one in waiting if (one.reference or "").startswith("cash-")
        )
        assert sum(held(one) for one in await bed.sales()) == there
