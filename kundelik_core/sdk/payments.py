"""Say what passes between who keeps orders and a provider of payments: questions, facts, news.

A provider learns an amount and our word for the payment, never who pays or for whom. It tells how
things stand, looked up at its service; who hears the same twice does nothing the second time.
"""

import re
from datetime import datetime
from typing import Annotated, Literal, TypeAlias

import msgspec

from kundelik_core.sdk.text import Text

__all__ = [
    "PAYMENT_NEWS",
    "PAYMENT_PAYOUT",
    "PAYMENT_PROVIDER",
    "DisputeSeen",
    "ListedProvider",
    "Minor",
    "PageShown",
    "PaymentCan",
    "PaymentNews",
    "PaymentNoted",
    "PaymentOutcome",
    "PaymentQuery",
    "PaymentSeen",
    "PaymentStart",
    "PaymentStarted",
    "PaymentTerms",
    "PaymentTrouble",
    "PaymentsBetween",
    "PaymentsSeen",
    "PayoutReturn",
    "PayoutSeen",
    "PayoutStart",
    "ProviderAnswer",
    "ProviderQuestion",
    "RefundSeen",
    "RefundStart",
    "RenewalEnd",
    "RenewalPage",
    "RenewalPaid",
    "RenewalRest",
    "RenewalSeen",
    "Taken",
    "school_in",
]

PAYMENT_PROVIDER = "payment.provider.v1"
"""The service that a provider's manifest names under ``provides``, and whoever keeps orders under
``uses.services``."""

PAYMENT_NEWS = "payment.news.v1"
"""The service by which a provider tells whoever keeps orders to look at a payment."""

PAYMENT_PAYOUT = "payment.payout.v1"
"""The service by which the core lets whoever keeps orders hand a vendor's share over, or take a
part of it back: ``PayoutStart`` or ``PayoutReturn`` for one provider. No plugin may ask for it."""

Minor: TypeAlias = Annotated[int, msgspec.Meta(ge=0, le=10**13)]
"""An amount in the smallest unit of its currency, for KZT in tiyn: 1 500 ₸ are 150000."""

_Currency: TypeAlias = Annotated[str, msgspec.Meta(pattern=r"^[A-Z]{3}\Z")]
_Known: TypeAlias = Annotated[str, msgspec.Meta(min_length=1, max_length=200)]
_Reference: TypeAlias = Annotated[str, msgspec.Meta(max_length=200)]
_Said: TypeAlias = Annotated[str, msgspec.Meta(max_length=200)]

PaymentOutcome: TypeAlias = Literal["pending", "done", "failed", "canceled"]
"""How something stands: not known yet, the money went, it did not, nobody will try any more."""


class PaymentCan(msgspec.Struct, frozen=True, kw_only=True):
    """What a provider can do; what it cannot is never asked of it."""

    refund_full: bool = False
    refund_partial: bool = False
    recurring: bool = False
    payout: bool = False
    dispute: bool = False


class Taken(msgspec.Struct, frozen=True, kw_only=True):
    """A currency that a provider takes, with the least and the most of one payment."""

    currency: _Currency
    least_minor: Annotated[int, msgspec.Meta(ge=1)] = 1
    most_minor: Annotated[int, msgspec.Meta(ge=1, le=10**13)] | None = None


class PaymentTerms(msgspec.Struct, frozen=True, kw_only=True):
    """What a provider takes, what it keeps, and for how many days a payment can be refunded.

    ``fee_bp`` are hundredths of a percent of each payment, ``fee_minor`` is kept beside them.
    """

    takes: Annotated[tuple[Taken, ...], msgspec.Meta(min_length=1, max_length=20)]
    fee_bp: Annotated[int, msgspec.Meta(ge=0, le=5000)] = 0
    fee_minor: Minor = 0
    refund_days: Annotated[int, msgspec.Meta(ge=1, le=3650)] | None = None


class ListedProvider(msgspec.Struct, frozen=True, kw_only=True):
    """A provider as whoever keeps orders sees it, by the name of its plugin.

    ``ready``: the operator has set all that it ``needs``. ``on``: the school offers it. One that it
    has switched off begins nothing, yet tells how payments stand and gives money back: what is owed
    to a family outlives a switch.
    """

    plugin: str
    title: Text
    can: PaymentCan
    terms: PaymentTerms
    ready: bool
    on: bool = True


