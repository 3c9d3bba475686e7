"""Hold an order and all that happened to its money; values that are replaced, never changed."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from kundelik_core.sdk import Interval

__all__ = [
    "Access",
    "Act",
    "ActKind",
    "Dispute",
    "DisputeState",
    "Entry",
    "EntryKind",
    "Order",
    "OrderLine",
    "OrderState",
    "Payment",
    "PaymentState",
    "Receipt",
    "ReceiptKind",
    "Refund",
    "RefundSource",
    "RefundState",
    "Right",
    "Sale",
    "Told",
    "ToldDispute",
]


class OrderState(StrEnum):
    """Where an order stands."""

    PENDING = "pending"
    PAID = "paid"
    EXPIRED = "expired"
    CANCELLED = "cancelled"


class PaymentState(StrEnum):
    """Where one attempt to pay stands; ``refunded`` when all of it went back."""

    CREATED = "created"
    PENDING = "pending"
    CONFIRMED = "confirmed"
    FAILED = "failed"
    CANCELED = "canceled"
    REFUNDED = "refunded"


class RefundState(StrEnum):
    """Where money on its way back stands; ``external`` waits for a person's decision."""

    EXTERNAL = "external"
    CREATED = "created"
    TRANSIT = "transit"
    DONE = "done"
    FAILED = "failed"
    CANCELED = "canceled"


class RefundSource(StrEnum):
    """Who wanted the money back; ``unused`` is a family's that could not use it any more."""

    BUYER = "buyer"
    ADMIN = "admin"
    EXTERNAL = "external"
    UNUSED = "unused"


class DisputeState(StrEnum):
    """Where a complaint at the payer's bank stands; an inquiry has moved no money yet."""

    INQUIRY = "inquiry"
    OPEN = "open"
    WON = "won"
    LOST = "lost"


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderLine:
    """One thing that is bought, at the price of that moment.

    ``price_id`` is the catalogue's; what that price buys once, is bought ``intervals`` times.
    ``months`` is how long that is, or 0 where it is not counted in months. ``forgotten``: whom it
    was for is not known any more.
    """

    number: int
    sku: str
    title: str
    price_minor: int
    feature: str
    price_id: UUID
    interval: Interval = "month"
    intervals: int = 1
    months: int = 1
    student: UUID | None = None
    scope: str = "*"
    quantity: int = 1
    vendor: str = ""
    tax_bp: int = 0
    cancelled_at: datetime | None = None
    forgotten: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What somebody wants to buy; outside it is known by its ``reference`` alone.

    ``payer`` is None once that person was forgotten, while the law keeps the papers.
    """

    id: UUID
    public_id: str
    school_id: int
    payer: UUID | None
    currency: str
    placed_at: datetime
    expires_at: datetime
    lines: tuple[OrderLine, ...]
    state: OrderState = OrderState.PENDING
    paid_at: datetime | None = None
    renews: bool = False
    renewal_ended_at: datetime | None = None
    skip_summer: bool = False
    test: bool = False

    @property
    def reference(self) -> str:
        """Return what providers call it: the school's number leads their messages here."""
        return f"{self.school_id}-{self.public_id}"

    @property
    def total_minor(self) -> int:
        return sum(line.price_minor for line in self.lines)

    def line(self, number: int) -> OrderLine:
        return next(line for line in self.lines if line.number == number)


@dataclass(frozen=True, slots=True, kw_only=True)
class Payment:
    """One attempt to pay. ``attempt`` counts the idempotency keys that were used up."""

    number: int
    provider: str
    amount_minor: int
    created_at: datetime
    state: PaymentState = PaymentState.CREATED
    attempt: int = 1
    tried_at: datetime | None = None
    reference: str | None = None
    received_minor: int = 0
    confirmed_at: datetime | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Refund:
    """Money back. ``parts`` says for which lines; ``extra`` was owed without any.

    ``gifts`` is what was given back, by lines, although the payer keeps what it was paid for.
    """

    number: int
    payment: int
    amount_minor: int
    source: RefundSource
    created_at: datetime
    state: RefundState = RefundState.CREATED
    parts: tuple[tuple[int, int], ...] = ()
    gifts: tuple[tuple[int, int], ...] = ()
    attempt: int = 1
    tried_at: datetime | None = None
    reference: str | None = None
    accepted_at: datetime | None = None
    done_at: datetime | None = None
    reason: str = ""

    @property
    def goodwill_minor(self) -> int:
        return sum(minor for _, minor in self.gifts)

    @property
    def extra_minor(self) -> int:
        return self.amount_minor - self.goodwill_minor - sum(minor for _, minor in self.parts)


