"""Hold together what the steps of a payment need."""

import logging
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final
from uuid import UUID
from zoneinfo import ZoneInfo

from kundelik_payments.domain.codes import new_code
from kundelik_payments.domain.model import Order, Sale
from kundelik_payments.domain.ordering import place, settle
from kundelik_payments.domain.papers import issued, missing, number_of, series_of
from kundelik_payments.domain.rights import due
from kundelik_payments.ports import Clock, Entitlements, Held, Store
from kundelik_payments.providers.registry import Providers
from kundelik_payments.service.entitling import pass_on

__all__ = ["Cashier", "write_papers"]

LOG: Final = logging.getLogger("kundelik_payments")


@dataclass(frozen=True, slots=True, kw_only=True)
class Cashier:
    """The store, the providers, the core's entitlements and a clock; the steps are functions."""

    store: Store
    providers: Providers
    entitlements: Entitlements
    clock: Clock
    zone: ZoneInfo = field(default_factory=lambda: ZoneInfo("Asia/Almaty"))
    code: Callable[[], str] = field(default=lambda: new_code(secrets.choice))

    async def place(self, order: Order) -> Sale:
        """Keep a new order; a free one is paid at once. The same id again is the same order."""
        if not await self.store.add(place(order)):
            return await self.get(order.id)
        return await self.step(order.id)

    async def get(self, order: UUID) -> Sale:
        """Return an order; LookupError when there is none."""
        sale = await self.store.sale(order)
        if sale is None:
            raise LookupError(order)
        return sale

    async def step(
        self,
        order: UUID,
        change: Callable[[Sale, datetime], Sale] | None = None,
    ) -> Sale:
        """Change an order under its lock, write its papers, then pass on what it entitles to.

        Rights are passed on after the money is kept: should that fail, the next step of this order
        or the reconciliation passes them on, and nobody is told that the payment failed.
        """
        now = self.clock.now()
        async with self.store.locked(order) as held:
            before = held.sale
            after = settle(change(before, now) if change else before, now)
            held.put(after)
            await write_papers(held, now, now.astimezone(self.zone).year)
        if not due(after):
            return after
        try:
            return await pass_on(self.store, self.entitlements, order)
        except Exception:
            # The money is kept; what it entitles to stays due, and is passed on by and by.
            LOG.exception("%s is not passed on yet", order)
            return after


async def write_papers(held: Held, now: datetime, year: int) -> None:
    """Write the receipts and cancellations that an order lacks, numbered in the local year."""
    while needed := missing(held.sale):
        first = needed[0]
        series = series_of(first.kind, held.sale.order.school_id, year)
        number = number_of(series, await held.next_number(series))
        held.put(issued(held.sale, first, number, now))
