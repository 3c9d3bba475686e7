"""A message costs one call of Stripe, which counts them, wherever one call can tell all."""

from kundelik_payments.domain.model import RefundState

from tests.fake_stripe.bed import Bed


def _asked(bed: Bed) -> list[str]:
    """Return what was fetched, without what was asked for."""
    return [one["path"].split("?")[0] for one in bed.fake.state()["seen"] if one["method"] == "GET"]


async def test_what_tells_of_money_is_one_call_each(bed: Bed) -> None:
    sale, session = await bed.paid(99_000)
    await bed.act("refund_outside", of=session, amount=1_000)
    objects = bed.fake.state()["objects"].values()
    (charge,) = [one["id"] for one in objects if one["object"] == "charge"]
    stripe = bed.cashier.providers.get("stripe")
    before = len(_asked(bed))
    told = await stripe.look("checkout.session.completed", session)
    assert [type(one).__name__ for one in told] == ["PaymentFact", "RefundFact"]
    assert await stripe.look("charge.refunded", charge) == told[1:]
    assert _asked(bed)[before:] == [f"/v1/checkout/sessions/{session}", f"/v1/charges/{charge}"]
    assert sale.payments[0].state == "confirmed"


async def test_refunds_come_along_and_the_eleventh_is_asked_for(bed: Bed) -> None:
    sale, session = await bed.paid(99_000)
    for _ in range(11):
        await bed.act("refund_outside", of=session, amount=1_000)
    # The messages are lost; whoever looks at the page sees them all the same.
    found = await bed.cashier.providers.get("stripe").poll(session)
    assert len(found) == 12
    await bed.deliver()
    after = await bed.get(sale)
    assert [one.state for one in after.refunds] == [RefundState.EXTERNAL] * 11
