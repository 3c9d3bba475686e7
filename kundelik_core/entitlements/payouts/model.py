"""Describe payouts to vendors as every floor above sees them."""

from datetime import date, datetime
from typing import Annotated, Literal, TypeAlias
from uuid import UUID

import msgspec

__all__ = [
    "BY_HAND",
    "Due",
    "PaidByHand",
    "Payee",
    "Payout",
    "PayoutState",
    "Return",
    "Settled",
    "Underway",
]

BY_HAND = ""
"""The method of what somebody hands over: a bank transfer, a signature."""

PayoutState: TypeAlias = Literal["open", "begun", "paid", "failed"]
"""Open: nobody has been asked. Begun: a way to pay has been, and may have paid."""


class Payee(msgspec.Struct, frozen=True, kw_only=True):
    """How a vendor is paid: by a way to pay, or by hand; less than ``least_minor`` waits.

    ``account_id`` is who may see what the vendor is owed and was paid.
    """

    vendor: Annotated[str, msgspec.Meta(min_length=1, max_length=60)]
    method: Annotated[str, msgspec.Meta(max_length=30)] = BY_HAND
    destination: Annotated[str, msgspec.Meta(max_length=200)] = ""
    least_minor: Annotated[int, msgspec.Meta(ge=0, le=10**12)] = 0
    account_id: UUID | None = None
    since: datetime | None = None


class Payout(msgspec.Struct, frozen=True, kw_only=True):
    """What one school's sales have earned for a vendor, as it was decided on a day."""

    id: UUID
    batch: date
    vendor: str
    currency: str
    amount_minor: int
    method: str
    destination: str
    state: PayoutState
    known: str
    reason: str
    tries: int
    returned_minor: int
    confirmation: UUID | None
    made_at: datetime
    listed_at: datetime


class Return(msgspec.Struct, frozen=True, kw_only=True):
    """What is asked back of a payout, as its vendor owes more than its sales will earn."""

    id: UUID
    payout_id: UUID
    amount_minor: int
    state: Literal["begun", "done", "failed"]
    tries: int
    method: str
    known: str


class Due(msgspec.Struct, frozen=True, kw_only=True):
    """What a vendor has in one school; below zero it owes that to the operator."""

    school_id: int
    vendor: str
    currency: str
    payable: int
    matured: int
    paid_out: int


class Underway(msgspec.Struct, frozen=True, kw_only=True):
    """A payout, or with ``back`` something asked back of one, that has not come to an end."""

    school_id: int
    id: UUID
    back: bool
    vendor: str
    currency: str
    amount_minor: int
    method: str
    destination: str
    state: str
    reason: str
    listed_at: datetime


class Settled(msgspec.Struct, frozen=True, kw_only=True):
    """Payouts of one day to one vendor, over all schools, that came to the same end."""

    vendor: str
    currency: str
    batch: date
    method: str
    destination: str
    state: str
    payouts: int
    amount_minor: int
    returned_minor: int
    reason: str
    settled_at: datetime


class PaidByHand(msgspec.Struct, frozen=True, kw_only=True):
    """One transfer by which somebody paid all that stood on the list until a moment."""

    id: UUID
    vendor: str
    currency: str
    amount_minor: int
    listed_until: datetime
    paid_at: datetime
    paid_by: UUID | None
    done_at: datetime | None
    returned_at: datetime | None
    undone_at: datetime | None
