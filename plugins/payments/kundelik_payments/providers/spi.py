"""The contract of a payment provider: what it declares, is asked, and tells.

A provider tells facts, never events: what a payment, a refund or a dispute is like now, looked up
at the service itself. Who hears the same fact twice does nothing the second time.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Protocol, TypeAlias, runtime_checkable

from kundelik_core.sdk import Text
from kundelik_payments.domain.model import DisputeState
from kundelik_payments.domain.money import charge_share
from kundelik_payments.domain.subscribing import SubscriptionState

__all__ = [
    "Action",
    "Busy",
    "Capabilities",
    "Declined",
    "DisputeFact",
    "Fact",
    "Forged",
    "Instructions",
    "Misconfigured",
    "NotSetUp",
    "Notice",
    "Outcome",
    "PaymentFact",
    "PayoutFact",
    "PaysVendors",
    "Provider",
    "ProviderError",
    "Redirect",
    "RefundAnswer",
    "RefundFact",
    "RefundRequest",
    "RenewalFact",
    "Renews",
    "StartRequest",
    "Started",
    "SubscriptionFact",
    "Terms",
    "TransferAnswer",
    "TransferRequest",
    "Unclear",
    "VendorFact",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Capabilities:
    """What a provider can do; what it cannot is never asked of it."""

    redirect: bool = False
    push_invoice: bool = False
    recurring: bool = False
    refund_full: bool = False
    refund_partial: bool = False
    payout: bool = False
    dispute: bool = False
    poll_status: bool = False
    webhook_verify: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What a provider takes: currencies, the least and the most of each, and its fee."""

    currencies: tuple[str, ...]
    min_minor: Mapping[str, int] = field(default_factory=dict)
    max_minor: Mapping[str, int] = field(default_factory=dict)
    fee_bp: int = 0
    fee_minor: int = 0
    refund_within: timedelta | None = None

    def takes(self, minor: int, currency: str) -> bool:
        """Say whether an amount can be paid here."""
        if currency not in self.currencies or minor <= 0:
            return False
        most = self.max_minor.get(currency)
        return minor >= self.min_minor.get(currency, 1) and (most is None or minor <= most)

    def fee(self, minor: int) -> int:
        """Return what the provider is expected to keep of an amount."""
        return min(charge_share(minor, self.fee_bp) + self.fee_minor, minor)


class ProviderError(Exception):
    """A call to a provider did not end well."""


class Declined(ProviderError):
    """It said no, for certain: nothing was done."""


class Busy(ProviderError):
    """Nothing was done; the same call may be made again later, with the same key."""


class Unclear(ProviderError):
    """Nobody knows whether it was done. ``fresh_key``: the old key would repeat this answer."""

    def __init__(self, text: str, *, fresh_key: bool = False) -> None:
        super().__init__(text)
        self.fresh_key = fresh_key


class Misconfigured(ProviderError):
    """The keys are wrong, or we asked for nonsense: a person has to look at it."""


class NotSetUp(Misconfigured, LookupError):
    """This way to pay is not set up here, or not any more."""


class Forged(ProviderError):
    """A message was not signed by the provider, or long ago."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StartRequest:
    """A payment that is to begin. Nothing in it says who pays, or for whom.

    ``again`` means that an earlier call may have been done: look for it first. ``reference`` is the
    provider's id of the payment, when it is known that one was done.
    """

    order: str
    payment: int
    amount_minor: int
    currency: str
    idempotency_key: str
    expires_at: datetime
    return_url: str
    cancel_url: str
    locale: str
    again: bool = False
    tried_at: datetime | None = None
    renew_months: int = 0
    phone: str = ""
    reference: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Redirect:
    """Send the payer there."""

    url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Instructions:
    """Show the payer what to do: texts by name, and a payload for a QR code."""

    fields: Mapping[str, str]
    qr: str = ""


Action: TypeAlias = Redirect | Instructions


@dataclass(frozen=True, slots=True, kw_only=True)
class Started:
    """A payment that has begun, under the provider's own id."""

    reference: str
    action: Action


@dataclass(frozen=True, slots=True, kw_only=True)
class RefundRequest:
    """Money that is to go back; ``payment_references`` are the provider's ids of the payment."""

    order: str
    refund: int
    amount_minor: int
    currency: str
    idempotency_key: str
    payment_references: tuple[str, ...]
    again: bool = False


class Outcome(StrEnum):
    """How something stands at the provider."""

    PENDING = "pending"
    DONE = "done"
    FAILED = "failed"
    CANCELED = "canceled"


