"""Give money back: in parts, in parallel, twice told, and failing after it seemed done."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from kundelik_payments.domain.balance import (
    has_come,
    is_gone,
    kept,
    owed,
    refundable,
    reserved_on,
    unreserved,
)
from kundelik_payments.domain.log import noted
from kundelik_payments.domain.model import (
    EntryKind,
    PaymentState,
    Refund,
    RefundSource,
    RefundState,
    Sale,
)
from kundelik_payments.domain.money import split
from kundelik_payments.domain.ordering import fully_back, put_payment, rebalanced
from kundelik_payments.domain.refused import Refused

__all__ = ["accept", "decide", "new_refund", "put_aside", "refuse", "seen_outside", "tried"]


def new_refund(
    sale: Sale,
    payment: int,
    parts: Mapping[int, int],
    extra_minor: int,
    source: RefundSource,
    now: datetime,
) -> tuple[Sale, Refund]:
    """Return the sale with a refund that is not under way yet, and the refund.

    ``parts`` are amounts by line, ``extra_minor`` is of what is owed anyway.

    Raises:
        Refused: that much is not there, of the line or of the payment.
    """
    amount = sum(parts.values()) + extra_minor
    if amount <= 0 or extra_minor < 0 or any(minor <= 0 for minor in parts.values()):
        raise Refused("no-amount", "Say how much is to be given back.")
    for number, minor in parts.items():
        line = next((one for one in sale.order.lines if one.number == number), None)
        if line is None or minor > kept(sale, line) - reserved_on(sale, number):
            raise Refused("more-than-line", "That is more than this item still holds.")
    if extra_minor > unreserved(sale):
        raise Refused("more-than-owed", "That is more than is owed to the payer.")
    if amount > refundable(sale, sale.payment(payment)):
        raise Refused("more-than-paid", "That is more than this payment still holds.")
    refund = Refund(
        number=1 + len(sale.refunds),
        payment=payment,
        amount_minor=amount,
        source=source,
        created_at=now,
        parts=tuple(sorted(parts.items())),
    )
    return replace(sale, refunds=(*sale.refunds, refund)), refund


def tried(sale: Sale, number: int, now: datetime, *, fresh_key: bool) -> Sale:
    """Note that the provider is about to be asked; with a fresh key the last one is used up."""
    refund = sale.refund(number)
    if refund.state is not RefundState.CREATED:
        return sale
    attempt = refund.attempt + 1 if fresh_key else refund.attempt
    return _put(sale, replace(refund, attempt=attempt, tried_at=now))


def accept(sale: Sale, number: int, reference: str, now: datetime, *, done: bool) -> Sale:
    """Note that a provider gives the money back, or has given it."""
    refund = sale.refund(number)
    if refund.state is RefundState.TRANSIT and done:
        return _marked(_put(sale, replace(refund, state=RefundState.DONE, done_at=now)), refund)
    # What was given up here, or seemed refused, may have gone through there: money counts.
    open_still = refund.state in {RefundState.CREATED, RefundState.CANCELED, RefundState.FAILED}
    if refund.accepted_at is not None or not open_still:
        return sale
    state = RefundState.DONE if done else RefundState.TRANSIT
    taken = replace(
        refund,
        state=state,
        reference=reference,
        accepted_at=now,
        done_at=now if done else None,
        reason="",
    )
    after = rebalanced(sale, _put(sale, taken), now, refund=number)
    after = noted(after, EntryKind.REFUNDED, refund.amount_minor, now, refund=number)
    return _marked(after, taken)


def refuse(sale: Sale, number: int, reason: str, now: datetime) -> Sale:
    """Note that a refund came to nothing; what had left already is here again, and owed."""
    refund = sale.refund(number)
    if refund.state in {RefundState.FAILED, RefundState.CANCELED}:
        return sale
    # What was a gift stayed here and is none: nobody is owed it, and what was paid for is kept.
    failed = replace(refund, state=RefundState.FAILED, reason=reason[:200], gifts=())
    after = rebalanced(sale, _put(sale, failed), now, refund=number)
    if is_gone(refund):
        after = noted(after, EntryKind.RETURNED, refund.amount_minor, now, refund=number)
    return _marked(after, failed)


def put_aside(sale: Sale, number: int) -> Sale:
    """Give up a refund that no provider has heard of."""
    refund = sale.refund(number)
    if refund.state is not RefundState.CREATED or refund.tried_at is not None:
        return sale
    return _put(sale, replace(refund, state=RefundState.CANCELED))


def seen_outside(
    sale: Sale, payment: int, reference: str, amount_minor: int, state: RefundState, now: datetime
) -> Sale:
    """Note a refund that somebody made at the provider; what it is for, a person decides.

    Raises:
        Refused: it is about a payment that has not come.
    """
    if any(one.reference == reference for one in sale.refunds):
        return sale
    if state is RefundState.FAILED or amount_minor <= 0:
        return sale
    if not has_come(sale.payment(payment)):
        raise Refused("refund-first", "A refund is reported of a payment that has not come.")
    refund = Refund(
        number=1 + len(sale.refunds),
        payment=payment,
        amount_minor=amount_minor,
        source=RefundSource.EXTERNAL,
        created_at=now,
        state=RefundState.EXTERNAL,
        reference=reference,
    )
    after = replace(sale, refunds=(*sale.refunds, refund))
    after = noted(after, EntryKind.REFUNDED, amount_minor, now, refund=refund.number)
    return _marked(after, refund)


def decide(sale: Sale, number: int, parts: Mapping[int, int], now: datetime) -> Sale:
    """Say for which lines money went back that was given outside of here; none: they are kept.

    Raises:
        Refused: a line does not hold that much, or the parts are more than the refund.
    """
    refund = sale.refund(number)
    if refund.state is not RefundState.EXTERNAL:
        return sale
    for line in sale.order.lines:
        if parts.get(line.number, 0) > kept(sale, line) - reserved_on(sale, line.number):
            raise Refused("more-than-line", "That is more than this item still holds.")
    rest = refund.amount_minor - sum(parts.values())
    if rest < 0 or any(minor <= 0 for minor in parts.values()):
        raise Refused("more-than-refund", "That is more than was given back.")
    # The money is gone already: what was owed before that is what is owed now, and the refund.
    before = owed(_put(sale, replace(refund, state=RefundState.FAILED)))
    room = {line.number: kept(sale, line) - parts.get(line.number, 0) for line in sale.order.lines}
    given = min(max(rest - before, 0), sum(room.values()))
    gifts = split(given, [*room.values()]) if given else []
    decided = replace(
        refund,
        state=RefundState.DONE,
        parts=tuple(sorted(parts.items())),
        gifts=tuple(pair for pair in zip(room, gifts, strict=False) if pair[1]),
        accepted_at=now,
        done_at=now,
    )
    return rebalanced(sale, _put(sale, decided), now, refund=number)


def _put(sale: Sale, refund: Refund) -> Sale:
    refunds = tuple(refund if one.number == refund.number else one for one in sale.refunds)
    return replace(sale, refunds=refunds)


def _marked(sale: Sale, refund: Refund) -> Sale:
    """Let the payment's state say whether all of it went back."""
    payment = sale.payment(refund.payment)
    if not has_come(payment):
        return sale
    state = PaymentState.REFUNDED if fully_back(sale, payment) else PaymentState.CONFIRMED
    return put_payment(sale, replace(payment, state=state)) if state != payment.state else sale
