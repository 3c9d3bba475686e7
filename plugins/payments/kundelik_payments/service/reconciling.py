"""Find what was missed: lost messages, calls of which nobody knew the end, orders out of time."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from kundelik_payments.domain.ordering import expire
from kundelik_payments.domain.refused import Refused
from kundelik_payments.providers.spi import Fact, ProviderError
from kundelik_payments.service.cashier import LOG, Cashier
from kundelik_payments.service.checkout import send_refund
from kundelik_payments.service.facts import NotYet, take
from kundelik_payments.service.intake import returned

__all__ = ["Reconciled", "expire_due", "reconcile"]

OVERLAP: Final = timedelta(hours=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reconciled:
    """What a run looked at, and what it could not settle."""

    facts: int
    orders: int
    failures: tuple[str, ...]


async def expire_due(cashier: Cashier) -> int:
    """Let orders go whose time is over, and return how many went."""
    gone = 0
    for order in await cashier.store.unfinished():
        if order.state == "pending" and order.expires_at <= cashier.clock.now():
            gone += (await cashier.step(order.id, expire)).order.state == "expired"
    return gone


async def reconcile(cashier: Cashier, since: datetime) -> Reconciled:
    """Compare everything since ``since`` with the providers, and finish what was begun."""
    until, failures, seen = cashier.clock.now(), [], 0
    for provider in cashier.providers:
        # Of a way that is off only what came by it is of interest: most schools never had it.
        off = cashier.providers.is_off(provider.name)
        if off and not await cashier.store.has_paid_by(provider.name):
            continue
        facts: list[Fact] = []
        try:
            facts = [*await provider.reconcile(since - OVERLAP, until)]
        except ProviderError as error:
            failures.append(f"{provider.name}: {error}")
        for fact in facts:
            try:
                await take(cashier, provider.name, [fact])
                seen += 1
            except NotYet:
                # What does not say whose it is, and is about no payment that is known here.
                continue
            except Refused as error:
                failures.append(f"{provider.name}: {error}")
    orders = await cashier.store.unfinished()
    for order in orders:
        failures += await _finish(cashier, order.id)
    await expire_due(cashier)
    for failure in failures:
        LOG.warning("not reconciled: %s", failure)
    return Reconciled(facts=seen, orders=len(orders), failures=tuple(failures))


async def _finish(cashier: Cashier, order: UUID) -> list[str]:
    """Ask about one order's payments, and send its refunds."""
    failures = []
    try:
        await returned(cashier, order)
        sale = await cashier.get(order)
        for refund in sale.refunds:
            way = sale.payment(refund.payment).provider
            begun = refund.state == "created" and refund.tried_at is not None
            if begun and way in cashier.providers:
                await send_refund(cashier, order, refund.number)
    except (ProviderError, Refused, NotYet) as error:
        failures.append(f"{order}: {error}")
    return failures
