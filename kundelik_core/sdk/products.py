"""Name what of a plugin can be bought. Prices are the operator's data and never stand in code."""

from datetime import datetime
from typing import Literal, TypeAlias
from uuid import UUID

import msgspec

from kundelik_core.sdk.text import Text

__all__ = [
    "Audience",
    "Interval",
    "Listed",
    "ListedPrice",
    "Product",
    "ProductKind",
    "Sibling",
]

ProductKind: TypeAlias = Literal["feature", "content", "seat_licence"]
"""What is sold: a feature for a pupil, a piece of content, or a number of seats for a school."""

Interval: TypeAlias = Literal["once", "month", "quarter", "year", "school_year"]
"""For how long one price buys."""

Audience: TypeAlias = Literal["parent", "school"]
"""Who can buy at a price."""


class Product(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that can be bought. ``sku`` and ``feature`` begin with the plugin's name.

    ``feature`` is what it opens, as rows of ``core_api.entitlement_v1`` name it. ``by`` says
    whether a part of it can be bought, ``required`` that only a part can.
    """

    sku: str
    feature: str
    title: Text
    kind: ProductKind = "feature"
    by: Literal["", "subject"] = ""
    required: bool = False


class Sibling(msgspec.Struct, frozen=True, kw_only=True):
    """What a family pays from its nth child on: a share in hundredths of a percent, or an amount.

    One of the two is set.
    """

    nth: int
    percent_bp: int | None = None
    amount_minor: int | None = None


class ListedPrice(msgspec.Struct, frozen=True, kw_only=True):
    """A price that is in force, in hundredths of the currency's unit (tiyn), tax included."""

    id: UUID
    currency: str
    amount_minor: int
    interval: Interval
    audience: Audience
    valid_from: datetime
    tax_bp: int = 0
    siblings: tuple[Sibling, ...] = ()


class Listed(msgspec.Struct, frozen=True, kw_only=True):
    """A product with the prices of this moment; without one it cannot be bought."""

    product: Product
    plugin: str
    vendor: str = ""
    prices: tuple[ListedPrice, ...] = ()
