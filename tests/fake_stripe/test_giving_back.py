"""Money goes back, is taken back, and comes back."""

import asyncio

import pytest
from kundelik_payments.domain import refunding
from kundelik_payments.domain.balance import held, owed, short
from kundelik_payments.domain.ordering import cancel
from kundelik_payments.domain.refused import Refused
from kundelik_payments.providers.spi import Declined, Unclear
from kundelik_payments.service import checkout

from tests.fake_stripe.bed import Bed


async def test_a_full_refund_ends_access_and_is_written_down(bed: Bed) -> None:
    sale, _ = await bed.paid(99_000)
    refund = await checkout.ask_refund(bed.cashier, sale.order.id, 1, {1: 99_000})
    after = await checkout.send_refund(bed.cashier, sale.order.id, refund.number)
    assert (after.payments[0].state, after.refunds[0].state) == ("refunded", "done")
    assert (await bed.states(after)) == ["revoked"]
    assert [one.number for one in after.receipts] == [
        f"R{bed.school}-2026-000001",
        f"C{bed.school}-2026-000001",
    ]
    assert after.receipts[1].cancels == f"R{bed.school}-2026-000001"
    await bed.deliver(times=2)
    await bed.reconcile()
    assert (await bed.get(sale)).refunds == after.refunds
    await bed.check_month()


async def test_a_part_shortens_access(bed: Bed) -> None:
    sale, _ = await bed.paid(90_000)
    refund = await checkout.ask_refund(bed.cashier, sale.order.id, 1, {1: 30_000})
    await checkout.send_refund(bed.cashier, sale.order.id, refund.number)
    assert await bed.kept(sale) == [(60_000, 90_000)]
    assert (await bed.states(sale)) == ["active"]
    await bed.check_month()


async def test_parts_in_parallel_never_exceed_the_whole(bed: Bed) -> None:
    sale, _ = await bed.paid(90_000)
    asked = await asyncio.gather(
        *(checkout.ask_refund(bed.cashier, sale.order.id, 1, {1: 30_000}) for _ in range(5)),
        return_exceptions=True,
    )
    made = [one for one in asked if not isinstance(one, BaseException)]
    assert len(made) == 3
    assert all(isinstance(one, Refused) for one in asked if isinstance(one, BaseException))
    sends = (
        checkout.send_refund(bed.cashier, sale.order.id, one.number) for one in made for _ in "ab"
    )
    await asyncio.gather(*sends)
    assert sorted(one["amount"] for one in bed.fake.objects("refund")) == [30_000] * 3
    assert held(await bed.get(sale)) == 0
    await bed.deliver(reverse=True)
    await bed.check_month()


@pytest.mark.parametrize("days", [0, 2])
@pytest.mark.parametrize("kind", ["lost_answer", "hang_up", "500_kept", "500_done"])
async def test_a_refund_of_which_nobody_knows_is_given_once(bed: Bed, kind: str, days: int) -> None:
    sale, _ = await bed.paid(90_000)
    refund = await checkout.ask_refund(bed.cashier, sale.order.id, 1, {1: 90_000})
    bed.fake.fault(kind, "/v1/refunds", times=3 if "500" not in kind else 1)
    with pytest.raises(Unclear):
        await checkout.send_refund(bed.cashier, sale.order.id, refund.number)
    # Keys are forgotten after a day: then it has to be looked for, or it would be given twice.
    await bed.advance(days=days)
    await checkout.send_refund(bed.cashier, sale.order.id, refund.number)
    await bed.deliver()
    after = await bed.get(sale)
    assert [one.state for one in after.refunds] == ["done"]
    assert len(bed.fake.objects("refund")) == 1
    await bed.check_month()


async def test_a_message_before_the_answer_is_our_own_refund(bed: Bed) -> None:
    sale, _ = await bed.paid(90_000)
    refund = await checkout.ask_refund(bed.cashier, sale.order.id, 1, {1: 40_000})
    await bed.act("setup", deliver_before_answer=True)
    await checkout.send_refund(bed.cashier, sale.order.id, refund.number)
    await bed.deliver()
    assert [one.state for one in (await bed.get(sale)).refunds] == ["done"]
    await bed.check_month()


async def test_a_refund_that_stripe_refuses_changes_nothing(bed: Bed) -> None:
    sale, session = await bed.paid(90_000)
    refund = await checkout.ask_refund(bed.cashier, sale.order.id, 1, {1: 90_000})
    await bed.act("refund_outside", of=session, amount=90_000)
    with pytest.raises(Declined):
        await checkout.send_refund(bed.cashier, sale.order.id, refund.number)
    after = await bed.get(sale)
    assert after.refunds[0].state == "failed"
    assert (await bed.states(sale)) == ["active"]
    await bed.check_month()


