"""Find what is of no use to a family any more, and give back what it is worth."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Final
from uuid import UUID

from kundelik_core.sdk import PluginTx
from kundelik_payments.domain.model import Refund, Sale
from kundelik_payments.domain.telling import line_ref
from kundelik_payments.domain.unused import Inert, ask_back
from kundelik_payments.service.cashier import Cashier
from kundelik_payments.service.checkout import check_way_back

__all__ = ["ask_unused", "inert_lines"]

_INERT: Final = """
select m.order_ref as ref, m.inert_reason as reason, m.inert_since as since,
       m.inert_ends_at as ends,
       m.amount_minor - m.refunded_minor - m.absorbed_minor as kept_minor, m.unused_minor
  from core_api.money_v1 m
 where m.order_ref = any($1::text[]) and m.inert_reason is not null
"""


async def inert_lines(tx: PluginTx, sales: Iterable[Sale]) -> dict[UUID, dict[int, Inert]]:
    """Return what the core says cannot be used of some orders, by their lines."""
    where = {
        line_ref(sale.order, line.number): (sale.order.id, line.number)
        for sale in sales
        if sale.order.paid_at is not None
        for line in sale.order.lines
        if line.student is not None
    }
    found: dict[UUID, dict[int, Inert]] = {}
    # Most often nobody has paid for anything, and there is nothing to ask about.
    for row in await tx.fetch(_INERT, list(where)) if where else ():
        facts = dict(row)
        order, line = where[facts.pop("ref")]
        found.setdefault(order, {})[line] = Inert(**facts)
    return found


async def ask_unused(
    cashier: Cashier, order: UUID, inert: Mapping[int, Inert]
) -> tuple[Refund, ...]:
    """Reserve what is unused of an order; ``send_refund`` sets it on its way.

    Raises:
        Refused: there is nothing, it was asked for before, or it cannot go back so.
    """
    made: list[tuple[Refund, ...]] = []

    def change(sale: Sale, now: datetime) -> Sale:
        after, refunds = ask_back(sale, inert, now)
        for refund in refunds:
            check_way_back(cashier, sale.payment(refund.payment), refund, now)
        made.append(refunds)
        return after

    await cashier.step(order, change)
    return made[-1]
