"""Messages worked off together: one that breaks, a worker that dies, two workers at once."""

import asyncio
import contextlib
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import asyncpg
import pytest
from kundelik_payments.cashdesk import cashier_for
from kundelik_payments.domain.model import OrderState, Sale
from kundelik_payments.providers.registry import Providers
from kundelik_payments.providers.spi import Fact, Outcome, PaymentFact
from kundelik_payments.service import intake

from kundelik_core.kernel.clock import set_now
from tests.integration.payments.till import PgBed


async def _waiting(bed: PgBed, count: int = 4) -> list[Sale]:
    """Let several pay, and keep the messages without working on them."""
    sales = []
    for _ in range(count):
        sale = await bed.order(99_000)
        await bed.act("pay", session=await bed.start(sale.order.id))
        sales.append(sale)
    answers = await asyncio.to_thread(bed.fake.deliver)
    assert {status for _, status in answers} == {200}
    return sales


async def _inbox(bed: PgBed) -> list[dict[str, Any]]:
    return await bed._rows(
        "select * from plugin_payments.webhook_inbox where school_id = $1 order by received_at"
    )


async def _states(bed: PgBed, sales: Sequence[Sale]) -> list[OrderState]:
    return [(await bed.get(one)).order.state for one in sales]


class Wild:
    """Stripe, but what it says about one payment cannot be written down."""

    def __init__(self, real: Any, hint: str | None, error: Exception | None = None) -> None:
        self._real, self._hint, self._error = real, hint, error

    def __getattr__(self, name: str) -> Any:
        return getattr(self._real, name)

    async def look(self, notice_type: str, hint: str) -> Sequence[Fact]:
        found = await self._real.look(notice_type, hint)
        if hint != self._hint:
            return found  # type: ignore[no-any-return]
        if self._error:
            raise self._error
        return [
            replace(one, reference="x" * 300) if isinstance(one, PaymentFact) else one
            for one in found
        ]


async def test_one_that_breaks_holds_up_no_other(bed: PgBed) -> None:
    sales = await _waiting(bed)
    broken = await bed.get(sales[1])
    hint = broken.payments[0].reference
    real = bed.cashier.providers.get("stripe")
    wild = replace(bed.cashier, providers=Providers([Wild(real, hint)]))
    with pytest.raises(asyncpg.PostgresError):
        await intake.work(wild)
    paid, pending = OrderState.PAID, OrderState.PENDING
    assert await _states(bed, sales) == [paid, pending, paid, paid]
    # Nothing of the one that broke was kept: no money, no papers, nothing asked of the core.
    assert await bed.get(sales[1]) == broken
    await bed.settle()
    assert len(bed.books.granted) == 3
    left = [one for one in await _inbox(bed) if one["processed_at"] is None]
    assert {one["hint"] for one in left} == {hint}
    # Papers are numbered without a gap, whoever broke on the way.
    receipts = await bed._rows(
        "select number from plugin_payments.receipt where school_id = $1 order by number"
    )
    assert [row["number"][-6:] for row in receipts] == ["000001", "000002", "000003"]
    assert {(one["attempts"], one["error"][:11]) for one in left} == {(1, "CheckViolat")}
    # Once it can be written down it is, and need not wait for a lease to end.
    await intake.work(bed.cashier)
    assert await _states(bed, sales) == [paid] * 4
    assert len(await bed.granted()) == 4


async def test_what_cannot_be_looked_at_holds_up_no_other(bed: PgBed) -> None:
    sales = await _waiting(bed)
    hint = (await bed.get(sales[2])).payments[0].reference
    real = bed.cashier.providers.get("stripe")
    blind = replace(bed.cashier, providers=Providers([Wild(real, hint, KeyError("status"))]))
    with pytest.raises(KeyError):
        await intake.work(blind)
    assert (await _states(bed, sales)).count(OrderState.PAID) == 3
    for _ in range(intake.MOST_ATTEMPTS):
        with contextlib.suppress(KeyError):
            await intake.work(blind)
        await bed.advance(hours=7)
    # It was given up on, and stands there with what was wrong.
    (given_up,) = [one for one in await _inbox(bed) if one["error"]]
    assert given_up["error"] == "KeyError: 'status'"
    assert given_up["processed_at"] is not None
    await bed.reconcile()
    assert await _states(bed, sales) == [OrderState.PAID] * 4