@dataclass(frozen=True, slots=True, kw_only=True)
class Dispute:
    """A complaint about a payment at the payer's bank."""

    reference: str
    payment: int
    amount_minor: int
    opened_at: datetime
    state: DisputeState
    closed_at: datetime | None = None


class EntryKind(StrEnum):
    """What an entry of the log says; see ``SIGNS`` in ``log`` for what it adds to."""

    SOLD = "sold"
    UNSOLD = "unsold"
    PAID = "paid"
    REFUNDED = "refunded"
    RETURNED = "returned"
    CHARGED_BACK = "charged_back"
    WON_BACK = "won_back"


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """What changed, told once and never again touched: orders change, this stays."""

    number: int
    at: datetime
    kind: EntryKind
    amount_minor: int
    line: int | None = None
    payment: int | None = None
    refund: int | None = None


class ActKind(StrEnum):
    """What somebody at the school's desk did."""

    CASH = "cash"
    HANDED = "handed"
    REFUND = "refund"
    OWED = "owed"
    BY_HAND = "by_hand"
    DECIDED = "decided"


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """Who of the school did what with an order's money, and when; nothing of it is ever changed.

    ``staff_id`` is None once that person was forgotten.
    """

    number: int
    at: datetime
    kind: ActKind
    amount_minor: int
    staff_id: UUID | None


class Access(StrEnum):
    """What a line entitles to at a moment."""

    NONE = "none"
    ACTIVE = "active"
    SUSPENDED = "suspended"
    REVOKED = "revoked"


@dataclass(frozen=True, slots=True, kw_only=True)
class Right:
    """What a line deserves: access, for as much of its price as stayed paid."""

    line: int
    access: Access = Access.NONE
    kept_minor: int = 0
    price_minor: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class ToldDispute:
    """What the core was told of a dispute about a line's money."""

    reference: str
    amount_minor: int
    state: DisputeState


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What the core was told of a line's money; amounts only grow, as they do there.

    ``refunded_minor`` was decided to go back, ``returned_minor`` has gone, ``absorbed_minor`` is
    borne by us; ``lost_minor`` of what has gone went by disputes. ``failed_minor`` and
    ``kept_minor`` of those two are here again, since refunds failed that seemed done. ``unplaced``:
    the core could grant nothing for it.
    """

    line: int
    refunded_minor: int = 0
    returned_minor: int = 0
    lost_minor: int = 0
    failed_minor: int = 0
    absorbed_minor: int = 0
    kept_minor: int = 0
    disputes: tuple[ToldDispute, ...] = ()
    renewal_ended: bool = False
    unplaced: bool = False

    @property
    def disputed_minor(self) -> int:
        """Return what an open dispute keeps from us."""
        return sum(one.amount_minor for one in self.disputes if one.state is DisputeState.OPEN)

    @property
    def gone_minor(self) -> int:
        """Return what has gone and stayed away."""
        return self.returned_minor - self.failed_minor

    @property
    def borne_minor(self) -> int:
        """Return what is borne by us in the end."""
        return self.absorbed_minor - self.kept_minor

    @property
    def owed_minor(self) -> int:
        """Return what the core knows to be owed."""
        return max(self.refunded_minor - self.gone_minor, 0)


class ReceiptKind(StrEnum):
    """A receipt, or the taking back of one."""

    RECEIPT = "receipt"
    CANCELLATION = "cancellation"


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """A numbered paper; it is never changed, only followed by a cancellation.

    ``cause`` is what it is about, such as ``payment-1``; there is one paper for each cause.
    """

    number: str
    kind: ReceiptKind
    cause: str
    order: str
    at: datetime
    amount_minor: int
    currency: str
    cancels: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Sale:
    """An order with its payments, refunds, disputes, papers and the log of all that.

    ``acts`` is what people of the school did.
    """

    order: Order
    payments: tuple[Payment, ...] = ()
    refunds: tuple[Refund, ...] = ()
    disputes: tuple[Dispute, ...] = ()
    log: tuple[Entry, ...] = ()
    receipts: tuple[Receipt, ...] = ()
    acts: tuple[Act, ...] = ()
    told: tuple[Told, ...] = ()

    def payment(self, number: int) -> Payment:
        return next(one for one in self.payments if one.number == number)

    def refund(self, number: int) -> Refund:
        return next(one for one in self.refunds if one.number == number)
