"""A parent buys: every way in which the news of it can travel."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from kundelik_payments.domain.balance import owed
from kundelik_payments.domain.refused import Refused
from kundelik_payments.providers.spi import Busy, Declined, Unclear
from kundelik_payments.service import intake

from tests.fake_stripe.bed import Bed


async def test_a_purchase_grants_once_and_writes_a_receipt(bed: Bed) -> None:
    sale, _ = await bed.paid(99_000, 50_000)
    assert (sale.order.state, sale.payments[0].state) == ("paid", "confirmed")
    assert (await bed.states(sale)) == ["active", "active"]
    assert [one.number for one in sale.receipts] == [f"R{bed.school}-2026-000001"]
    await bed.check_month()


async def test_the_return_page_and_the_message_at_once(bed: Bed) -> None:
    sale = await bed.order()
    session = await bed.start(sale.order.id)
    await bed.act("pay", session=session)
    await asyncio.gather(
        intake.returned(bed.cashier, sale.order.id),
        bed.deliver(),
        intake.returned(bed.cashier, sale.order.id),
    )
    assert (await bed.get(sale)).order.state == "paid"
    assert len((await bed.get(sale)).receipts) == 1
    await bed.check_month()


async def test_the_return_page_alone_believes_nothing(bed: Bed) -> None:
    sale = await bed.order()
    await bed.start(sale.order.id)
    await intake.returned(bed.cashier, sale.order.id)
    assert (await bed.get(sale)).order.state == "pending"
    assert (await bed.states(sale)) == ["none"]


@pytest.mark.parametrize(
    "how", [{"times": 3}, {"reverse": True}, {"reverse": True, "times": 2}], ids=str
)
async def test_messages_twice_and_backwards(bed: Bed, how: dict[str, Any]) -> None:
    sale = await bed.order()
    session = await bed.start(sale.order.id)
    await bed.act("pay", session=session)
    await bed.act("refund_outside", of=session, amount=10_000)
    assert {status for _, status in await bed.deliver(**how)} == {200}
    await intake.work(bed.cashier)
    after = await bed.get(sale)
    assert after.order.state == "paid"
    assert [one.state for one in after.refunds] == ["external"]
    await bed.check_month()


async def test_late_messages(bed: Bed) -> None:
    sale = await bed.order()
    await bed.act("pay", session=await bed.start(sale.order.id))
    await bed.advance(days=3)
    await bed.deliver()
    after = await bed.get(sale)
    assert after.order.state == "paid"
    await bed.check_month()


async def test_lost_messages_are_found_by_the_reconciliation(bed: Bed) -> None:
    sale = await bed.order()
    await bed.act("pay", session=await bed.start(sale.order.id))
    await bed.deliver(lose=["*"])
    assert (await bed.get(sale)).order.state == "pending"
    assert (await bed.reconcile()).failures == ()
    assert (await bed.get(sale)).order.state == "paid"
    await bed.reconcile()
    await bed.check_month()


async def test_an_answer_that_is_lost_for_a_moment_is_not_noticed(bed: Bed) -> None:
    bed.fake.fault("lost_answer", "/v1/checkout/sessions")
    sale = await bed.order()
    await bed.start(sale.order.id)
    assert len(bed.fake.objects("checkout.session")) == 1


@pytest.mark.parametrize("kind", ["lost_answer", "hang_up"])
async def test_an_answer_that_stays_away_leaves_one_page_at_most(bed: Bed, kind: str) -> None:
    sale = await bed.order()
    bed.fake.fault(kind, "/v1/checkout/sessions", times=3)
    with pytest.raises(Unclear):
        await bed.start(sale.order.id)
    assert (await bed.get(sale)).payments[0].state == "created"
    session = await bed.start(sale.order.id)
    assert [one["id"] for one in bed.fake.objects("checkout.session")] == [session]
    assert len((await bed.get(sale)).payments) == 1


async def test_paid_although_the_answer_never_came(bed: Bed) -> None:
    """The session is found by what was said of it, not by an id that we never heard."""
    sale = await bed.order()
    bed.fake.fault("lost_answer", "/v1/checkout/sessions", times=3)
    with pytest.raises(Unclear):
        await bed.start(sale.order.id)
    (session,) = bed.fake.objects("checkout.session")
    await bed.act("pay", session=session["id"])
    await bed.deliver()
    assert (await bed.get(sale)).order.state == "paid"
    await bed.check_month()


@pytest.mark.parametrize("kind", ["500_kept", "500_done"])
async def test_a_failure_that_is_kept_under_its_key_is_passed_with_a_new_one(
    bed: Bed, kind: str
) -> None:
    sale = await bed.order()
    bed.fake.fault(kind, "/v1/checkout/sessions", times=1)
    with pytest.raises(Unclear):
        await bed.start(sale.order.id)
    assert (await bed.get(sale)).payments[0].attempt == 2
    await bed.start(sale.order.id)
    assert len(bed.fake.objects("checkout.session")) == 1


@pytest.mark.parametrize(
    ("kind", "times", "error", "state"),
    [
        ("402", 1, Declined, "failed"),
        ("409", 3, Busy, "created"),
        ("429", 1, Busy, "created"),
        ("500", 3, Unclear, "created"),
    ],
)
async def test_what_stripe_may_answer(
    bed: Bed, kind: str, times: int, error: type[Exception], state: str
) -> None:
    sale = await bed.order()
    bed.fake.fault(kind, "/v1/checkout/sessions", times=times)
    with pytest.raises(error):
        await bed.start(sale.order.id)
    assert (await bed.get(sale)).payments[0].state == state
    await bed.act("pay", session=await bed.start(sale.order.id))
    await bed.deliver()
    assert (await bed.get(sale)).order.state == "paid"
    await bed.check_month()


async def test_two_clicks_are_one_page_in_any_language(bed: Bed) -> None:
    sale = await bed.order()
    first = await bed.start(sale.order.id)
    assert await bed.start(sale.order.id, locale="ru") == first
    assert len((await bed.get(sale)).payments) == 1


async def test_the_same_key_with_other_words_is_refused_by_the_fake(bed: Bed) -> None:
    """As Stripe does: a call whose words changed finds what the first one made."""
    sale = await bed.order()
    bed.fake.fault("lost_answer", "/v1/checkout/sessions", times=3)
    with pytest.raises(Unclear):
        await bed.start(sale.order.id)
    await bed.start(sale.order.id, locale="ru")
    assert len(bed.fake.objects("checkout.session")) == 1


async def test_a_card_that_is_refused_does_not_end_the_attempt(bed: Bed) -> None:
    sale = await bed.order()
    session = await bed.start(sale.order.id)
    await bed.act("refuse_card", session=session)
    await bed.deliver()
    assert (await bed.get(sale)).payments[0].state == "pending"
    await bed.act("pay", session=session)
    await bed.deliver()
    assert (await bed.get(sale)).order.state == "paid"


@pytest.mark.parametrize(
    ("ok", "order", "payment"), [(True, "paid", "confirmed"), (False, "pending", "failed")]
)
async def test_slow_money(bed: Bed, ok: bool, order: str, payment: str) -> None:
    sale = await bed.order()
    session = await bed.start(sale.order.id)
    await bed.act("pay", session=session, slow=True)
    await bed.deliver()
    assert (await bed.get(sale)).order.state == "pending"
    assert (await bed.states(sale)) == ["none"]
    await bed.act("settle", session=session, ok=ok)
    await bed.deliver()
    after = await bed.get(sale)
    assert (after.order.state, after.payments[0].state) == (order, payment)
    await bed.check_month()


async def test_an_expired_page_that_is_paid_late_is_served(bed: Bed) -> None:
    sale = await bed.order(hold=timedelta(minutes=30))
    session = await bed.start(sale.order.id)
    await bed.advance(hours=1)
    await bed.deliver()
    await bed.reconcile()
    assert (await bed.get(sale)).order.state == "expired"
    assert (await bed.get(sale)).payments[0].state == "canceled"
    await bed.act("pay", session=session, late=True)
    await bed.deliver()
    after = await bed.get(sale)
    assert (after.order.state, after.payments[0].state) == ("paid", "confirmed")
    await bed.check_month()


async def test_money_for_an_order_of_long_ago_is_owed(bed: Bed) -> None:
    sale = await bed.order(hold=timedelta(minutes=30))
    session = await bed.start(sale.order.id)
    await bed.advance(days=20)
    await bed.deliver()
    await bed.reconcile()
    await bed.act("pay", session=session, late=True)
    await bed.deliver()
    after = await bed.get(sale)
    assert (after.order.state, owed(after)) == ("expired", 99_000)
    assert (await bed.states(after)) == ["none"]
    await bed.check_month()


async def test_a_message_before_the_answer(bed: Bed) -> None:
    await bed.act("setup", deliver_before_answer=True)
    sale = await bed.order()
    await bed.act("pay", session=await bed.start(sale.order.id))
    await intake.returned(bed.cashier, sale.order.id)
    await bed.deliver()
    assert (await bed.get(sale)).order.state == "paid"
    await bed.check_month()


async def test_forged_and_old_messages_are_turned_away(bed: Bed) -> None:
    sale = await bed.order()
    await bed.act("pay", session=await bed.start(sale.order.id))
    await bed.act("setup", secrets=["whsec_stranger"])
    assert {status for _, status in await bed.deliver()} == {400}
    await bed.act("setup", secrets=["whsec_old"])
    await bed.act("clock", seconds=301)
    assert {status for _, status in await bed.deliver()} == {400}
    await bed.act("clock", seconds=-602)
    assert {status for _, status in await bed.deliver()} == {400}
    await bed.act("clock", seconds=301)
    assert {status for _, status in await bed.deliver()} == {200}
    assert (await bed.get(sale)).order.state == "paid"


@pytest.mark.parametrize("hold", [timedelta(minutes=1), timedelta(days=5)])
async def test_a_page_has_stripes_bounds_whatever_the_order_has(bed: Bed, hold: timedelta) -> None:
    sale = await bed.order(hold=hold)
    session = await bed.start(sale.order.id)
    assert bed.fake.state()["objects"][session]["status"] == "open"


async def test_a_message_about_nothing_of_ours_is_worked_off(bed: Bed) -> None:
    await bed.act("vendor", account="acct_stranger", ready=True)
    await bed.deliver()
    assert await bed.store.waiting(9, bed.clock.now()) == []


async def test_a_message_that_cannot_be_worked_on_rests_ever_longer(bed: Bed) -> None:
    sale = await bed.order()
    await bed.act("pay", session=await bed.start(sale.order.id))
    bed.fake.fault("hang_up", "/v1/checkout/sessions/", times=99, method="GET")
    await bed.deliver(only=["checkout.session.completed"])
    for _ in range(5):
        await intake.work(bed.cashier)
    assert await bed.store.waiting(9, bed.clock.now()) == []
    await bed.act("setup", faults=[])
    await bed.advance(hours=7)
    await intake.work(bed.cashier)
    assert (await bed.get(sale)).order.state == "paid"


async def test_too_little_for_a_provider_is_refused_here(bed: Bed) -> None:
    sale = await bed.order(1_000)
    with pytest.raises(Refused):
        await bed.start(sale.order.id)
    assert bed.fake.state()["seen"] == []


async def test_a_free_order_needs_no_payment_and_is_no_money(bed: Bed) -> None:
    sale = await bed.order(0)
    assert sale.order.state == "paid"
    assert (await bed.states(sale)) == ["none"]
