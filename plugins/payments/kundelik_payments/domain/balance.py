"""Work out from the state of an order whose money it is; the log is not asked.

Held is what is here of what came in; earned is what it was given for. What is held beyond that is
owed to the payer, what is missing is short.
"""

from kundelik_payments.domain.model import (
    DisputeState,
    OrderLine,
    Payment,
    PaymentState,
    Refund,
    RefundState,
    Sale,
)

__all__ = [
    "earned",
    "given_on",
    "held",
    "kept",
    "lost",
    "owed",
    "refundable",
    "refunded_on",
    "reserved_on",
    "short",
    "to_pay",
    "unreserved",
]

_GONE = frozenset({RefundState.EXTERNAL, RefundState.TRANSIT, RefundState.DONE})
_CAME = frozenset({PaymentState.CONFIRMED, PaymentState.REFUNDED})


def is_gone(refund: Refund) -> bool:
    """Say whether the money of a refund has left us, or is leaving."""
    return refund.state in _GONE


def has_come(payment: Payment) -> bool:
    """Say whether the money of a payment has reached us."""
    return payment.state in _CAME


def held(sale: Sale) -> int:
    """Return what is here of the money that came in."""
    came = sum(one.received_minor for one in sale.payments if has_come(one))
    gone = sum(one.amount_minor for one in sale.refunds if is_gone(one))
    taken = sum(one.amount_minor for one in sale.disputes if _takes(one.state))
    return came - gone - taken


def _takes(state: DisputeState) -> bool:
    return state in {DisputeState.OPEN, DisputeState.LOST}


def lost(sale: Sale) -> bool:
    """Say whether a dispute about the order was lost."""
    return any(one.state is DisputeState.LOST for one in sale.disputes)


def refunded_on(sale: Sale, line: int) -> int:
    """Return what was given back for a line, as far as a provider has accepted it."""
    return sum(
        minor
        for refund in sale.refunds
        if refund.accepted_at is not None
        for number, minor in refund.parts
        if number == line
    )


def given_on(sale: Sale, line: int) -> int:
    """Return what was given back of a line's price although it was kept."""
    return sum(
        minor
        for refund in sale.refunds
        if refund.accepted_at is not None
        for number, minor in refund.gifts
        if number == line
    )


def reserved_on(sale: Sale, line: int) -> int:
    """Return what refunds that are not under way yet mean to give back for a line."""
    return sum(
        minor
        for refund in sale.refunds
        if refund.state is RefundState.CREATED
        for number, minor in refund.parts
        if number == line
    )


def kept(sale: Sale, line: OrderLine) -> int:
    """Return how much of a line's price stayed paid and earned."""
    if sale.order.paid_at is None or line.cancelled_at is not None or lost(sale):
        return 0
    back = refunded_on(sale, line.number) + given_on(sale, line.number)
    return max(line.price_minor - back, 0)


def earned(sale: Sale) -> int:
    """Return what of the money was given for something."""
    return sum(kept(sale, line) for line in sale.order.lines)


def owed(sale: Sale) -> int:
    """Return what the payer has to get back and has not got yet; a prepayment counts as such."""
    return max(held(sale) - earned(sale), 0)


def short(sale: Sale) -> int:
    """Return what is missing of the money that was earned, as after a refund from outside."""
    return max(earned(sale) - held(sale), 0)


def to_pay(sale: Sale) -> int:
    """Return what a pending order still needs."""
    return max(sale.order.total_minor - held(sale), 0)


def refundable(sale: Sale, payment: Payment) -> int:
    """Return what can still go back the way that a payment came."""
    if not has_come(payment):
        return 0
    taken = sum(
        one.amount_minor
        for one in sale.refunds
        if one.payment == payment.number and (is_gone(one) or one.state is RefundState.CREATED)
    )
    disputed = sum(
        one.amount_minor
        for one in sale.disputes
        if one.payment == payment.number and _takes(one.state)
    )
    return max(payment.received_minor - taken - disputed, 0)


def unreserved(sale: Sale) -> int:
    """Return what is owed and not yet meant by a refund that was created."""
    meant = sum(one.extra_minor for one in sale.refunds if one.state is RefundState.CREATED)
    return max(owed(sale) - meant, 0)
