"""Say which receipts an order still needs, and number them without a gap."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime

from kundelik_payments.domain.balance import has_come, is_gone
from kundelik_payments.domain.model import Receipt, ReceiptKind, Sale

__all__ = ["Needed", "issued", "missing", "number_of", "series_of"]

_LETTER = {ReceiptKind.RECEIPT: "R", ReceiptKind.CANCELLATION: "C"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Needed:
    """A paper that has no number yet."""

    kind: ReceiptKind
    cause: str
    amount_minor: int
    cancels: str | None = None


def missing(sale: Sale) -> tuple[Needed, ...]:
    """Return the papers that are to be written, in the order of their numbers."""
    there = {one.cause for one in sale.receipts}
    return tuple(one for one in _wanted(sale) if one.cause not in there)


def _wanted(sale: Sale) -> Iterator[Needed]:
    papers = {one.cause: one.number for one in sale.receipts}
    for payment in sale.payments:
        if has_come(payment) and payment.received_minor:
            cause = f"payment-{payment.number}"
            yield Needed(kind=ReceiptKind.RECEIPT, cause=cause, amount_minor=payment.received_minor)
    for refund in sale.refunds:
        cause, receipt = f"refund-{refund.number}", papers.get(f"payment-{refund.payment}")
        if is_gone(refund) and receipt:
            yield Needed(
                kind=ReceiptKind.CANCELLATION,
                cause=cause,
                amount_minor=refund.amount_minor,
                cancels=receipt,
            )


def series_of(kind: ReceiptKind, school_id: int, year: int) -> str:
    """Return the series in which a paper is counted: each school and year begins with 1."""
    return f"{_LETTER[kind]}{school_id}-{year}"


def number_of(series: str, count: int) -> str:
    """Return the number of a paper."""
    return f"{series}-{count:06d}"


def issued(sale: Sale, needed: Needed, number: str, now: datetime) -> Sale:
    """Return the sale with a paper more; one that is there already is not written again."""
    if any(one.cause == needed.cause for one in sale.receipts):
        return sale
    receipt = Receipt(
        number=number,
        kind=needed.kind,
        cause=needed.cause,
        order=sale.order.public_id,
        at=now,
        amount_minor=needed.amount_minor,
        currency=sale.order.currency,
        cancels=needed.cancels,
    )
    return replace(sale, receipts=(*sale.receipts, receipt))