async def test_a_refund_that_fails_later_is_owed(bed: Bed) -> None:
    await bed.act("setup", refunds_pending=True)
    sale, _ = await bed.paid(90_000)
    refund = await checkout.ask_refund(bed.cashier, sale.order.id, 1, {1: 90_000})
    after = await checkout.send_refund(bed.cashier, sale.order.id, refund.number)
    assert after.refunds[0].state == "transit"
    (made,) = bed.fake.objects("refund")
    await bed.act("end_refund", refund=made["id"], status="succeeded")
    await bed.deliver()
    assert (await bed.get(sale)).refunds[0].state == "done"
    await bed.act("end_refund", refund=made["id"], status="failed")
    await bed.deliver()
    after = await bed.get(sale)
    assert (after.refunds[0].state, owed(after)) == ("failed", 90_000)
    await bed.check_month()
    again = await checkout.ask_refund(bed.cashier, sale.order.id, 1, {}, 90_000)
    await checkout.send_refund(bed.cashier, sale.order.id, again.number)
    assert owed(await bed.get(sale)) == 0
    await bed.check_month()


async def test_a_refund_from_outside_waits_for_a_person(bed: Bed) -> None:
    sale, session = await bed.paid(60_000, 40_000)
    await bed.act("refund_outside", of=session, amount=60_000)
    await bed.deliver(times=2)
    after = await bed.get(sale)
    assert [one.state for one in after.refunds] == ["external"]
    assert ((await bed.states(after)), short(after)) == (["active", "active"], 60_000)
    await bed.check_month()
    after = await bed.cashier.step(
        sale.order.id, lambda s, now: refunding.decide(s, 1, {1: 60_000}, now)
    )
    assert ((await bed.states(after)), short(after)) == (["revoked", "active"], 0)
    await bed.check_month()


async def test_a_refund_from_outside_may_be_a_present(bed: Bed) -> None:
    sale, session = await bed.paid(60_000)
    await bed.act("refund_outside", of=session, amount=60_000)
    await bed.deliver()
    after = await bed.cashier.step(sale.order.id, lambda s, now: refunding.decide(s, 1, {}, now))
    assert ((await bed.states(after)), short(after), owed(after)) == (["active"], 0, 0)
    await bed.check_month()


async def test_a_cancelled_order_owes_what_was_paid(bed: Bed) -> None:
    sale, _ = await bed.paid(60_000)
    after = await bed.cashier.step(sale.order.id, cancel)
    assert (after.order.state, owed(after)) == ("cancelled", 60_000)
    assert (await bed.states(after)) == ["revoked"]
    refund = await checkout.ask_refund(bed.cashier, sale.order.id, 1, {}, 60_000)
    after = await checkout.send_refund(bed.cashier, sale.order.id, refund.number)
    assert (owed(after), held(after)) == (0, 0)
    await bed.check_month()


@pytest.mark.parametrize(
    ("verdict", "access", "money"), [("won", "active", 60_000), ("lost", "revoked", 0)]
)
async def test_a_dispute_rests_access_until_it_is_decided(
    bed: Bed, verdict: str, access: str, money: int
) -> None:
    sale, session = await bed.paid(60_000)
    made = await bed.act("dispute", of=session)
    await bed.deliver(times=2)
    after = await bed.get(sale)
    assert ((await bed.states(after)), held(after)) == (["suspended"], 0)
    with pytest.raises(Refused):
        await checkout.ask_refund(bed.cashier, sale.order.id, 1, {1: 60_000})
    await bed.act("close_dispute", dispute=made["id"], status=verdict)
    await bed.deliver()
    after = await bed.get(sale)
    assert ((await bed.states(after)), held(after)) == ([access], money)
    await bed.check_month()


async def test_a_dispute_told_backwards(bed: Bed) -> None:
    sale, session = await bed.paid(60_000)
    made = await bed.act("dispute", of=session)
    await bed.act("close_dispute", dispute=made["id"], status="lost")
    await bed.deliver(reverse=True, times=2)
    assert (await bed.states(sale)) == ["revoked"]
    await bed.check_month()


async def test_an_inquiry_moves_nothing(bed: Bed) -> None:
    sale, session = await bed.paid(60_000)
    await bed.act("dispute", of=session, inquiry=True)
    await bed.deliver()
    after = await bed.get(sale)
    assert ((await bed.states(after)), held(after)) == (["active"], 60_000)
    await bed.check_month()


async def test_a_lost_dispute_whose_messages_were_lost(bed: Bed) -> None:
    sale, session = await bed.paid(60_000)
    made = await bed.act("dispute", of=session)
    await bed.act("close_dispute", dispute=made["id"], status="lost")
    await bed.deliver(lose=["*"])
    await bed.reconcile()
    assert (await bed.states(sale)) == ["revoked"]
    await bed.check_month()
