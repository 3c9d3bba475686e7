"""Take a payment through its states. A provider's word may come twice, late, or in wrong order.

Whatever has been done is left alone without a word: two workers, a return page and a webhook may
all bring the same news.
"""

from dataclasses import replace
from datetime import datetime

from kundelik_payments.domain.balance import has_come, held, to_pay
from kundelik_payments.domain.log import noted
from kundelik_payments.domain.model import (
    EntryKind,
    OrderState,
    Payment,
    PaymentState,
    Sale,
)
from kundelik_payments.domain.ordering import put_payment, settle
from kundelik_payments.domain.refused import Refused

__all__ = ["cancel_payment", "confirm", "fail", "new_payment", "pending", "tried"]

_WAITING = frozenset({PaymentState.CREATED, PaymentState.PENDING})


def new_payment(sale: Sale, provider: str, now: datetime) -> tuple[Sale, Payment]:
    """Return the sale with an attempt to pay all that is missing, and the attempt.

    An attempt with the same provider that has come to no end is taken up again.

    Raises:
        Refused: the order waits for no money, or somebody is just paying another way.
    """
    if sale.order.state is not OrderState.PENDING or now >= sale.order.expires_at:
        raise Refused("not-payable", "This order cannot be paid any more. Please order again.")
    amount = to_pay(sale)
    if not amount:
        raise Refused("nothing-to-pay", "There is nothing left to pay.")
    for one in sale.payments:
        if one.state in _WAITING and (one.provider, one.amount_minor) == (
            provider,
            amount,
        ):
            return sale, one
    payment = Payment(
        number=1 + max((one.number for one in sale.payments), default=0),
        provider=provider,
        amount_minor=amount,
        created_at=now,
    )
    return put_payment(sale, payment), payment


def tried(sale: Sale, number: int, now: datetime, *, fresh_key: bool) -> Sale:
    """Note that the provider is about to be asked; with a fresh key the last one is used up."""
    payment = sale.payment(number)
    if payment.state is not PaymentState.CREATED:
        return sale
    attempt = payment.attempt + 1 if fresh_key else payment.attempt
    return put_payment(sale, replace(payment, attempt=attempt, tried_at=now))


def pending(sale: Sale, number: int, reference: str) -> Sale:
    """Note that the payer was sent to the provider; who has paid meanwhile has paid."""
    payment = sale.payment(number)
    if payment.state is not PaymentState.CREATED:
        return sale
    return put_payment(sale, replace(payment, state=PaymentState.PENDING, reference=reference))


def confirm(
    sale: Sale, number: int, received_minor: int, currency: str, reference: str, now: datetime
) -> Sale:
    """Note that money has come, whatever we thought of the attempt before.

    Raises:
        Refused: it is another currency than the order's, which no rule of ours can value.
    """
    payment = sale.payment(number)
    if has_come(payment):
        return sale
    if currency != sale.order.currency or received_minor < 0:
        raise Refused(
            "other-currency",
            "%(provider)s reports %(currency)s for an order in %(wanted)s.",
            provider=payment.provider,
            currency=currency,
            wanted=sale.order.currency,
        )
    confirmed = replace(
        payment,
        state=PaymentState.CONFIRMED,
        received_minor=received_minor,
        reference=payment.reference or reference,
        confirmed_at=now,
        reason="",
    )
    after = put_payment(sale, confirmed)
    after = noted(after, EntryKind.PAID, received_minor, now, payment=number)
    if held(after) - held(sale) != received_minor:
        raise AssertionError("money that came must be held")
    return settle(after, now)


def fail(sale: Sale, number: int, reason: str) -> Sale:
    """Note that an attempt came to nothing; a payment that came stays."""
    payment = sale.payment(number)
    if payment.state not in _WAITING:
        return sale
    return put_payment(sale, replace(payment, state=PaymentState.FAILED, reason=reason[:200]))


def cancel_payment(sale: Sale, number: int) -> Sale:
    """Note that an attempt was given up; a payment that came stays."""
    payment = sale.payment(number)
    if payment.state not in _WAITING:
        return sale
    return put_payment(sale, replace(payment, state=PaymentState.CANCELED))
