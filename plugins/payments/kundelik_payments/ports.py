"""Say what this plugin needs of others: a clock, and a place for its orders and wishes."""

from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, Protocol
from uuid import UUID

from kundelik_core.sdk import Wish
from kundelik_payments.domain.model import Order, Sale
from kundelik_payments.domain.subscribing import Subscription

__all__ = [
    "Clock",
    "Held",
    "Inboxed",
    "Known",
    "ProviderObject",
    "Store",
]


class Clock(Protocol):
    """Tells the time: that of tests may stand still or jump."""

    def now(self) -> datetime: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderObject:
    """What an id of a provider belongs to here."""

    provider: str
    reference: str
    kind: Literal["payment", "refund", "subscription", "transfer"]
    order: UUID
    number: int = 0


Known = ProviderObject | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Inboxed:
    """A message of a provider that was proved to be one, and waits to be worked on."""

    provider: str
    event_id: str
    type: str
    hint: str
    received_at: datetime
    attempts: int = 0
    error: str = ""
    next_at: datetime | None = None
    processed_at: datetime | None = None


class Held(Protocol):
    """One order under its lock; what is put is kept when the block ends well."""

    @property
    def sale(self) -> Sale: ...

    def put(self, sale: Sale) -> None: ...

    async def next_number(self, series: str) -> int:
        """Count on in a series; a number is used up only if the block ends well."""
        ...

    async def ask(self, wish: Wish) -> None:
        """Ask the core for something; it is asked only if the block ends well."""
        ...


class Store(Protocol):
    """Keeps orders with their money, ids of providers, and their messages."""

    async def add(self, sale: Sale) -> bool:
        """Keep a new order; False when it is there already."""

    def locked(self, order: UUID) -> AbstractAsyncContextManager[Held]:
        """Hold one order; whoever else wants it waits. LookupError when there is none."""

    async def sale(self, order: UUID) -> Sale | None: ...

    async def by_public_id(self, public_id: str) -> Sale | None: ...

    async def unfinished(self) -> Sequence[Order]:
        """Return orders to look after: to expire, or to ask about."""

    async def has_paid_by(self, provider: str) -> bool:
        """Say whether any payment was begun with a provider."""

    async def refer(self, *items: ProviderObject) -> None:
        """Remember what ids belong to; said twice is said once."""

    async def referred(self, provider: str, *references: str) -> Known:
        """Return what the first of these ids belongs to that is known."""

    async def take_in(self, message: Inboxed) -> bool:
        """Keep a message; False when this event is there already."""

    async def waiting(self, limit: int, now: datetime) -> Sequence[Inboxed]:
        """Take messages whose time has come, the oldest first; nobody else takes them meanwhile."""

    def together(
        self, references: Sequence[tuple[str, str]], orders: Sequence[str]
    ) -> AbstractAsyncContextManager["Store"]:
        """Hold many orders, so that all that is done with them is kept together or not at all.

        They are those of a provider's ``references``, and those with these public ids; others may
        be asked for all the same.
        """

    async def worked_off(self, *messages: Inboxed) -> None:
        """Keep what became of messages."""

    async def subscription(self, provider: str, reference: str) -> Subscription | None: ...

    async def put_subscription(self, subscription: Subscription) -> None: ...