class PaymentStart(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """Begin a payment, and say where the payer goes.

    ``reference`` is our word for it, ``12-ABCDE23456-1``: the school's number, the order, the
    number of the payment. It is the only thing about the order that may leave the installation, and
    ``school_in`` finds the school in it again. The same ``key`` is the same payment: ``again`` says
    that an earlier call may have begun it, ``known`` is its id at the service if one was told.
    ``renew_months``: the payer wants to pay the same again every so many months.
    """

    reference: str
    amount_minor: Minor
    currency: str
    key: str
    expires_at: datetime
    return_url: str
    cancel_url: str
    locale: str
    again: bool = False
    known: str = ""
    renew_months: Annotated[int, msgspec.Meta(ge=0, le=12)] = 0


class PaymentStarted(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """A payment that has begun, under the id by which ``PaymentQuery`` will ask for it.

    ``url`` is a page at one of the plugin's hosts, or ``/x/NAME/...`` for a page of its own, which
    may ask for a telephone number or show a QR code.
    """

    known: _Known
    url: Annotated[str, msgspec.Meta(min_length=1, max_length=2000)]


class PaymentTrouble(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """A call that did not end well; ``text`` is for the log and names nobody.

    ``declined``: it said no, nothing was done. ``busy``: nothing was done, the same may be asked
    again later. ``unclear``: nobody knows whether it was done; it is asked again with the same key.
    ``setup``: keys are wrong or missing, a person has to look.
    """

    kind: Literal["declined", "busy", "unclear", "setup"]
    text: _Said = ""


class PaymentQuery(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """How does a payment stand? ``known`` may come from a message that anybody has sent."""

    known: str


class RefundSeen(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """How a refund stands; without our ``reference`` somebody made it at the service."""

    known: _Known
    outcome: PaymentOutcome
    amount_minor: Minor
    reference: _Reference = ""
    reason: _Said = ""


class DisputeSeen(msgspec.Struct, frozen=True, kw_only=True):
    """How a payer's complaint to the bank stands."""

    known: _Known
    state: Literal["inquiry", "open", "won", "lost"]
    amount_minor: Minor
    currency: _Currency


class RenewalPaid(msgspec.Struct, frozen=True, kw_only=True):
    """A further payment that came by itself, under an id of its own."""

    known: _Known
    amount_minor: Minor
    currency: _Currency
    others: Annotated[tuple[_Known, ...], msgspec.Meta(max_length=20)] = ()


class RenewalSeen(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """How that stands which renews itself: up to when it is paid, and whether it goes on.

    ``paid`` are the payments after the first, the latest last; those of the last year will do.
    """

    known: _Known
    state: Literal["active", "past_due", "paused", "canceled"]
    period_end: Annotated[datetime, msgspec.Meta(tz=True)]
    ends: bool = False
    paid: Annotated[tuple[RenewalPaid, ...], msgspec.Meta(max_length=24)] = ()


class PaymentSeen(msgspec.Struct, frozen=True, kw_only=True):
    """How a payment stands at the service, with its refunds and disputes.

    ``reference`` is our word for it where the service gives it back; ``others`` are further ids by
    which the service may speak of it. ``renewal`` stands at the first payment of one that renews
    itself.
    """

    known: _Known
    outcome: PaymentOutcome
    amount_minor: Minor
    currency: _Currency
    reference: _Reference = ""
    others: Annotated[tuple[_Known, ...], msgspec.Meta(max_length=20)] = ()
    reason: _Said = ""
    refunds: tuple[RefundSeen, ...] = ()
    disputes: tuple[DisputeSeen, ...] = ()
    renewal: RenewalSeen | None = None


class PaymentsSeen(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """What was found: nothing for what is unknown; ``after`` leads to the next page, if any."""

    payments: Annotated[tuple[PaymentSeen, ...], msgspec.Meta(max_length=100)] = ()
    after: _Reference = ""


class PaymentsBetween(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """What changed in a stretch of time? At most 100 payments a page; ``after`` as it was told."""

    since: datetime
    until: datetime
    after: str = ""


class RefundStart(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """Give money back, once for a ``key``; ``payment`` is the service's id of the payment.

    ``reference`` is our word for the refund, ``12-ABCDE23456-r1``. More than is left is declined.
    """

    payment: str
    reference: str
    amount_minor: Minor
    currency: str
    key: str
    again: bool = False


class RenewalEnd(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """Let a renewal end with the period that is paid; again is no harm."""

    renewal: str
    key: str


class RenewalRest(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """Take no payments until then, as over the summer; None takes them up again."""

    renewal: str
    until: datetime | None
    key: str


class RenewalPage(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """Where does the payer change the card?"""

    renewal: str
    return_url: str


class PageShown(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """A page for the payer, by the same rules as that of ``PaymentStarted``."""

    url: Annotated[str, msgspec.Meta(min_length=1, max_length=2000)]


class PayoutStart(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """Hand a vendor's share over, once for a ``key``; ``reference`` is ``12-ABCDE23456-t1``."""

    reference: str
    amount_minor: Minor
    currency: str
    destination: str
    key: str


class PayoutReturn(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """Take a part of a vendor's share back, once for a ``key``."""

    payout: str
    amount_minor: Minor
    key: str


class PayoutSeen(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """What became of a vendor's share."""

    known: _Known
    outcome: PaymentOutcome
    returned_minor: Minor = 0


class ProviderQuestion(msgspec.Struct, frozen=True, kw_only=True):
    """What is asked of one provider, by the name of its plugin.

    ``payment.provider.v1``.
    """

    provider: str
    ask: (
        PaymentStart
        | PaymentQuery
        | PaymentsBetween
        | RefundStart
        | RenewalEnd
        | RenewalRest
        | RenewalPage
        | PayoutStart
        | PayoutReturn
    )


class ProviderAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """What the provider answers."""

    told: (
        PaymentStarted
        | PaymentsSeen
        | RefundSeen
        | RenewalSeen
        | PageShown
        | PayoutSeen
        | PaymentTrouble
    )


class PaymentNews(msgspec.Struct, frozen=True, kw_only=True):
    """Look at a payment: something may have happened to it.

    ``payment.news.v1``. ``event`` is the service's id of the message, so that the same message
    counts once. ``provider`` is written by the core, whatever stands there.
    """

    event: _Known
    known: _Known
    provider: str = ""


class PaymentNoted(msgspec.Struct, frozen=True, kw_only=True):
    """It will be looked at; ``then`` names the job that does so, for the core to run at once."""

    then: str | None = None


_SCHOOL = re.compile(r"([1-9][0-9]{0,8})-.")


def school_in(reference: str) -> int | None:
    """Return the number of the school in our word for a payment or a refund; None: not ours."""
    found = _SCHOOL.match(reference)
    return int(found[1]) if found else None