@dataclass(frozen=True, slots=True, kw_only=True)
class RefundAnswer:
    """What became of a refund for now."""

    reference: str
    outcome: Outcome
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class TransferRequest:
    """A vendor's share of what was sold, known by our ``reference`` for ever."""

    reference: str
    amount_minor: int
    currency: str
    destination: str
    idempotency_key: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TransferAnswer:
    """What became of a vendor's share."""

    reference: str
    outcome: Outcome
    reversed_minor: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """A message that was proved to be the provider's; a trigger to look, and no more.

    ``order`` is our word for the order that it is about, where the message says so.
    """

    event_id: str
    type: str
    hint: str
    order: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentFact:
    """How a payment stands; ``references`` are all ids by which it is known there."""

    reference: str
    outcome: Outcome
    amount_minor: int
    currency: str
    order: str = ""
    payment: int = 0
    references: tuple[str, ...] = ()
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RefundFact:
    """How a refund stands; without ``refund`` somebody made it over there."""

    reference: str
    payment_references: tuple[str, ...]
    outcome: Outcome
    amount_minor: int
    currency: str
    refund: int = 0
    order: str = ""
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class DisputeFact:
    """How a dispute stands."""

    reference: str
    payment_references: tuple[str, ...]
    state: DisputeState
    amount_minor: int
    currency: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SubscriptionFact:
    """How a subscription stands."""

    reference: str
    order: str
    state: SubscriptionState
    period_end: datetime
    cancel_at_period_end: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class RenewalFact:
    """A further period of a subscription, paid or not."""

    reference: str
    subscription: str
    outcome: Outcome
    amount_minor: int
    currency: str
    references: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class VendorFact:
    """Whether a vendor can take money there."""

    account: str
    can_charge: bool
    can_be_paid: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class PayoutFact:
    """How a transfer or a payout stands."""

    reference: str
    outcome: Outcome
    amount_minor: int
    reversed_minor: int = 0


Fact: TypeAlias = (
    PaymentFact
    | RefundFact
    | DisputeFact
    | SubscriptionFact
    | RenewalFact
    | VendorFact
    | PayoutFact
)


class Provider(Protocol):
    """One way to pay. Calls raise ``ProviderError``; none of them blocks the loop."""

    @property
    def name(self) -> str: ...

    @property
    def title(self) -> Text: ...

    @property
    def capabilities(self) -> Capabilities: ...

    @property
    def terms(self) -> Terms: ...

    async def start(self, request: StartRequest) -> Started:
        """Begin a payment; the same key begins it once."""

    def verify(self, headers: Mapping[str, str], body: bytes, now: datetime) -> Notice:
        """Prove that a message is the provider's; Forged when it is not."""

    def hears(self, notice_type: str) -> bool:
        """Say whether messages of a type tell anything that is not told by others."""

    async def order_of(self, notice: Notice) -> str:
        """Return our word for the order that a message is about; nothing of ours: nothing."""

    async def look(self, notice_type: str, hint: str) -> Sequence[Fact]:
        """Look up what a message was about. Nothing of ours: no facts."""

    async def poll(self, reference: str) -> Sequence[Fact]:
        """Look up how a payment stands, with its refunds and disputes."""

    async def refund(self, request: RefundRequest) -> RefundAnswer:
        """Give money back; the same key gives it once."""

    async def reconcile(self, since: datetime, until: datetime) -> Sequence[Fact]:
        """Return what happened in a stretch of time, as it stands now."""


@runtime_checkable
class Renews(Protocol):
    """A provider whose payments can renew themselves."""

    async def end_renewal(self, subscription: str, idempotency_key: str) -> SubscriptionFact:
        """Let a subscription end with the period that is paid."""

    async def pause(
        self, subscription: str, until: datetime | None, idempotency_key: str
    ) -> SubscriptionFact:
        """Take no payments until then, as over the summer; None takes them up again."""

    async def portal(self, subscription: str, return_url: str) -> Redirect:
        """Return the page where the payer changes the card or ends it."""


@runtime_checkable
class PaysVendors(Protocol):
    """A provider that hands vendors their shares."""

    async def transfer(self, request: TransferRequest) -> TransferAnswer:
        """Hand over a share; the same reference and key hand it once, however late."""

    async def take_back(
        self, transfer: str, amount_minor: int, idempotency_key: str
    ) -> TransferAnswer:
        """Take back a part of a share, after a refund; the same key takes it once."""
