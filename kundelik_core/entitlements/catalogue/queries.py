"""Read products and prices.

They are in the directory: ask before a school's ``tenant()`` is opened, never inside it.
"""

from collections import defaultdict
from collections.abc import Mapping
from datetime import datetime
from typing import Final
from uuid import UUID

import msgspec

from kundelik_core.entitlements.catalogue.model import (
    Audience,
    Listed,
    Price,
    Product,
    ScopeSchema,
    Sibling,
)
from kundelik_core.entitlements.catalogue.rules import prices_at
from kundelik_core.kernel.db import directory
from kundelik_core.kernel.errors import Problem
from kundelik_core.kernel.i18n import N_
from kundelik_core.sdk.text import Text

__all__ = ["listed", "on_sale", "price_by_id", "price_history", "product_of", "products"]

_PRODUCT: Final = (
    "p.sku, p.plugin, p.kind, p.feature, p.title_kk, p.title_ru, p.title_en, p.scope_schema, "
    "p.vendor, p.retired_at"
)
_PRICE: Final = (
    "c.id, c.sku, c.currency, c.amount_minor, c.interval, c.audience, c.tax_bp, c.commission_bp, "
    "c.siblings, c.valid_from, c.valid_to"
)


async def products(*, retired: bool = False) -> list[Product]:
    """Return what is sold, with ``retired`` also what was."""
    rows = await directory().fetch(
        f"select {_PRODUCT} from directory.product p "
        "where $1::boolean or p.retired_at is null order by p.sku",
        retired,
    )
    return [_product(row) for row in rows]


async def product_of(sku: str) -> Product:
    """Return one product, retired or not.

    Raises:
        Problem: there is none.
    """
    row = await directory().fetchrow(
        f"select {_PRODUCT} from directory.product p where p.sku = $1", sku
    )
    if row is None:
        raise Problem("no-such-product", N_("There is no such product."), status=404)
    return _product(row)


async def listed(sku: str, audience: Audience, at: datetime) -> Listed:
    """Return a product with the prices that hold for somebody now; a retired one has none.

    Raises:
        Problem: there is no such product.
    """
    product = await product_of(sku)
    if product.retired_at is not None and product.retired_at <= at:
        return Listed(product=product, prices=())
    return Listed(product=product, prices=prices_at(await price_history(sku), audience, at))


async def price_by_id(price: UUID) -> tuple[Product, Price]:
    """Return a price and what it is of, whether they still hold or not.

    Raises:
        Problem: there is none.
    """
    row = await directory().fetchrow(
        f"select {_PRICE} from directory.price c where c.id = $1", price
    )
    if row is None:
        raise Problem("no-such-price", N_("There is no such price."), status=404)
    return await product_of(str(row["sku"])), _price(row)


async def on_sale(at: datetime) -> list[Listed]:
    """Return everything that is sold, each product with the prices of a moment for all."""
    rows = await directory().fetch(
        f"select {_PRICE} from directory.price c where c.valid_from <= $1 "
        "and (c.valid_to is null or c.valid_to > $1) "
        "order by c.sku, c.audience, c.amount_minor, c.interval",
        at,
    )
    prices: defaultdict[str, list[Price]] = defaultdict(list)
    for row in rows:
        prices[str(row["sku"])].append(_price(row))
    return [Listed(product=one, prices=tuple(prices[one.sku])) for one in await products()]


async def price_history(sku: str) -> list[Price]:
    """Return every price that a product has had, the first first."""
    rows = await directory().fetch(
        f"select {_PRICE} from directory.price c where c.sku = $1 order by c.valid_from, c.id", sku
    )
    return [_price(row) for row in rows]


def _product(row: Mapping[str, object]) -> Product:
    fields = dict(row)
    title = Text(**{code: str(fields.pop(f"title_{code}")) for code in ("kk", "ru", "en")})
    scopes = msgspec.json.decode(str(fields.pop("scope_schema")), type=ScopeSchema)
    return msgspec.convert(fields | {"title": title, "scopes": scopes}, Product)


def _price(row: Mapping[str, object]) -> Price:
    siblings = msgspec.json.decode(str(row["siblings"]), type=tuple[Sibling, ...])
    return msgspec.convert(dict(row) | {"siblings": siblings}, Price)
