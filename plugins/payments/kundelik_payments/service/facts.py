"""Take in what a provider tells about money; the same fact twice changes nothing."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import assert_never

from kundelik_payments.domain import disputing, paying, refunding, subscribing
from kundelik_payments.domain.desk import is_by_hand
from kundelik_payments.domain.model import Payment, PaymentState, RefundState, Sale
from kundelik_payments.domain.ordering import put_payment
from kundelik_payments.domain.refused import Refused
from kundelik_payments.domain.subscribing import Subscription
from kundelik_payments.ports import Known, ProviderObject
from kundelik_payments.providers.spi import (
    DisputeFact,
    Fact,
    Outcome,
    PaymentFact,
    PayoutFact,
    RefundFact,
    RenewalFact,
    SubscriptionFact,
    VendorFact,
)
from kundelik_payments.service.cashier import LOG, Cashier

__all__ = ["NotYet", "named_in", "take"]


class NotYet(Exception):
    """News about something that is not known yet; it will be, so it is to be told again."""


def named_in(fact: Fact) -> tuple[tuple[str, ...], str]:
    """Return the provider's ids in a fact, and our word for its order, where it says any."""
    match fact:
        case PaymentFact():
            return (fact.reference, *fact.references), fact.order
        case RefundFact():
            return (fact.reference, *fact.payment_references), fact.order
        case DisputeFact():
            return fact.payment_references, ""
        case SubscriptionFact():
            return (), fact.order
        case _:
            return (), ""


async def take(cashier: Cashier, provider: str, facts: Sequence[Fact]) -> None:
    """Take in facts, payments first: what is told of a refund needs its payment."""
    ordered = sorted(facts, key=lambda one: not isinstance(one, PaymentFact))
    for fact in ordered:
        match fact:
            case PaymentFact():
                await _payment(cashier, provider, fact)
            case RefundFact():
                await _refund(cashier, provider, fact)
            case DisputeFact():
                await _dispute(cashier, provider, fact)
            case SubscriptionFact():
                await _subscription(cashier, provider, fact)
            case RenewalFact():
                await _renewal(cashier, provider, fact)
            case VendorFact() | PayoutFact():
                LOG.info("%s: %s", provider, fact)
            case _:
                assert_never(fact)


async def _payment(cashier: Cashier, provider: str, fact: PaymentFact) -> None:
    known = await _known_payment(cashier, provider, fact)
    if known is None:
        return
    await cashier.store.refer(
        *(
            ProviderObject(
                provider=provider,
                reference=reference,
                kind="payment",
                order=known.order,
                number=known.number,
            )
            for reference in sorted({fact.reference, *fact.references})
        )
    )
    number = known.number
    match fact.outcome:
        case Outcome.DONE:
            await cashier.step(
                known.order,
                lambda sale, now: paying.confirm(
                    sale, number, fact.amount_minor, fact.currency, fact.reference, now
                ),
            )
        case Outcome.FAILED:
            await cashier.step(known.order, lambda sale, _: paying.fail(sale, number, fact.reason))
        case Outcome.CANCELED:
            await cashier.step(known.order, lambda sale, _: paying.cancel_payment(sale, number))
        case Outcome.PENDING:
            await cashier.step(
                known.order, lambda sale, _: paying.pending(sale, number, fact.reference)
            )


async def _known_payment(cashier: Cashier, provider: str, fact: PaymentFact) -> Known:
    """Find the payment by the provider's ids, else by ours, which came along with the request."""
    if known := await cashier.store.referred(provider, fact.reference, *fact.references):
        return known
    sale = await cashier.named(fact.order) if fact.order else None
    if sale is None:
        return None
    numbers = [one.number for one in sale.payments if one.provider == provider]
    if fact.payment not in numbers:
        return None
    return ProviderObject(
        provider=provider,
        reference=fact.reference,
        kind="payment",
        order=sale.order.id,
        number=fact.payment,
    )


async def _by_references(cashier: Cashier, provider: str, references: Sequence[str]) -> Known:
    known = await cashier.store.referred(provider, *references)
    return known if known and known.kind == "payment" else None


async def _refund(cashier: Cashier, provider: str, fact: RefundFact) -> None:
    known = await cashier.store.referred(provider, fact.reference)
    payment = await _by_references(cashier, provider, fact.payment_references)
    if known is None and fact.refund and fact.order:
        sale = await cashier.named(fact.order)
        if sale and any(one.number == fact.refund for one in sale.refunds):
            known = ProviderObject(
                provider=provider,
                reference=fact.reference,
                kind="refund",
                order=sale.order.id,
                number=fact.refund,
            )
            await cashier.store.refer(known)
    if known is None and payment is None:
        if fact.order:
            raise NotYet(fact.reference)
        return
    if known is None and payment is not None:
        await _outside_refund(cashier, payment, fact)
    elif known is not None:
        await _own_refund(cashier, known, fact)


