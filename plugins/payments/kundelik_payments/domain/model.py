"""Hold an order and all that happened to its money; values that are replaced, never changed."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from uuid import UUID

__all__ = [
    "Access",
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
    """Who wanted the money back."""

    BUYER = "buyer"
    ADMIN = "admin"
    EXTERNAL = "external"


class DisputeState(StrEnum):
    """Where a complaint at the payer's bank stands; an inquiry has moved no money yet."""

    INQUIRY = "inquiry"
    OPEN = "open"
    WON = "won"
    LOST = "lost"


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderLine:
    """One thing that is bought, at the price of that moment."""

    number: int
    sku: str
    title: str
    price_minor: int
    feature: str
    months: int = 1
    student: UUID | None = None
    scope: str = "*"
    quantity: int = 1
    vendor: str = ""
    tax_bp: int = 0
    cancelled_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What somebody wants to buy; outside it is known by its ``public_id`` alone."""

    id: UUID
    public_id: str
    school_id: int
    payer: UUID
    currency: str
    placed_at: datetime
    expires_at: datetime
    lines: tuple[OrderLine, ...]
    state: OrderState = OrderState.PENDING
    paid_at: datetime | None = None
    renews: bool = False
    test: bool = False

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

    ``goodwill_minor`` is what was given back although the payer keeps all that it was paid for.
    """

    number: int
    payment: int
    amount_minor: int
    source: RefundSource
    created_at: datetime
    state: RefundState = RefundState.CREATED
    parts: tuple[tuple[int, int], ...] = ()
    goodwill_minor: int = 0
    attempt: int = 1
    tried_at: datetime | None = None
    reference: str | None = None
    accepted_at: datetime | None = None
    done_at: datetime | None = None
    reason: str = ""

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
    """An order with its payments, refunds, disputes, papers and the log of all that."""

    order: Order
    payments: tuple[Payment, ...] = ()
    refunds: tuple[Refund, ...] = ()
    disputes: tuple[Dispute, ...] = ()
    log: tuple[Entry, ...] = ()
    receipts: tuple[Receipt, ...] = ()
    applied: tuple[Right, ...] = field(default=())

    def payment(self, number: int) -> Payment:
        return next(one for one in self.payments if one.number == number)

    def refund(self, number: int) -> Refund:
        return next(one for one in self.refunds if one.number == number)
