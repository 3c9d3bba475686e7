"""Take and give cash at the school's desk, and write down who of the school did what."""

from collections.abc import Mapping
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

__all__ = [
    "CASH",
    "acted",
    "given_in_cash",
    "handed_instead",
    "handed_over",
    "is_by_hand",
    "paid_out_by_hand",
    "take_cash",
    "to_hand_over",
    "waits_for_nobody",
]

CASH: Final = "cash"
"""The way to pay whose money changes hands at the desk."""

_HAND: Final = "hand-"


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


def waits_for_nobody(refund: Refund) -> bool:
    """Say whether a refund was ordered and no service has said what became of it."""
    return refund.state is RefundState.CREATED


def handed_instead(sale: Sale, number: int, staff: UUID | None, now: datetime) -> Sale:
    """Note that money was handed over in cash which nobody is left to give back; once.

    Should the service say one day that it gave it back as well, that is a refund of its own.
    """
    refund = next((one for one in sale.refunds if one.number == number), None)
    if refund is None or not waits_for_nobody(refund):
        return sale
    after = refunding.accept(sale, number, hand_name(sale, number), now, done=True)
    return acted(after, ActKind.BY_HAND, refund.amount_minor, staff, now)


def given_in_cash(sale: Sale, parts: Mapping[int, int], staff: UUID | None, now: datetime) -> Sale:
    """Give amounts of items back in cash, as when the way they were paid is there no more.

    Raises:
        Refused: so much is not left of an item, or no single payment holds that much.
    """
    amount = sum(parts.values())
    payment = next((one for one in sale.payments if refundable(sale, one) >= amount), None)
    if payment is None:
        raise Refused("more-than-paid", "That is more than this payment still holds.")
    after, refund = refunding.new_refund(sale, payment.number, parts, 0, RefundSource.ADMIN, now)
    return handed_instead(after, refund.number, staff, now)


def hand_name(sale: Sale, number: int) -> str:
    """Return what a refund by hand is called."""
    return f"{_HAND}{sale.order.reference}-{number}"


def is_by_hand(refund: Refund) -> bool:
    """Say whether somebody handed it over, and no service did."""
    return (refund.reference or "").startswith(_HAND)


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
        name = hand_name(sale, refund.number)
        after = refunding.accept(after, refund.number, name, now, done=True)
        left -= part
    if not amount or left:
        raise Refused("more-than-owed", "That is more than is owed to the payer.")
    return acted(after, ActKind.BY_HAND, amount, staff, now)
