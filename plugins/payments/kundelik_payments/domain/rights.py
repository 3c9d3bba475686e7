"""Work out what each line of an order entitles to, and what of that was not passed on yet.

Nothing is granted by a step or an event: the state of the order says what is due, and the
difference to what was passed on is made good, as often as it takes.
"""

from dataclasses import replace

from kundelik_payments.domain.balance import kept, lost
from kundelik_payments.domain.model import Access, DisputeState, OrderLine, Right, Sale

__all__ = ["due", "passed_on", "rights"]


def rights(sale: Sale) -> tuple[Right, ...]:
    """Return what every line deserves now."""
    return tuple(
        Right(
            line=line.number,
            access=_access(sale, line),
            kept_minor=kept(sale, line),
            price_minor=line.price_minor,
        )
        for line in sale.order.lines
    )


def _access(sale: Sale, line: OrderLine) -> Access:
    if sale.order.paid_at is None:
        return Access.NONE
    given_back = line.price_minor > 0 and kept(sale, line) == 0
    if line.cancelled_at is not None or lost(sale) or given_back:
        return Access.REVOKED
    if any(one.state is DisputeState.OPEN for one in sale.disputes):
        return Access.SUSPENDED
    return Access.ACTIVE


def due(sale: Sale) -> tuple[Right, ...]:
    """Return what has to be passed on."""
    known = {one.line: one for one in sale.applied}
    return tuple(
        right
        for right in rights(sale)
        if right != known.get(right.line)
        and not (right.access is Access.NONE and right.line not in known)
        and not (right.access is Access.REVOKED and _was_revoked(known.get(right.line)))
    )


def _was_revoked(right: Right | None) -> bool:
    return right is not None and right.access is Access.REVOKED


def passed_on(sale: Sale, right: Right) -> Sale:
    """Note that a right was passed on."""
    others = tuple(one for one in sale.applied if one.line != right.line)
    joined = sorted((*others, right), key=lambda one: one.line)
    return replace(sale, applied=tuple(joined))
