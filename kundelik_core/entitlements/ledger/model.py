"""Describe a sale and the month's report as every floor above sees them."""

from datetime import datetime
from typing import Literal, TypeAlias
from uuid import UUID

import msgspec

from kundelik_core.entitlements.ledger.rules import Position, Split

__all__ = [
    "AccountLine",
    "Entry",
    "Loss",
    "MonthReport",
    "Sale",
    "Till",
    "TxnKind",
    "VendorBalance",
]

Till: TypeAlias = Literal["cash", "receivable"]
"""Where money is: with us, or still with the provider who collected it."""

TxnKind: TypeAlias = Literal[
    "sale", "unplaced", "settled", "refund", "returned", "return_failed", "absorbed",
    "dispute_opened", "dispute_won", "dispute_lost", "payout", "payout_failed",
    "payout_returned", "fee",
]  # fmt: skip


class Sale(msgspec.Struct, frozen=True, kw_only=True):
    """A paid line of an order. Without an entitlement its money is owed back in full."""

    order_ref: str
    sku: str
    vendor: str
    currency: str
    amount_minor: int
    vendor_left: int
    commission_left: int
    tax_left: int
    refunded_minor: int
    returned_minor: int
    absorbed_minor: int
    held_minor: int
    charged_minor: int
    dispute_ref: str | None
    entitlement_id: UUID | None
    sold_at: datetime
    matures_at: datetime

    @property
    def position(self) -> Position:
        """Return the money of it."""
        return Position(
            amount=self.amount_minor,
            left=Split(self.vendor_left, self.commission_left, self.tax_left),
            refunded=self.refunded_minor,
            returned=self.returned_minor,
            absorbed=self.absorbed_minor,
            held=self.held_minor,
            charged=self.charged_minor,
            dispute=self.dispute_ref,
        )


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """One leg of a transaction."""

    txn: UUID
    kind: TxnKind
    account: str
    amount_minor: int
    currency: str
    order_ref: str | None
    vendor: str
    created: datetime


class VendorBalance(msgspec.Struct, frozen=True, kw_only=True):
    """What a vendor has with us: all of it, and what may be paid out now (below zero: carried)."""

    vendor: str
    currency: str
    payable_minor: int
    matured_minor: int
    paid_out_minor: int


class Loss(msgspec.Struct, frozen=True, kw_only=True):
    """What went back twice of one sale, by a bank's hand and by ours: borne by the operator."""

    school_id: int
    order_ref: str
    currency: str
    losses: int
    latest: datetime


class AccountLine(msgspec.Struct, frozen=True, kw_only=True):
    """An account over a month."""

    account: str
    opening_minor: int
    moved: dict[str, int]
    closing_minor: int


class MonthReport(msgspec.Struct, frozen=True, kw_only=True):
    """A month of one school in one currency; every value of ``differences`` must be zero."""

    year: int
    month: int
    currency: str
    lines: tuple[AccountLine, ...]
    differences: dict[str, int]

    @property
    def is_right(self) -> bool:
        """Tell whether nothing is missing and nothing is too much."""
        return not any(self.differences.values())
