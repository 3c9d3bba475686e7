"""Describe products and prices as every floor above sees them."""

from datetime import datetime
from typing import Annotated, Literal, TypeAlias
from uuid import UUID

import msgspec

from kundelik_core.sdk.text import Text

__all__ = [
    "Audience",
    "Interval",
    "Listed",
    "Price",
    "Product",
    "ProductKind",
    "ScopeSchema",
    "Sibling",
]

ProductKind: TypeAlias = Literal["feature", "content", "seat_licence"]
Interval: TypeAlias = Literal["once", "month", "quarter", "year", "school_year"]
Audience: TypeAlias = Literal["parent", "school"]
_Positive: TypeAlias = Annotated[int, msgspec.Meta(ge=1, le=1_000_000_000_000)]
_BasisPoints: TypeAlias = Annotated[int, msgspec.Meta(ge=0, le=10_000)]


class ScopeSchema(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which part of a feature can be bought: nothing but all of it, or by subject.

    ``required``: only a part, never all of it at once.
    """

    by: Literal["", "subject"] = ""
    required: bool = False


class Product(msgspec.Struct, frozen=True, kw_only=True):
    """What can be sold; ``sku`` is ``plugin.key``. Without a vendor it is our own."""

    sku: str
    plugin: str
    kind: ProductKind
    feature: str
    title: Text
    scopes: ScopeSchema = ScopeSchema()
    vendor: str = ""
    retired_at: datetime | None = None


class Sibling(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a family pays from its nth child on: a share of the price, or an amount of its own."""

    nth: Annotated[int, msgspec.Meta(ge=2, le=20)]
    percent_bp: _BasisPoints | None = None
    amount_minor: _Positive | None = None

    def __post_init__(self) -> None:
        """Refuse a rule that says both or nothing."""
        if (self.percent_bp is None) is (self.amount_minor is None):
            raise ValueError("a sibling's price is a share or an amount, one of them")


class Price(msgspec.Struct, frozen=True, kw_only=True):
    """What a product costs for a time; tax is inside, the commission is a share of the rest."""

    sku: str
    currency: Annotated[str, msgspec.Meta(pattern=r"^[A-Z]{3}$")]
    amount_minor: _Positive
    interval: Interval
    audience: Audience
    valid_from: datetime
    id: UUID | None = None
    tax_bp: _BasisPoints = 0
    commission_bp: _BasisPoints = 0
    siblings: tuple[Sibling, ...] = ()
    valid_to: datetime | None = None


class Listed(msgspec.Struct, frozen=True, kw_only=True):
    """A product with the prices of a moment."""

    product: Product
    prices: tuple[Price, ...]
