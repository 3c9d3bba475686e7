"""Follow a subscription that renews itself, chosen as such by the payer."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final
from uuid import UUID, uuid5

from kundelik_payments.domain.model import Order, OrderState, Sale

__all__ = [
    "GRACE",
    "REMINDER",
    "Subscription",
    "SubscriptionState",
    "ended",
    "reminded",
    "reminder_due",
    "renewal",
    "seen",
]

GRACE: Final = timedelta(days=3)
REMINDER: Final = timedelta(days=7)
_RENEWALS: Final = UUID("0191e2a4-0c00-7d10-8f00-7061796d656e")


class SubscriptionState(StrEnum):
    """Where a subscription stands."""

    ACTIVE = "active"
    PAST_DUE = "past_due"
    PAUSED = "paused"
    CANCELED = "canceled"


@dataclass(frozen=True, slots=True, kw_only=True)
class Subscription:
    """The wish to buy the same again and again, from its first order to its latest."""

    order: UUID
    latest: UUID
    provider: str
    reference: str
    state: SubscriptionState
    period_end: datetime
    cancel_at_period_end: bool = False
    reminded_for: datetime | None = None

    @property
    def access_until(self) -> datetime:
        """Return until when access lasts: a late payment has some days of grace."""
        return self.period_end + (timedelta() if self.ends else GRACE)

    @property
    def ends(self) -> bool:
        """Say whether it will not renew."""
        return self.cancel_at_period_end or self.state is SubscriptionState.CANCELED


def seen(known: Subscription | None, now_seen: Subscription) -> Subscription:
    """Return what is known after a look at the provider; a period that was paid never shrinks."""
    if known is None:
        return now_seen
    if known.state is SubscriptionState.CANCELED:
        return known
    return replace(
        now_seen,
        order=known.order,
        latest=known.latest,
        period_end=max(known.period_end, now_seen.period_end),
        reminded_for=known.reminded_for,
    )


def reminder_due(subscription: Subscription, now: datetime) -> bool:
    """Say whether the payer is to be told now that it will renew; once for each period."""
    return (
        not subscription.ends
        and subscription.state is SubscriptionState.ACTIVE
        and subscription.reminded_for != subscription.period_end
        and subscription.period_end - REMINDER <= now < subscription.period_end
    )


def reminded(subscription: Subscription) -> Subscription:
    """Note that the payer was told of the coming payment."""
    return replace(subscription, reminded_for=subscription.period_end)


def renewal(first: Sale, invoice: str, public_id: str, now: datetime) -> Order:
    """Return the order of a further period; the same invoice always makes the same one."""
    old = first.order
    lines = tuple(line for line in old.lines if not line.cancelled_at and not line.forgotten)
    return replace(
        old,
        id=uuid5(_RENEWALS, f"{old.id}:{invoice}"),
        public_id=public_id,
        placed_at=now,
        expires_at=now + timedelta(days=1),
        lines=lines,
        state=OrderState.PENDING,
        paid_at=None,
        renewal_ended_at=None,
    )


def ended(sale: Sale, now: datetime) -> Sale:
    """Note that no further period will be paid."""
    if not sale.order.renews or sale.order.renewal_ended_at is not None:
        return sale
    return replace(sale, order=replace(sale.order, renewal_ended_at=now))
