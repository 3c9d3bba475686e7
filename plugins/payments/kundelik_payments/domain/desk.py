"""Take and give cash at the school's desk, and write down who of the school did what."""

from dataclasses import replace
from datetime import datetime
from typing import Final
from uuid import UUID

from kundelik_payments.domain import paying, refunding
from kundelik_payments.domain.balance import refundable, to_pay, unreserved
from kundelik_payments.domain.model import (
    Act,
    ActKind,
    OrderState,
    Refund,
    RefundSource,
    RefundState,
    Sale,
)
from kundelik_payments.domain.refused import Refused

__all__ = ["CASH", "acted", "handed_over", "paid_out_by_hand", "take_cash", "to_hand_over"]

CASH: Final = "cash"
"""The way to pay whose money changes hands at the desk."""


def acted(sale: Sale, kind: ActKind, amount_minor: int, staff: UUID | None, now: datetime) -> Sale:
    """Write down what somebody did; this is never changed."""
    act = Act(
        number=1 + len(sale.acts), at=now, kind=kind, amount_minor=amount_minor, staff_id=staff
    )
    return replace(sale, acts=(*sale.acts, act))


def take_cash(sale: Sale, amount_minor: int, staff: UUID | None, now: datetime) -> Sale:
    """Take all that is missing, in cash; an order that is paid already stays as it is.

    Raises:
        Refused: the order cannot be paid any more, or another amount is missing by now.
    """
    if sale.order.state is OrderState.PAID:
        return sale
    if to_pay(sale) != amount_minor:
        raise Refused("other-amount", "Meanwhile another amount is missing.")
    after, payment = paying.new_payment(sale, CASH, now)
    amount = payment.amount_minor
    reference = payment.reference or f"cash-{sale.order.reference}-{payment.number}"
    after = paying.confirm(after, payment.number, amount, sale.order.currency, reference, now)
    return acted(after, ActKind.CASH, amount, staff, now)


def to_hand_over(sale: Sale, refund: Refund) -> bool:
    """Say whether money waits at the desk to be handed over."""
    way = sale.payment(refund.payment).provider
    return refund.state is RefundState.TRANSIT and way == CASH


def handed_over(sale: Sale, number: int, staff: UUID | None, now: datetime) -> Sale:
    """Note that somebody has handed cash over; a second time is no other time."""
    refund = next((one for one in sale.refunds if one.number == number), None)
    if refund is None or not to_hand_over(sale, refund):
        return sale
    after = refunding.accept(sale, number, refund.reference or "", now, done=True)
    return acted(after, ActKind.HANDED, refund.amount_minor, staff, now)


def paid_out_by_hand(sale: Sale, staff: UUID | None, now: datetime) -> Sale:
    """Note that all that is owed was handed over in cash, as when a card takes nothing back.

    Raises:
        Refused: nothing is owed, or a dispute keeps it.
    """
    left = amount = unreserved(sale)
    after = sale
    for payment in sale.payments:
        part = min(left, refundable(after, payment))
        if part <= 0:
            continue
        after, refund = refunding.new_refund(
            after, payment.number, {}, part, RefundSource.ADMIN, now
        )
        name = f"hand-{sale.order.reference}-{refund.number}"
        after = refunding.accept(after, refund.number, name, now, done=True)
        left -= part
    if not amount or left:
        raise Refused("more-than-owed", "That is more than is owed to the payer.")
    return acted(after, ActKind.BY_HAND, amount, staff, now)
