"""Money owed outlives a switch: what is off gives back, what is gone is handed over, once."""

from collections.abc import Collection
from dataclasses import replace
from uuid import uuid4

import pytest
from kundelik_payments.domain import desk, disputing
from kundelik_payments.domain.balance import owed, short
from kundelik_payments.domain.model import DisputeState, RefundState, Sale
from kundelik_payments.domain.refused import Refused
from kundelik_payments.domain.telling import twice
from kundelik_payments.providers.registry import Providers
from kundelik_payments.providers.spi import NotSetUp, Unclear
from kundelik_payments.service import checkout, reconciling
from kundelik_payments.service.cashier import Cashier

from tests.fake_stripe.bed import Bed

STAFF = uuid4()


def off(bed: Bed, names: Collection[str] = ("stripe",)) -> Cashier:
    """The same desk, where the school has switched the way to pay off."""
    return replace(bed.cashier, providers=Providers(bed.cashier.providers, names))


def gone(bed: Bed) -> Cashier:
    """The same desk, where nobody knows the way to pay any more."""
    return replace(bed.cashier, providers=Providers([]))


async def step_by_hand(cashier: Cashier, sale: Sale, number: int) -> Sale:
    return await cashier.step(
        sale.order.id, lambda s, now: desk.handed_instead(s, number, STAFF, now)
    )


def given_back(bed: Bed) -> int:
    return sum(one["amount"] for one in bed.fake.objects("refund"))


async def test_what_is_off_gives_back_and_begins_nothing(bed: Bed) -> None:
    sale, _ = await bed.paid(99_000)
    shut = off(bed)
    refund = await checkout.ask_refund(shut, sale.order.id, 1, {1: 99_000})
    after = await checkout.send_refund(shut, sale.order.id, refund.number)
    assert after.refunds[0].state is RefundState.DONE
    assert given_back(bed) == 99_000
    assert shut.providers.offered(99_000, "KZT") == []
    other = await bed.order(50_000)
    way = checkout.Way(return_url="https://d/", cancel_url="https://d/", locale="kk")
    with pytest.raises(NotSetUp):
        await checkout.start(shut, other.order.id, "stripe", way)
    await bed.check_month()


async def test_what_waits_is_sent_though_the_way_is_off_by_now(bed: Bed) -> None:
    sale, _ = await bed.paid(99_000)
    await checkout.ask_refund(bed.cashier, sale.order.id, 1, {1: 40_000})
    bed.fake.fault("lost_answer", "/v1/refunds", times=3)
    with pytest.raises(Unclear):
        await checkout.send_refund(bed.cashier, sale.order.id, 1)
    await reconciling.reconcile(off(bed), bed.clock.now())
    after = await bed.get(sale)
    assert after.refunds[0].state is RefundState.DONE
    assert given_back(bed) == 40_000


async def test_where_nothing_ever_came_by_it_nobody_asks(bed: Bed) -> None:
    seen = len(bed.fake.state()["seen"])
    await reconciling.reconcile(off(bed), bed.clock.now())
    assert len(bed.fake.state()["seen"]) == seen


async def test_what_came_by_a_way_that_is_gone_is_handed_over_once(bed: Bed) -> None:
    sale, _ = await bed.paid(99_000)
    left = gone(bed)
    with pytest.raises(Refused, match="way it was paid"):
        await checkout.ask_refund(left, sale.order.id, 1, {1: 60_000})
    after = await left.step(
        sale.order.id, lambda s, now: desk.given_in_cash(s, {1: 60_000}, STAFF, now)
    )
    assert [one.amount_minor for one in after.refunds] == [60_000]
    assert [(one.kind.value, one.amount_minor, one.staff_id) for one in after.acts] == [
        ("by_hand", 60_000, STAFF)
    ]
    with pytest.raises(Refused):
        await left.step(
            sale.order.id, lambda s, now: desk.given_in_cash(s, {1: 60_000}, STAFF, now)
        )
    # The way is back: nothing is sent once more.
    await bed.reconcile()
    assert given_back(bed) == 0
    await bed.check_month()


async def test_what_was_ordered_and_never_sent_is_handed_over_instead(bed: Bed) -> None:
    sale, _ = await bed.paid(99_000)
    await checkout.ask_refund(bed.cashier, sale.order.id, 1, {1: 99_000})
    await step_by_hand(gone(bed), sale, 1)
    after = await step_by_hand(gone(bed), sale, 1)
    assert len(after.acts) == 1
    assert owed(after) == short(after) == 0
    await checkout.send_refund(bed.cashier, sale.order.id, 1)
    await bed.reconcile()
    assert given_back(bed) == 0
    await bed.check_month()


async def test_what_the_service_gave_after_all_is_seen_by_a_person(bed: Bed) -> None:
    """Nobody knew; somebody looked, and looked wrongly. It is shown, and not lost."""
    sale, _ = await bed.paid(99_000)
    await checkout.ask_refund(bed.cashier, sale.order.id, 1, {1: 40_000})
    bed.fake.fault("lost_answer", "/v1/refunds", times=3)
    with pytest.raises(Unclear):
        await checkout.send_refund(bed.cashier, sale.order.id, 1)
    await step_by_hand(gone(bed), sale, 1)
    for _ in range(2):
        await bed.reconcile()
    after = await bed.get(sale)
    assert [(one.state, one.amount_minor) for one in after.refunds] == [
        (RefundState.DONE, 40_000), (RefundState.EXTERNAL, 40_000),
    ]  # fmt: skip
    assert short(after) == 40_000


@pytest.mark.parametrize("verdict", [DisputeState.LOST, DisputeState.WON])
@pytest.mark.parametrize("first", ["hand", "bank"])
async def test_what_a_bank_takes_beside_cash_is_a_loss_of_the_operator(
    bed: Bed, verdict: DisputeState, first: str
) -> None:
    sale, _ = await bed.paid(99_000)
    order = sale.order.id
    refund = await checkout.ask_refund(bed.cashier, order, 1, {1: 60_000})

    async def bank(state: DisputeState) -> None:
        await bed.cashier.step(
            order, lambda s, now: disputing.disputed(s, 1, "dp", 99_000, state, now)
        )

    if first == "hand":
        await step_by_hand(gone(bed), sale, refund.number)
        await bank(DisputeState.OPEN)
    else:
        await bank(DisputeState.OPEN)
        await step_by_hand(gone(bed), sale, refund.number)
    await bank(verdict)
    await bed.settle()
    after = await bed.get(sale)
    lost = sum(twice(after.order.line(note.line), note) for note in after.told)
    assert lost == (60_000 if verdict is DisputeState.LOST else 0)
    await bed.check_month()
