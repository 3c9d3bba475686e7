"""Work out what each line of an order entitles to, from the state of the order alone."""

from kundelik_payments.domain.balance import kept, lost, refunded_on
from kundelik_payments.domain.model import Access, DisputeState, OrderLine, Right, Sale

__all__ = ["rights"]


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
    given_back = refunded_on(sale, line.number) > 0 and kept(sale, line) == 0
    if line.cancelled_at is not None or lost(sale) or given_back:
        return Access.REVOKED
    if any(one.state is DisputeState.OPEN for one in sale.disputes):
        return Access.SUSPENDED
    return Access.ACTIVE
