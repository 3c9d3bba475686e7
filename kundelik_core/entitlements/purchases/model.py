"""Describe purchases, offers and what is owed back as every floor above sees them."""

from datetime import datetime
from typing import Literal, TypeAlias
from uuid import UUID

import msgspec

from kundelik_core.entitlements.catalogue.model import Interval, Price, Product
from kundelik_core.entitlements.ledger.model import Sale, Till
from kundelik_core.entitlements.model import EVERYTHING, Granted
from kundelik_core.entitlements.rules import Span
from kundelik_core.entitlements.terms import Term
from kundelik_core.sdk.text import Text

__all__ = ["Inert", "InertReason", "Offer", "OfferedPrice", "Policy", "Purchase", "Sold"]

Policy: TypeAlias = Literal["shorten", "keep"]
"""What a refund of a part does to the time: shortens it in proportion, or leaves it."""

InertReason: TypeAlias = Literal["no-guardianship", "left", "disabled"]


class Purchase(msgspec.Struct, frozen=True, kw_only=True):
    """A paid line of an order: for whom, for how long, and what was paid.

    ``order_ref`` names the line, or a subscription's invoice; it is booked once. ``rests`` are the
    summers that the family leaves out; ``zone`` is the school's.
    """

    order_ref: str
    sku: str
    feature: str
    vendor: str
    currency: str
    amount_minor: int
    tax_bp: int
    commission_bp: int
    term: Term
    zone: str
    holder: UUID | None = None
    pupil: UUID | None = None
    scope: str = EVERYTHING
    seats: int | None = None
    rests: tuple[Span, ...] = ()
    till: Till = "cash"

    @classmethod
    def of(
        cls, product: Product, price: Price, *, order_ref: str, amount_minor: int, term: Term,
        zone: str, holder: UUID | None = None, pupil: UUID | None = None, scope: str = EVERYTHING,
        seats: int | None = None, rests: tuple[Span, ...] = (), till: Till = "cash",
    ) -> "Purchase":  # fmt: skip
        """Return the purchase of a product at a price; the amount is what this child pays."""
        return cls(
            order_ref=order_ref, sku=product.sku, feature=product.feature, vendor=product.vendor,
            currency=price.currency, amount_minor=amount_minor, tax_bp=price.tax_bp,
            commission_bp=price.commission_bp, term=term, zone=zone, holder=holder, pupil=pupil,
            scope=scope, seats=seats, rests=rests, till=till,
        )  # fmt: skip


class Sold(msgspec.Struct, frozen=True, kw_only=True):
    """What a payment led to; without a grant the money is owed back, and ``reason`` says why."""

    sale: Sale
    granted: Granted | None
    reason: str = ""


class OfferedPrice(msgspec.Struct, frozen=True, kw_only=True):
    """A price for this child, and the time that it would buy."""

    price: Price
    interval: Interval
    currency: str
    amount_minor: int
    begins: datetime
    ends: datetime | None


class Offer(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody can be offered for a child; ``refusal`` is the code why nothing can be bought.

    ``until``: it is in force to that moment, ``renews``: and a subscription goes on behind it.
    """

    sku: str
    title: Text
    feature: str
    prices: tuple[OfferedPrice, ...]
    nth: int
    in_force: bool
    until: datetime | None
    renews: bool
    refusal: str = ""


class Inert(msgspec.Struct, frozen=True, kw_only=True):
    """Something paid for that cannot be used any more, and what may be given back for it."""

    order_ref: str
    entitlement: UUID
    holder: UUID
    reason: InertReason
    since: datetime
    currency: str
    owed_minor: int
