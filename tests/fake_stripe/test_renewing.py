"""A subscription that the payer chose: it renews, is paused, ends; vendors get their shares."""

from dataclasses import replace
from datetime import timedelta
from typing import cast

import pytest
from kundelik_payments.domain.subscribing import GRACE, Subscription, reminder_due
from kundelik_payments.providers.spi import Declined, Outcome, TransferRequest
from kundelik_payments.providers.stripe.provider import StripeProvider
from kundelik_payments.service import checkout

from tests.fake_stripe.bed import BACK, Bed


async def subscription(bed: Bed) -> Subscription:
    (found,) = await bed.subscriptions()
    return found


def provider(bed: Bed) -> StripeProvider:
    return cast(StripeProvider, bed.cashier.providers.get("stripe"))


async def orders(bed: Bed) -> list[str]:
    return [one.order.state.value for one in await bed.sales()]


@pytest.mark.parametrize("reverse", [False, True])
async def test_the_first_period_is_one_order(bed: Bed, reverse: bool) -> None:
    sale = await bed.order(99_000, renews=True)
    await bed.act("pay", session=await bed.start(sale.order.id))
    await bed.deliver(reverse=reverse)
    await bed.deliver()
    assert await orders(bed) == ["paid"]
    assert (await bed.states(sale)) == ["active"]
    assert (await subscription(bed)).access_until == (await subscription(bed)).period_end + GRACE
    await bed.check_month()


async def test_a_renewal_is_a_further_order_and_made_once(bed: Bed) -> None:
    _sale, _ = await bed.paid(99_000, renews=True)
    before = (await subscription(bed)).period_end
    await bed.advance(days=30)
    await bed.act("renew", subscription=(await subscription(bed)).reference)
    await bed.deliver(times=2, reverse=True)
    await bed.reconcile()
    assert await orders(bed) == ["paid", "paid"]
    assert (await subscription(bed)).period_end == before + timedelta(days=30)
    await bed.check_month()
    assert len(await bed.granted()) == 2


async def test_a_renewal_that_is_not_paid_keeps_its_days_of_grace(bed: Bed) -> None:
    await bed.paid(99_000, renews=True)
    before = await subscription(bed)
    await bed.advance(days=30)
    await bed.act("renew", subscription=before.reference, ok=False)
    await bed.deliver()
    after = await subscription(bed)
    assert (after.state, after.period_end) == ("past_due", before.period_end)
    assert after.access_until == before.period_end + GRACE
    assert await orders(bed) == ["paid"]


async def test_ending_it_keeps_what_is_paid(bed: Bed) -> None:
    await bed.paid(99_000, renews=True)
    known = await subscription(bed)
    fact = await provider(bed).end_renewal(known.reference, "end-1")
    assert fact.cancel_at_period_end
    await bed.deliver()
    after = await subscription(bed)
    assert (after.ends, after.access_until) == (True, known.period_end)
    assert not reminder_due(after, known.period_end - timedelta(days=1))
    await bed.act("renew", subscription=known.reference)
    await bed.deliver()
    assert (await subscription(bed)).state == "canceled"
    assert await orders(bed) == ["paid"]


async def test_a_reminder_comes_once_before_each_renewal(bed: Bed) -> None:
    await bed.paid(99_000, renews=True)
    known = await subscription(bed)
    assert not reminder_due(known, known.period_end - timedelta(days=8))
    assert reminder_due(known, known.period_end - timedelta(days=6))


async def test_a_summer_without_payments(bed: Bed) -> None:
    await bed.paid(99_000, renews=True)
    known = await subscription(bed)
    fact = await provider(bed).pause(known.reference, known.period_end, "pause-1")
    assert fact.state == "paused"
    fact = await provider(bed).pause(known.reference, None, "pause-2")
    assert fact.state == "active"


async def test_the_page_for_cards(bed: Bed) -> None:
    await bed.paid(99_000, renews=True)
    page = await provider(bed).portal((await subscription(bed)).reference, BACK)
    assert page.url.startswith(bed.fake.url)


async def test_a_renewed_period_can_be_given_back(bed: Bed) -> None:
    sale, _ = await bed.paid(99_000, renews=True)
    refund = await checkout.ask_refund(bed.cashier, sale.order.id, 1, {1: 99_000})
    after = await checkout.send_refund(bed.cashier, sale.order.id, refund.number)
    assert after.payments[0].state == "refunded"
    await bed.deliver()
    await bed.check_month()


def share(account: str, minor: int = 70_000) -> TransferRequest:
    return TransferRequest(
        reference="7-019a", amount_minor=minor, currency="KZT", destination=account,
        idempotency_key="payout-019a",
    )  # fmt: skip


async def test_a_vendor_gets_its_share_once_and_gives_it_back(bed: Bed) -> None:
    await bed.act("vendor", account="acct_vendor", ready=True)
    await bed.paid(100_000)
    bed.fake.fault("lost_answer", "/v1/transfers", times=1)
    made = await provider(bed).transfer(share("acct_vendor"))
    assert await provider(bed).transfer(share("acct_vendor")) == made
    assert len(bed.fake.objects("transfer")) == 1
    bed.fake.fault("lost_answer", f"/v1/transfers/{made.reference}/reversals", times=1)
    for minor, key, sofar in [
        (30_000, "b1", 30_000),
        (30_000, "b1", 30_000),
        (40_000, "b2", 70_000),
    ]:
        back = await provider(bed).take_back(made.reference, minor, key)
        assert (back.outcome, back.reversed_minor) == (Outcome.DONE, sofar)
    assert {status for _, status in await bed.deliver()} == {200}


async def test_a_share_is_handed_over_once_though_its_key_is_forgotten(bed: Bed) -> None:
    """Stripe knows a key for a day; a payout may be asked for again after a week."""
    await bed.act("vendor", account="acct_vendor", ready=True)
    await bed.paid(200_000)
    made = await provider(bed).transfer(share("acct_vendor"))
    again = replace(share("acct_vendor"), idempotency_key="another")
    assert await provider(bed).transfer(again) == made
    assert [one["amount"] for one in bed.fake.objects("transfer")] == [70_000]


async def test_no_more_is_handed_over_than_is_there(bed: Bed) -> None:
    await bed.act("vendor", account="acct_vendor", ready=True)
    await bed.paid(60_000)
    with pytest.raises(Declined):
        await provider(bed).transfer(share("acct_vendor"))


async def test_a_vendor_that_is_not_ready_gets_nothing(bed: Bed) -> None:
    await bed.act("vendor", account="acct_new", ready=False)
    await bed.act("payout", amount=100, status="failed")
    await bed.paid(100_000)
    with pytest.raises(Declined):
        await provider(bed).transfer(share("acct_new"))
