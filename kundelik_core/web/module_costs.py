"""Say what a module costs, to a head teacher who is about to switch it on: the prices of today."""

from collections import defaultdict
from collections.abc import Mapping

from kundelik_core.entitlements.catalogue import entry
from kundelik_core.entitlements.catalogue.queries import on_sale
from kundelik_core.kernel import clock
from kundelik_core.kernel.i18n import _, current_locale
from kundelik_core.web.offer_titles import AUDIENCES, INTERVALS, text_of

__all__ = ["Line", "module_prices"]

Line = dict[str, str]


async def module_prices() -> Mapping[str, list[Line]]:
    """Return the prices in force by module: what for, how much, for whom; nothing where none is."""
    locale = current_locale()
    found: defaultdict[str, list[Line]] = defaultdict(list)
    for listed in await on_sale(clock.now()):
        for price in listed.prices:
            amount = entry.money_text(price.amount_minor, price.currency)
            found[listed.product.plugin].append(
                {
                    "title": text_of(listed.product.title, locale),
                    "price": f"{amount} {_(INTERVALS[price.interval])}",
                    "whom": _(AUDIENCES[price.audience]),
                }
            )
    return found
