"""Lead a payer to where an order is paid, and say what went wrong on the way."""

from typing import Final

from kundelik_core.sdk import Away, Json, PluginContext
from kundelik_payments.domain.desk import CASH
from kundelik_payments.domain.model import Order
from kundelik_payments.domain.money import shown
from kundelik_payments.domain.refused import Refused
from kundelik_payments.pages.words import trouble_of
from kundelik_payments.providers.registry import Providers
from kundelik_payments.providers.spi import ProviderError, Redirect
from kundelik_payments.service.cashier import LOG, Cashier
from kundelik_payments.service.checkout import Way, start

__all__ = ["REMEMBER", "SLOW", "go_to_pay", "ways"]

REMEMBER: Final = "invoice"
"""The way whose payment comes by itself, days later."""

SLOW: Final = frozenset({REMEMBER, CASH})
"""The ways whose payment takes days: their orders are held longer."""

_OVER: Final = frozenset({"not-payable", "nothing-to-pay"})


async def go_to_pay(ctx: PluginContext, cashier: Cashier, order: Order, way: str) -> Away | str:
    """Begin a payment; return where to go, or what the address of the order's page is to say."""
    back = f"{ctx.address}/x/payments/back/{order.public_id}"
    try:
        action = await start(
            cashier,
            order.id,
            way,
            Way(return_url=back, cancel_url=f"{back}?left=1", locale=ctx.i18n.locale),
        )
    except Refused as error:
        return "?trouble=over" if error.code in _OVER else "?trouble=amount"
    except LookupError:
        return "?trouble=declined"
    except ProviderError as error:
        LOG.warning("%s cannot be begun by %s: %s", order.id, way, error)
        return f"?trouble={trouble_of(error)}"
    return Away(url=action.url) if isinstance(action, Redirect) else ""


def ways(
    ctx: PluginContext, providers: Providers, minor: int, currency: str, chosen: str
) -> list[dict[str, Json]]:
    """Return the ways to pay, with the reason where one does not take this amount."""
    found: list[dict[str, Json]] = []
    for one in providers:
        if currency not in one.terms.currencies:
            continue
        least = one.terms.min_minor.get(currency, 0)
        most = one.terms.max_minor.get(currency)
        found.append(
            {
                "name": one.name,
                "title": one.title.of(ctx.i18n.locale),
                "able": not minor or one.terms.takes(minor, currency),
                "least": shown(least, currency) if minor < least else "",
                "most": shown(most, currency) if most is not None and minor > most else "",
                "recurring": one.capabilities.recurring,
                "days": one.name == REMEMBER,
                "desk": one.name == CASH,
                "chosen": one.name == chosen,
            }
        )
    able = [one for one in found if one["able"]]
    if able and not any(one["chosen"] for one in able):
        able[0]["chosen"] = True
    return found
