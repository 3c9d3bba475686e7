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
from kundelik_payments.domain.refused import Refused
from kundelik_payments.domain.telling import tell
from kundelik_payments.ports import Clock, Held, Store
from kundelik_payments.providers.registry import Providers

__all__ = ["Cashier", "write_papers"]

LOG: Final = logging.getLogger("kundelik_payments")


@dataclass(frozen=True, slots=True, kw_only=True)
class Cashier:
    """The store, the providers and a clock; the steps are functions."""

    store: Store
    providers: Providers
    clock: Clock
    zone: ZoneInfo = field(default_factory=lambda: ZoneInfo("Asia/Almaty"))
    code: Callable[[], str] = field(default=lambda: new_code(secrets.choice))

    async def place(self, order: Order) -> Sale:
        """Keep a new order; a free one is paid at once. The same id again is the same order.

        Raises:
            Refused: it is no order, or the id is that of somebody else's.
        """
        if not await self.store.add(place(order)):
            known = await self.get(order.id)
            if known.order.payer != order.payer:
                raise Refused("no-such-order", "There is no such order.")
            return known
        return await self.step(order.id)

    async def get(self, order: UUID) -> Sale:
        """Return an order; LookupError when there is none."""
        sale = await self.store.sale(order)
        if sale is None:
            raise LookupError(order)
        return sale

    async def named(self, reference: str) -> Sale | None:
        """Return the order that a provider calls so; another school's is not here."""
        sale = await self.store.by_public_id(reference.rpartition("-")[2])
        return sale if sale and sale.order.reference == reference else None

    async def step(
        self,
        order: UUID,
        change: Callable[[Sale, datetime], Sale] | None = None,
    ) -> Sale:
        """Change an order under its lock, write its papers, tell the core what became of it.

        All of it is kept together or not at all: no money without what it entitles to.
        """
        now = self.clock.now()
        async with self.store.locked(order) as held:
            before = held.sale
            held.put(settle(change(before, now) if change else before, now))
            await write_papers(held, now, now.astimezone(self.zone).year)
            after, wishes = tell(held.sale)
            held.put(after)
            for wish in wishes:
                await held.ask(wish)
            return after


async def write_papers(held: Held, now: datetime, year: int) -> None:
    """Write the receipts and cancellations that an order lacks, numbered in the local year."""
    while needed := missing(held.sale):
        first = needed[0]
        series = series_of(first.kind, held.sale.order.school_id, year)
        number = number_of(series, await held.next_number(series))
        held.put(issued(held.sale, first, number, now))
