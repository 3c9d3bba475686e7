"""Hold what can be bought, as plugins see it: their own products with the prices in force.

Prices change a few times a year and are asked for with every call, so each process keeps them. It
reads them anew when it hears of a change, and from time to time in case it did not.
"""

import asyncio
import logging
import time
from collections.abc import Collection
from typing import Final

import asyncpg

from kundelik_core.entitlements.catalogue import model, news
from kundelik_core.entitlements.catalogue.actions import declare_products
from kundelik_core.entitlements.catalogue.queries import on_sale
from kundelik_core.kernel import clock
from kundelik_core.kernel.hub import Hub
from kundelik_core.plugins.database.grants import asking_of
from kundelik_core.plugins.registry import Registry
from kundelik_core.sdk import Listed, ListedPrice, Product, Sibling

__all__ = ["Shelf", "declare"]

_KEPT: Final = 60.0
_KEPT_ALONE: Final = 5.0
_FAILURES: Final = (OSError, RuntimeError, asyncpg.PostgresError, asyncpg.InterfaceError)

_log = logging.getLogger(__name__)


async def declare(registry: Registry) -> None:
    """Write the products of the plugins that run into the catalogue; none is ever taken out.

    Whose they are, and whether they are still sold, is the operator's to say.
    """
    wanted = [
        model.Product(
            sku=one.sku, plugin=name, kind=one.kind, feature=one.feature, title=one.title,
            scopes=model.ScopeSchema(by=one.by, required=one.required),
        )
        for name, loaded in registry.loaded.items()
        for one in loaded.declared.products
    ]  # fmt: skip
    if not wanted:
        return
    try:
        await declare_products(wanted)
    except _FAILURES as error:
        # The start goes on with what the catalogue has.
        _log.warning("products could not be written into the catalogue: %s", error)


class Shelf:
    """What this process knows of the catalogue; ``start`` it, and ``close`` it at the end."""

    def __init__(self, registry: Registry) -> None:
        self._kinds = {
            name: asking_of(one.manifest) for name, one in registry.loaded.items()
        }  # fmt: skip
        self._items: tuple[Listed, ...] = ()
        self._read = 0.0
        self._hub: Hub | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    async def start(self, hub: Hub | None) -> None:
        """Read the catalogue and hear of changes; where nobody can sell, nothing is read."""
        if not any(self._kinds.values()):
            return
        news.listeners.append(self.read)
        if hub is not None:
            self._hub = hub
            hub.subscribe(news.CHANNEL, lambda _payload: self._soon())
        await self.read()

    def close(self) -> None:
        """Hear of nothing any more."""
        if self.read in news.listeners:
            news.listeners.remove(self.read)
        for task in self._tasks:
            task.cancel()

    async def read(self) -> None:
        """Read the catalogue anew; what is known stays when that fails."""
        begun = time.monotonic()
        try:
            found = await on_sale(clock.now())
        except _FAILURES as error:
            _log.warning("the catalogue could not be read: %s", error)
        else:
            self._items = tuple(_listed(one) for one in found)
        self._read = begun

    def of(self, plugin: str, on: Collection[str]) -> tuple[Listed, ...]:
        """Return a plugin's own products, or all for one that takes money, of plugins ``on``."""
        kind = self._kinds.get(plugin)
        if not kind:
            return ()
        self._look_after()
        return tuple(
            one
            for one in self._items
            if one.plugin in on and (kind == "money" or one.plugin == plugin)
        )

    def _look_after(self) -> None:
        kept = _KEPT if self._hub is not None and self._hub.connected else _KEPT_ALONE
        if time.monotonic() - self._read > kept and not self._tasks:
            self._soon()

    def _soon(self) -> None:
        task = asyncio.get_running_loop().create_task(self.read())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


def _listed(one: model.Listed) -> Listed:
    product = one.product
    return Listed(
        product=Product(
            sku=product.sku, feature=product.feature, title=product.title, kind=product.kind,
            by=product.scopes.by, required=product.scopes.required,
        ),
        plugin=product.plugin,
        vendor=product.vendor,
        prices=tuple(_price(price) for price in one.prices if price.id is not None),
    )  # fmt: skip


def _price(price: model.Price) -> ListedPrice:
    assert price.id is not None
    return ListedPrice(
        id=price.id, currency=price.currency, amount_minor=price.amount_minor,
        interval=price.interval, audience=price.audience, valid_from=price.valid_from,
        tax_bp=price.tax_bp,
        siblings=tuple(
            Sibling(nth=s.nth, percent_bp=s.percent_bp, amount_minor=s.amount_minor)
            for s in price.siblings
        ),
    )  # fmt: skip
