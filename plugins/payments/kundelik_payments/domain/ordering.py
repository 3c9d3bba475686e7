"""Take an order from its placing to its end; each step done twice is done once."""

from collections.abc import Collection
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from kundelik_payments.domain.balance import earned, held, is_gone
from kundelik_payments.domain.log import noted
from kundelik_payments.domain.model import EntryKind, Order, OrderState, Payment, Sale
from kundelik_payments.domain.refused import Refused

__all__ = [
    "LATE",
    "cancel",
    "cancel_lines",
    "expire",
    "place",
    "put_payment",
    "rebalanced",
    "settle",
]

LATE: Final = timedelta(days=14)
"""How long after its expiry an order is still served when the money comes after all."""


def place(order: Order) -> Sale:
    """Return the sale of a new order.

    Raises:
        Refused: there is nothing in it, or something that costs less than nothing.
    """
    numbers = [line.number for line in order.lines]
    if not order.lines or len(set(numbers)) < len(numbers):
        raise Refused("empty-order", "There is nothing in this order.")
    if any(line.price_minor < 0 or line.quantity < 1 for line in order.lines):
        raise Refused("bad-line", "A line of this order has no price or no quantity.")
    if order.renews and len({line.months for line in order.lines}) > 1:
        raise Refused("mixed-terms", "What renews itself has to have one and the same term.")
    return Sale(order=order)


def expire(sale: Sale, now: datetime) -> Sale:
    """Let a pending order go whose time is over."""
    if sale.order.state is not OrderState.PENDING or now < sale.order.expires_at:
        return sale
    return replace(sale, order=replace(sale.order, state=OrderState.EXPIRED))


def cancel(sale: Sale, now: datetime) -> Sale:
    """End an order for good: what was paid for it is owed to the payer from now on."""
    if sale.order.state is OrderState.CANCELLED:
        return sale
    everything = [line.number for line in sale.order.lines]
    after = sale if sale.order.paid_at is None else cancel_lines(sale, everything, now)
    return replace(after, order=replace(after.order, state=OrderState.CANCELLED))


def cancel_lines(sale: Sale, numbers: Collection[int], now: datetime) -> Sale:
    """Take lines out of a paid order; the access to them ends, and their price is owed.

    Raises:
        Refused: nothing was paid yet, or money for one of them is being given back already.
    """
    if sale.order.paid_at is None:
        raise Refused("not-paid", "This order is not paid. Cancel all of it, or order again.")
    lines = {line.number for line in sale.order.lines if line.cancelled_at is None} & {*numbers}
    if not lines:
        return sale
    on_way = {
        number
        for refund in sale.refunds
        if refund.accepted_at is None and refund.state == "created"
        for number, _ in refund.parts
    }
    if lines & on_way:
        raise Refused("refund-begun", "Money for this is being given back already.")
    kept_lines = tuple(
        replace(line, cancelled_at=now) if line.number in lines else line
        for line in sale.order.lines
    )
    return rebalanced(sale, replace(sale, order=replace(sale.order, lines=kept_lines)), now)


def settle(sale: Sale, now: datetime) -> Sale:
    """Let an order be paid once its money is there, a little late too; never a cancelled one."""
    order = sale.order
    waits = order.state is OrderState.PENDING or (
        order.state is OrderState.EXPIRED and now < order.expires_at + LATE
    )
    if not waits or order.paid_at is not None or held(sale) < order.total_minor:
        return sale
    paid = replace(sale, order=replace(order, state=OrderState.PAID, paid_at=now))
    return rebalanced(sale, paid, now)


def rebalanced(
    before: Sale, after: Sale, now: datetime, *, line: int | None = None, refund: int | None = None
) -> Sale:
    """Note in the log by how much a step changed what was earned."""
    change = earned(after) - earned(before)
    kind = EntryKind.SOLD if change > 0 else EntryKind.UNSOLD
    return noted(after, kind, abs(change), now, line=line, refund=refund)


def put_payment(sale: Sale, payment: Payment) -> Sale:
    """Return the sale with a payment replaced, or added."""
    others = tuple(one for one in sale.payments if one.number != payment.number)
    joined = sorted((*others, payment), key=lambda one: one.number)
    return replace(sale, payments=tuple(joined))


def fully_back(sale: Sale, payment: Payment) -> bool:
    """Say whether all of a payment went back."""
    back = sum(
        one.amount_minor
        for one in sale.refunds
        if one.payment == payment.number and is_gone(one) and one.state != "transit"
    )
    return payment.received_minor > 0 and back >= payment.received_minor
