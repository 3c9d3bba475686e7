"""Hear what the core made of our wishes: money for which nothing could be granted is owed back."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from kundelik_core.sdk import PluginTx
from kundelik_payments.domain.model import OrderState, Sale
from kundelik_payments.domain.ordering import cancel_lines
from kundelik_payments.domain.telling import unplaced
from kundelik_payments.service.cashier import LOG, Cashier

__all__ = ["hear", "refused", "unplaced_lines"]

# The line's note says whether it was heard before.
_UNPLACED: Final = """
select o.id as "order", (note ->> 'line')::int as line, w.reason
  from core_api.wish_v1 w
  join purchase o on o.id = split_part(w.ref, ':', 1)::uuid
 cross join lateral jsonb_array_elements(o.told) note
 where w.kind = 'Bought' and w.state = 'done' and w.reason <> ''
   and note ->> 'line' = split_part(w.ref, ':', 2) and not (note ->> 'unplaced')::boolean
 order by 1, 2
"""

_REFUSED: Final = """
select w.kind, w.ref, w.about, w.reason, w.told, w.asked_at
  from core_api.wish_v1 w where w.state = 'refused' order by w.asked_at desc limit $1
"""


async def unplaced_lines(tx: PluginTx) -> list[tuple[UUID, int, str]]:
    """Return the lines that were paid and for which nothing could be granted, with the reason."""
    rows = await tx.fetch(_UNPLACED)
    return [(row["order"], row["line"], row["reason"]) for row in rows]


async def refused(tx: PluginTx, limit: int = 100) -> list[Mapping[str, Any]]:
    """Return what the core has refused, the latest first: a person has to look at it."""
    return [*await tx.fetch(_REFUSED, limit)]


async def hear(cashier: Cashier, order: UUID, line: int, reason: str) -> Sale:
    """Take a line out of its order for which nothing could be granted; its price is owed now."""
    LOG.warning("nothing was granted for line %s of order %s: %s", line, order, reason)

    def change(sale: Sale, now: datetime) -> Sale:
        after = unplaced(sale, line)
        if after.order.paid_at is None or after.order.state is OrderState.CANCELLED:
            return after
        return cancel_lines(after, [line], now)

    return await cashier.step(order, change)