async def _own_refund(cashier: Cashier, known: ProviderObject, fact: RefundFact) -> None:
    number = known.number
    refund = (await cashier.get(known.order)).refund(number)
    if is_by_hand(refund):
        # Handed over here meanwhile, and given back there as well: somebody has to see that.
        payment = replace(known, kind="payment", number=refund.payment)
        await _outside_refund(cashier, payment, fact)
        return
    if fact.outcome in {Outcome.FAILED, Outcome.CANCELED}:
        await cashier.step(
            known.order, lambda sale, now: refunding.refuse(sale, number, fact.reason, now)
        )
        return
    done = fact.outcome is Outcome.DONE
    await cashier.step(
        known.order,
        lambda sale, now: refunding.accept(sale, number, fact.reference, now, done=done),
    )


async def _outside_refund(cashier: Cashier, payment: ProviderObject, fact: RefundFact) -> None:
    gone = fact.outcome not in {Outcome.FAILED, Outcome.CANCELED}
    state = RefundState.EXTERNAL if gone else RefundState.FAILED

    def change(sale: Sale, now: datetime) -> Sale:
        if fact.currency != sale.order.currency:
            raise Refused("other-currency", "A refund is in another currency than its order.")
        return refunding.seen_outside(
            sale, payment.number, fact.reference, fact.amount_minor, state, now
        )

    after = await cashier.step(payment.order, change)
    made = next((one for one in after.refunds if one.reference == fact.reference), None)
    if made:
        await cashier.store.refer(
            ProviderObject(
                provider=payment.provider,
                reference=fact.reference,
                kind="refund",
                order=payment.order,
                number=made.number,
            )
        )


async def _dispute(cashier: Cashier, provider: str, fact: DisputeFact) -> None:
    known = await _by_references(cashier, provider, fact.payment_references)
    if known is None:
        raise NotYet(fact.reference)

    def change(sale: Sale, now: datetime) -> Sale:
        same = fact.currency == sale.order.currency
        # The payer's bank may complain in its own currency: then all of the payment is at stake.
        amount = fact.amount_minor if same else sale.payment(known.number).received_minor
        return disputing.disputed(sale, known.number, fact.reference, amount, fact.state, now)

    await cashier.step(known.order, change)


async def _subscription(cashier: Cashier, provider: str, fact: SubscriptionFact) -> None:
    known = await cashier.store.subscription(provider, fact.reference)
    sale = None if known else await cashier.named(fact.order)
    if known is None and sale is None:
        return
    order = known.order if known else sale.order.id if sale else None
    if order is None:
        return
    seen = Subscription(
        order=order,
        latest=order,
        provider=provider,
        reference=fact.reference,
        state=fact.state,
        period_end=fact.period_end,
        cancel_at_period_end=fact.cancel_at_period_end,
    )
    after = subscribing.seen(known, seen)
    await cashier.store.put_subscription(after)
    if after.ends:
        await cashier.step(after.latest, subscribing.ended)


async def _renewal(cashier: Cashier, provider: str, fact: RenewalFact) -> None:
    """Make the order of a further period, and pay it; an unpaid one changes nothing yet."""
    subscription = await cashier.store.subscription(provider, fact.subscription)
    if subscription is None:
        raise NotYet(fact.subscription)
    if fact.outcome is not Outcome.DONE:
        return
    first = await cashier.get(subscription.order)
    now = cashier.clock.now()
    order = subscribing.renewal(first, fact.reference, cashier.code(), now)
    if await cashier.store.sale(order.id) is None:
        # Old news may come after new: only a further period is the latest one.
        await cashier.place(order)
        await cashier.store.put_subscription(replace(subscription, latest=order.id))
    await cashier.step(
        order.id,
        lambda sale, now: (
            sale
            if sale.payments
            else put_payment(
                sale,
                Payment(
                    number=1,
                    provider=provider,
                    amount_minor=fact.amount_minor,
                    created_at=now,
                    state=PaymentState.PENDING,
                    reference=fact.reference,
                ),
            )
        ),
    )
    paid = PaymentFact(
        reference=fact.reference,
        outcome=Outcome.DONE,
        amount_minor=fact.amount_minor,
        currency=fact.currency,
        references=fact.references,
        order=(await cashier.get(order.id)).order.reference,
        payment=1,
    )
    await _payment(cashier, provider, paid)
