"""Go through an account once for all its schools, instead of once for each.

What was made in a stretch of time is listed by the first school that asks and kept for some
minutes, by whose it is. Each school is answered from a listing once: asked again it hears what is
new.
"""

import asyncio
import threading
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

import stripe

from kundelik_payments.providers.spi import Fact
from kundelik_payments.providers.stripe.caller import Caller
from kundelik_payments.providers.stripe.looking import invoice_facts, session_facts
from kundelik_payments.providers.stripe.reading import dispute_fact, order_in, refund_fact
from kundelik_payments.providers.stripe.shapes import Shape

__all__ = ["Listings", "gone_through"]

_PAGE: Final = 100
_FRESH: Final = timedelta(minutes=10)
_KEPT: Final = 4
_WAIT: Final = 0.05


@dataclass(slots=True)
class _Listing:
    """What was made in an account up to a moment, by the beginning of our word for its order."""

    until: datetime
    sessions: defaultdict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    invoices: defaultdict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    facts: defaultdict[str, list[Fact]] = field(default_factory=lambda: defaultdict(list))
    served: set[str] = field(default_factory=set)


class Listings:
    """The latest listings of one account; who asks while one is made waits for it."""

    def __init__(self) -> None:
        self._found: dict[datetime, _Listing] = {}
        self._lock = threading.Lock()

    def forget(self) -> None:
        """Make the next listing anew."""
        self._found.clear()

    async def of(self, caller: Caller, since: datetime, until: datetime, ours: str) -> _Listing:
        """Return a listing that this school has not been answered from yet."""
        # To the hour, so that all schools ask for the same.
        begin = since.replace(minute=0, second=0, microsecond=0)
        # Who asks may live in another loop, whose locks are not ours.
        while not self._lock.acquire(blocking=False):  # noqa: ASYNC110
            await asyncio.sleep(_WAIT)
        try:
            known = self._found.get(begin)
            if known is None or ours in known.served or abs(until - known.until) > _FRESH:
                known = await caller.run(lambda client: _list(client, begin, until))
                self._found.pop(begin, None)
                self._found[begin] = known
                while len(self._found) > _KEPT:
                    del self._found[next(iter(self._found))]
            known.served.add(ours)
            return known
        finally:
            self._lock.release()


def _list(client: stripe.StripeClient, since: datetime, until: datetime) -> _Listing:
    begin, end = int(since.timestamp()), int(until.timestamp())
    made, v1 = _Listing(until=until), client.v1
    for session in v1.checkout.sessions.list(
        {"created": {"gte": begin, "lte": end}, "limit": _PAGE}
    ).auto_paging_iter():
        if order := order_in(Shape(session).raw):
            made.sessions[_school(order)].append(session.id)
    for invoice in v1.invoices.list(
        {"created": {"gte": begin, "lte": end}, "limit": _PAGE}
    ).auto_paging_iter():
        if order := order_in(Shape(invoice).raw):
            made.invoices[_school(order)].append(str(invoice.id))
    for refund in v1.refunds.list(
        {"created": {"gte": begin, "lte": end}, "limit": _PAGE}
    ).auto_paging_iter():
        shape = Shape(refund)
        made.facts[_school(order_in(shape.raw))].append(refund_fact(shape))
    for dispute in v1.disputes.list(
        {"created": {"gte": begin, "lte": end}, "limit": _PAGE}
    ).auto_paging_iter():
        made.facts[""].append(dispute_fact(Shape(dispute)))
    return made


def _school(order: str) -> str:
    """Return how all our words for orders of a school begin; of nobody's order: nothing."""
    school, dash, _ = order.partition("-")
    return school + dash if dash else ""


async def gone_through(
    listings: Listings, caller: Caller, since: datetime, until: datetime, ours: str
) -> list[Fact]:
    """Return payments, renewals, refunds and disputes of a school, as they stand now.

    What does not say whose it is, is told to every school: who hears it knows the payment, or does
    not.
    """
    found = await listings.of(caller, since, until, ours)

    def look(client: stripe.StripeClient) -> list[Fact]:
        facts: list[Fact] = []
        for one in found.sessions.get(ours, ()):
            facts += session_facts(client, one)
        for one in found.invoices.get(ours, ()):
            facts += invoice_facts(client, one)
        return facts

    return [*await caller.run(look), *found.facts.get(ours, ()), *found.facts.get("", ())]
