"""Keep orders in memory: for tests and trials, with the locks and promises of the real store."""

import asyncio
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import datetime
from uuid import UUID

from kundelik_core.sdk import Wish
from kundelik_payments.domain.model import Order, OrderState, RefundState, Sale
from kundelik_payments.domain.subscribing import Subscription
from kundelik_payments.ports import Held, Inboxed, Known, ProviderObject

__all__ = ["MemoryStore"]


class _Held:
    """One order between its lock and the end of the block."""

    def __init__(self, sale: Sale, counts: "Counter[str]") -> None:
        self.now = sale
        self.counts = counts.copy()
        self.wishes: list[Wish] = []

    @property
    def sale(self) -> Sale:
        return self.now

    def put(self, sale: Sale) -> None:
        self.now = sale

    async def next_number(self, series: str) -> int:
        self.counts[series] += 1
        return self.counts[series]

    async def ask(self, wish: Wish) -> None:
        self.wishes.append(wish)


class MemoryStore:
    """The store, as long as the process lives."""

    def __init__(self) -> None:
        self.sales: dict[UUID, Sale] = {}
        self.objects: dict[tuple[str, str], ProviderObject] = {}
        self.inbox: dict[tuple[str, str], Inboxed] = {}
        self.subscriptions: dict[tuple[str, str], Subscription] = {}
        self.wishes: list[Wish] = []
        self._counts: Counter[str] = Counter()
        self._locks: defaultdict[UUID, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._numbers = asyncio.Lock()

    async def add(self, sale: Sale) -> bool:
        if sale.order.id in self.sales:
            return False
        self.sales[sale.order.id] = sale
        return True

    def locked(self, order: UUID) -> AbstractAsyncContextManager[Held]:
        return self._locked(order)

    @asynccontextmanager
    async def _locked(self, order: UUID) -> AsyncIterator[Held]:
        async with self._locks[order], self._numbers:
            held = _Held(self.sales[order], self._counts)
            yield held
            self.sales[order] = held.now
            self._counts = held.counts
            self.wishes += held.wishes

    async def sale(self, order: UUID) -> Sale | None:
        return self.sales.get(order)

    async def by_public_id(self, public_id: str) -> Sale | None:
        return next((one for one in self.sales.values() if one.order.public_id == public_id), None)

    async def unfinished(self) -> Sequence[Order]:
        return [one.order for one in self.sales.values() if _unfinished(one)]

    async def has_paid_by(self, provider: str) -> bool:
        return any(
            payment.provider == provider for one in self.sales.values() for payment in one.payments
        )

    async def refer(self, *items: ProviderObject) -> None:
        for item in items:
            self.objects.setdefault((item.provider, item.reference), item)

    async def referred(self, provider: str, *references: str) -> Known:
        found = (self.objects.get((provider, one)) for one in references)
        return next((one for one in found if one), None)

    async def take_in(self, message: Inboxed) -> bool:
        key = (message.provider, message.event_id)
        if key in self.inbox:
            return False
        self.inbox[key] = message
        return True

    async def waiting(self, limit: int, now: datetime) -> Sequence[Inboxed]:
        ready = (
            one
            for one in self.inbox.values()
            if one.processed_at is None and (one.next_at is None or one.next_at <= now)
        )
        return [*ready][:limit]

    @asynccontextmanager
    async def together(
        self,
        references: Sequence[tuple[str, str]],  # noqa: ARG002 - all is at hand
        orders: Sequence[str],  # noqa: ARG002 - all is at hand
    ) -> AsyncIterator["MemoryStore"]:
        yield self

    async def worked_off(self, *messages: Inboxed) -> None:
        for message in messages:
            self.inbox[message.provider, message.event_id] = message

    async def subscription(self, provider: str, reference: str) -> Subscription | None:
        return self.subscriptions.get((provider, reference))

    async def put_subscription(self, subscription: Subscription) -> None:
        self.subscriptions[subscription.provider, subscription.reference] = subscription


def _unfinished(sale: Sale) -> bool:
    return (
        sale.order.state is OrderState.PENDING
        or any(one.state in {"created", "pending"} for one in sale.payments)
        or any(one.state in {RefundState.CREATED, RefundState.TRANSIT} for one in sale.refunds)
    )
