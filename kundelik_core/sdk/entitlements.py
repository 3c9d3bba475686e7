"""Let a plugin tell the core what money did, and so what a family or a school is entitled to.

A plugin never writes an entitlement. It asks, within a transaction of its own (``ctx.wishes``), so
that its order and the wish are saved together or not at all. The core fulfils wishes in the order
in which they were asked, each once, as soon as the handler is done; what came of one stands in
``core_api.wish_v1``. What is in force stands in ``core_api.entitlement_v1``: one row for each
stretch of time, without a word on whether it was paid, given or won. Where ``only_for`` is not
null, it serves that guardian and the pupil, and is to be shown to nobody else.

``ref`` names what a wish is about, such as an order's line; the same wish asked again is one wish.
"""

from typing import Literal, TypeAlias
from uuid import UUID

import msgspec

__all__ = [
    "Absorbed",
    "Bought",
    "Credited",
    "DisputeLost",
    "DisputeOpened",
    "DisputeWon",
    "Refunded",
    "RenewalEnded",
    "ReturnFailed",
    "Returned",
    "Till",
    "Wish",
]

Till: TypeAlias = Literal["cash", "receivable"]
"""Where money is booked: it has come, or an invoice says that it will."""


class _Wish(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """Something asked of the core."""

    ref: str


class Bought(_Wish, frozen=True, kw_only=True):
    """A line was paid: grant what it is for. Plugins of the kind ``payment`` only.

    ``price_id`` is that of a ``ListedPrice``: vendor, tax, commission and interval are the
    catalogue's. ``amount_minor`` is what was paid; ``intervals`` how many times the price's length.
    Without ``student_id`` it is for the whole school, with ``seats`` for so many of its pupils.
    ``renews`` adds days of grace in which the next period may be paid, ``skip_summer`` leaves the
    time between school years out.
    """

    price_id: UUID
    amount_minor: int
    intervals: int = 1
    student_id: UUID | None = None
    holder_id: UUID | None = None
    scope: str = "*"
    seats: int | None = None
    renews: bool = False
    skip_summer: bool = False
    till: Till = "cash"


class Refunded(_Wish, frozen=True, kw_only=True):
    """Money is to go back: all that is left, or ``amount_minor`` of it. ``cause`` counts once.

    All of it ends what was granted; a part shortens it in proportion, or leaves it (``keep``).
    """

    cause: str
    amount_minor: int | None = None
    policy: Literal["shorten", "keep"] = "shorten"


class Returned(_Wish, frozen=True, kw_only=True):
    """Money has gone back, by whose hand ever; this alone ends nothing. ``cause`` counts once."""

    cause: str
    amount_minor: int
    till: Till = "cash"


class ReturnFailed(_Wish, frozen=True, kw_only=True):
    """Money that was told as ``Returned`` is here again, and owed; say a refund failed in the end.

    ``absorbed``: it was borne by the operator, and nobody is owed it. ``cause`` counts once.
    """

    cause: str
    amount_minor: int
    absorbed: bool = False
    till: Till = "cash"


class Absorbed(_Wish, frozen=True, kw_only=True):
    """What went back without a decision is borne by the operator; the family keeps what it has."""

    cause: str


class DisputeOpened(_Wish, frozen=True, kw_only=True):
    """The payer's bank has taken money back for now: suspend what it paid for."""

    dispute: str
    amount_minor: int


class DisputeWon(_Wish, frozen=True, kw_only=True):
    """The money came back: restore what was suspended, with the time that was lost."""

    dispute: str


class DisputeLost(_Wish, frozen=True, kw_only=True):
    """The money is gone for good: end what it paid for."""

    dispute: str


class RenewalEnded(_Wish, frozen=True, kw_only=True):
    """No further period will be paid: no grace follows the last one."""


class Credited(_Wish, frozen=True, kw_only=True):
    """Give days back on which there was nothing to show; any plugin, for its own features.

    They are added to what is granted to the pupil for this feature and scope and was last in force;
    where nothing was ever granted, the wish is refused. ``ref`` counts once for each pupil.
    """

    student_id: UUID
    feature: str
    days: int
    scope: str = "*"


Wish: TypeAlias = (
    Bought
    | Refunded
    | Returned
    | ReturnFailed
    | Absorbed
    | DisputeOpened
    | DisputeWon
    | DisputeLost
    | RenewalEnded
    | Credited
)
"""Everything that can be asked."""