async def test_what_a_dead_worker_had_taken_comes_again(bed: PgBed) -> None:
    sales = await _waiting(bed, 2)
    taken = await bed.cashier.store.waiting(100, bed.clock.now())
    assert len(taken) >= 2
    # The worker dies here. Nobody takes them meanwhile, and nothing was done.
    assert await intake.work(bed.cashier) == 0
    assert await _states(bed, sales) == [OrderState.PENDING] * 2
    await bed.advance(seconds=91)
    assert await intake.work(bed.cashier) == len(taken)
    assert await _states(bed, sales) == [OrderState.PAID] * 2
    assert await bed.granted() != []
    assert {one["attempts"] for one in await _inbox(bed)} == {1}


async def test_a_dead_worker_that_was_only_slow_pays_nothing_twice(bed: PgBed) -> None:
    """Its time was over, another one did its work, and then it comes back and does it once more."""
    (sale,) = await _waiting(bed, 1)
    slow = await bed.cashier.store.waiting(100, bed.clock.now())
    stripe = bed.cashier.providers.get("stripe")
    looks = [await stripe.look(one.type, one.hint) for one in slow]
    await bed.advance(seconds=91)
    await intake.work(bed.cashier)
    before, inbox = await bed.get(sale), await _inbox(bed)
    await intake._take_all(bed.cashier, [*zip(slow, looks, strict=True)])
    await intake._leave(bed.cashier, slow[0], OSError("gone"))
    assert await bed.get(sale) == before
    assert await _inbox(bed) == inbox
    assert len(await bed.granted()) == 1
    await bed.check_month()


async def test_two_workers_at_once_do_each_message_once(bed: PgBed) -> None:
    sales = await _waiting(bed, 12)
    with set_now(bed.clock.moment):
        other = await cashier_for(bed.ctx(bed.school))
    second = replace(bed.cashier, store=other.store)
    messages = len(await _inbox(bed))
    # A few at a time, so that both get some, and both write papers in one series.
    done = await asyncio.gather(*(_all(one) for one in (bed.cashier, second)))
    assert sum(done) == messages
    assert min(done) > 0
    assert await _states(bed, sales) == [OrderState.PAID] * 12
    assert len(await bed.granted()) == 12
    assert {one["attempts"] for one in await _inbox(bed)} == {1}
    receipts = await bed._rows(
        "select number from plugin_payments.receipt where school_id = $1 order by number"
    )
    assert len({row["number"] for row in receipts}) == 12
    assert receipts[-1]["number"].endswith("000012")
    await bed.check_month()


async def _all(cashier: Any) -> int:
    done = 0
    while part := await intake.work(cashier, 3):
        done += part
    return done


async def test_two_that_hold_the_same_orders_do_not_wait_in_a_circle(bed: PgBed) -> None:
    """The same messages in opposite order, with orders that are found only on the way."""
    sales = await _waiting(bed, 6)
    waiting = await bed.cashier.store.waiting(100, bed.clock.now())
    stripe = bed.cashier.providers.get("stripe")
    looks = [await stripe.look(one.type, one.hint) for one in waiting]
    looked = [*zip(waiting, looks, strict=True)]
    with set_now(bed.clock.moment):
        other = await cashier_for(bed.ctx(bed.school))
    second = replace(bed.cashier, store=other.store)
    await asyncio.gather(
        intake._take_all(bed.cashier, looked), intake._take_all(second, [*reversed(looked)])
    )
    assert await _states(bed, sales) == [OrderState.PAID] * 6
    assert len(await bed.granted()) == 6
    paid = [fact for found in looks for fact in found if isinstance(fact, PaymentFact)]
    assert {fact.outcome for fact in paid} == {Outcome.DONE}
    await bed.check_month()
