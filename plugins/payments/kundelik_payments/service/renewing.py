"""Let a payer end what renews itself, leave the summer out, or change the card."""

from collections.abc import Awaitable, Callable
from datetime import datetime

from kundelik_payments.domain.refused import Refused
from kundelik_payments.domain.subscribing import Subscription, reminded, reminder_due
from kundelik_payments.providers.spi import Redirect, Renews, SubscriptionFact
from kundelik_payments.service.cashier import Cashier
from kundelik_payments.service.facts import take

__all__ = ["end_renewal", "pause", "portal", "remind"]


async def end_renewal(cashier: Cashier, known: Subscription) -> None:
    """Let it end with what is paid, at one click; again is no harm.

    Raises:
        ProviderError: it could not be told; nothing was changed.
        Refused: this does not renew itself.
    """
    key = f"end-{known.reference}-{int(known.period_end.timestamp())}"
    await _tell(cashier, known, lambda provider: provider.end_renewal(known.reference, key))


async def pause(cashier: Cashier, known: Subscription, until: datetime | None) -> None:
    """Take no payments until then; None takes them up again.

    Raises:
        ProviderError: it could not be told; nothing was changed.
        Refused: this does not renew itself.
    """
    moment = int(cashier.clock.now().timestamp())
    wanted = int(until.timestamp()) if until else 0
    key = f"pause-{known.reference}-{wanted}-{moment}"
    await _tell(cashier, known, lambda provider: provider.pause(known.reference, until, key))


async def portal(cashier: Cashier, known: Subscription, return_url: str) -> Redirect:
    """Return the provider's page where the payer changes the card.

    Raises:
        ProviderError: it did not answer well.
        Refused: this does not renew itself.
    """
    return await _provider(cashier, known).portal(known.reference, return_url)


async def remind(cashier: Cashier, known: Subscription) -> bool:
    """Note that the payer is reminded of the next payment; each period once."""
    if not reminder_due(known, cashier.clock.now()):
        return False
    await cashier.store.put_subscription(reminded(known))
    return True


async def _tell(
    cashier: Cashier,
    known: Subscription,
    call: Callable[[Renews], Awaitable[SubscriptionFact]],
) -> None:
    fact = await call(_provider(cashier, known))
    await take(cashier, known.provider, [fact])


def _provider(cashier: Cashier, known: Subscription) -> Renews:
    found: object = None
    if known.provider in cashier.providers:
        found = cashier.providers.get(known.provider)
    if not isinstance(found, Renews):
        raise Refused("no-renewal", "This does not renew itself.")
    return found
