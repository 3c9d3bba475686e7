"""Write the log of an order's money, and add it up; it only grows."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from kundelik_payments.domain.model import Entry, EntryKind, Sale

__all__ = ["Sums", "noted", "sums"]

_SOLD: Final = {EntryKind.SOLD: 1, EntryKind.UNSOLD: -1}
_HELD: Final = {
    EntryKind.PAID: 1,
    EntryKind.REFUNDED: -1,
    EntryKind.RETURNED: 1,
    EntryKind.CHARGED_BACK: -1,
    EntryKind.WON_BACK: 1,
}


def noted(
    sale: Sale,
    kind: EntryKind,
    amount_minor: int,
    at: datetime,
    *,
    line: int | None = None,
    payment: int | None = None,
    refund: int | None = None,
) -> Sale:
    """Return the sale with one entry more; nothing is noted about nothing."""
    if amount_minor < 0:
        raise ValueError("the kind of an entry says its direction, the amount does not")
    if amount_minor == 0:
        return sale
    entry = Entry(
        number=len(sale.log) + 1,
        at=at,
        kind=kind,
        amount_minor=amount_minor,
        line=line,
        payment=payment,
        refund=refund,
    )
    return replace(sale, log=(*sale.log, entry))


@dataclass(frozen=True, slots=True, kw_only=True)
class Sums:
    """What entries add up to: money that we hold, and what of it was earned."""

    held_minor: int
    earned_minor: int


def sums(log: Iterable[Entry]) -> Sums:
    """Add up entries."""
    held = earned = 0
    for entry in log:
        held += _HELD.get(entry.kind, 0) * entry.amount_minor
        earned += _SOLD.get(entry.kind, 0) * entry.amount_minor
    return Sums(held_minor=held, earned_minor=earned)
