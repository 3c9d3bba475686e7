"""Pay by a provider that is a plugin of its own: every call goes through the core, and comes back.

What it tells is held against the contract by the core; what it does not tell is not known.
"""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final, TypeVar

from kundelik_core.sdk import (
    PAYMENT_PROVIDER,
    ListedProvider,
    PageShown,
    PaymentQuery,
    PaymentsBetween,
    PaymentSeen,
    PaymentsSeen,
    PaymentStart,
    PaymentStarted,
    PaymentTrouble,
    PayoutReturn,
    PayoutSeen,
    PayoutStart,
    ProviderQuestion,
    RefundSeen,
    RefundStart,
    RenewalEnd,
    RenewalPage,
    RenewalRest,
    RenewalSeen,
    Services,
)
from kundelik_payments.domain.model import DisputeState
from kundelik_payments.domain.subscribing import SubscriptionState
from kundelik_payments.providers.spi import (
    Busy,
    Capabilities,
    Declined,
    DisputeFact,
    Fact,
    Forged,
    Misconfigured,
    Notice,
    Outcome,
    PaymentFact,
    ProviderError,
    Redirect,
    RefundAnswer,
    RefundFact,
    RefundRequest,
    RenewalFact,
    Started,
    StartRequest,
    SubscriptionFact,
    Terms,
    TransferAnswer,
    TransferRequest,
    Unclear,
)

__all__ = ["PluginProvider", "plugged"]

_AT_ONCE: Final = 4
_MOST_PAGES: Final = 500
_TROUBLES: Final[Mapping[str, type[ProviderError]]] = {
    "declined": Declined,
    "busy": Busy,
    "unclear": Unclear,
    "setup": Misconfigured,
}
_Told = TypeVar("_Told")


def plugged(listed: ListedProvider, services: Services) -> "PluginProvider":
    """Return a plugin's way to pay as one of ours."""
    return _KINDS[listed.can.recurring, listed.can.payout](listed, services)


class PluginProvider:
    """One provider that is a plugin; a call of which nobody heard the end is unclear."""

    def __init__(self, listed: ListedProvider, services: Services) -> None:
        self.name, self.title = listed.plugin, listed.title
        can, terms = listed.can, listed.terms
        self.capabilities = Capabilities(
            redirect=True,
            recurring=can.recurring,
            refund_full=can.refund_full,
            refund_partial=can.refund_partial,
            payout=can.payout,
            dispute=can.dispute,
            poll_status=True,
        )
        self.terms = Terms(
            currencies=tuple(one.currency for one in terms.takes),
            min_minor={one.currency: one.least_minor for one in terms.takes},
            max_minor={one.currency: one.most_minor for one in terms.takes if one.most_minor},
            fee_bp=terms.fee_bp,
            fee_minor=terms.fee_minor,
            refund_within=timedelta(days=terms.refund_days) if terms.refund_days else None,
        )
        self._services = services
        self._few = asyncio.Semaphore(_AT_ONCE)

    async def start(self, request: StartRequest) -> Started:
        """Begin a payment; the same key begins it once."""
        told = await self._ask(
            PaymentStart(
                reference=f"{request.order}-{request.payment}",
                amount_minor=request.amount_minor,
                currency=request.currency,
                key=request.idempotency_key,
                expires_at=request.expires_at,
                return_url=request.return_url,
                cancel_url=request.cancel_url,
                locale=request.locale,
                again=request.again,
                known=request.reference,
                renew_months=request.renew_months,
            ),
            PaymentStarted,
        )
        return Started(reference=told.known, action=Redirect(url=told.url))

    def verify(self, headers: Mapping[str, str], body: bytes, now: datetime) -> Notice:  # noqa: ARG002
        """Refuse: its messages come to its own door."""
        raise Forged("this provider is heard elsewhere")

    def hears(self, notice_type: str) -> bool:  # noqa: ARG002
        """Hear all."""
        return True

    async def order_of(self, notice: Notice) -> str:
        """Return what the message says."""
        return notice.order

    async def look(self, notice_type: str, hint: str) -> Sequence[Fact]:  # noqa: ARG002
        """Look the payment up that a message was about."""
        return await self.poll(hint)

    async def poll(self, reference: str) -> Sequence[Fact]:
        """Look up how a payment stands, with its refunds and disputes."""
        told = await self._ask(PaymentQuery(known=reference), PaymentsSeen)
        return [fact for one in told.payments for fact in _facts(one)]

    async def refund(self, request: RefundRequest) -> RefundAnswer:
        """Give money back; the same key gives it once."""
        (payment, *_) = request.payment_references or ("",)
        told = await self._ask(
            RefundStart(
                payment=payment,
                reference=f"{request.order}-r{request.refund}",
                amount_minor=request.amount_minor,
                currency=request.currency,
                key=request.idempotency_key,
                again=request.again,
            ),
            RefundSeen,
        )
        return RefundAnswer(reference=told.known, outcome=Outcome(told.outcome), reason=told.reason)

    async def reconcile(self, since: datetime, until: datetime) -> Sequence[Fact]:
        """Return what happened in a stretch of time, a page at a time."""
        facts: list[Fact] = []
        after = ""
        for _ in range(_MOST_PAGES):
            asked = PaymentsBetween(since=since, until=until, after=after)
            told = await self._ask(asked, PaymentsSeen)
            facts += [fact for one in told.payments for fact in _facts(one)]
            if not told.after or told.after == after:
                return facts
            after = told.after
        raise Unclear("it does not come to an end")

    async def _ask(self, ask: Any, wanted: type[_Told]) -> _Told:  # noqa: ANN401 - see ProviderQuestion
        """Ask the plugin, and return what it told.

        Raises:
            ProviderError: it did not end well, or nobody knows how it ended.
        """
        question = ProviderQuestion(provider=self.name, ask=ask)
        async with self._few:
            found = await self._services.ask(PAYMENT_PROVIDER, question)
        if found is None:
            raise Unclear(f"{self.name} gave no answer")
        if isinstance(found.told, PaymentTrouble):
            raise _TROUBLES[found.told.kind](found.told.text)
        if not isinstance(found.told, wanted):
            raise Unclear(f"{self.name} gave another answer than was asked for")
        return found.told


class _Renewing(PluginProvider):
    """A provider whose payments can renew themselves."""

    async def end_renewal(self, subscription: str, idempotency_key: str) -> SubscriptionFact:
        """Let a subscription end with the period that is paid."""
        ask = RenewalEnd(renewal=subscription, key=idempotency_key)
        return _subscription(await self._ask(ask, RenewalSeen), "")

    async def pause(
        self, subscription: str, until: datetime | None, idempotency_key: str
    ) -> SubscriptionFact:
        """Take no payments until then, as over the summer; None takes them up again."""
        ask = RenewalRest(renewal=subscription, until=until, key=idempotency_key)
        return _subscription(await self._ask(ask, RenewalSeen), "")

    async def portal(self, subscription: str, return_url: str) -> Redirect:
        """Return the page where the payer changes the card or ends it."""
        ask = RenewalPage(renewal=subscription, return_url=return_url)
        return Redirect(url=(await self._ask(ask, PageShown)).url)


class _Paying(PluginProvider):
    """A provider that hands vendors their shares, too."""

    async def transfer(self, request: TransferRequest) -> TransferAnswer:
        """Hand over a share; the same key hands it once."""
        return await self._payout(
            PayoutStart(
                reference=request.reference,
                amount_minor=request.amount_minor,
                currency=request.currency,
                destination=request.destination,
                key=request.idempotency_key,
            )
        )

    async def take_back(
        self, transfer: str, amount_minor: int, idempotency_key: str
    ) -> TransferAnswer:
        """Take back a part of a share, after a refund."""
        return await self._payout(
            PayoutReturn(payout=transfer, amount_minor=amount_minor, key=idempotency_key)
        )

    async def _payout(self, ask: PayoutStart | PayoutReturn) -> TransferAnswer:
        told = await self._ask(ask, PayoutSeen)
        return TransferAnswer(
            reference=told.known,
            outcome=Outcome(told.outcome),
            reversed_minor=told.returned_minor,
        )


class _Both(_Renewing, _Paying):
    """A provider that can do both."""


_KINDS: Final[Mapping[tuple[bool, bool], type[PluginProvider]]] = {
    (False, False): PluginProvider,
    (True, False): _Renewing,
    (False, True): _Paying,
    (True, True): _Both,
}


def _facts(seen: PaymentSeen) -> list[Fact]:
    """Return what is told of a payment, in our words."""
    order, number = _ours(seen.reference, "")
    payment = PaymentFact(
        reference=seen.known,
        outcome=Outcome(seen.outcome),
        amount_minor=seen.amount_minor,
        currency=seen.currency,
        order=order,
        payment=number,
        references=seen.others,
        reason=seen.reason,
    )
    refunds = [_refund(one, payment) for one in seen.refunds]
    disputes = [
        DisputeFact(
            reference=one.known,
            payment_references=(seen.known,),
            state=DisputeState(one.state),
            amount_minor=one.amount_minor,
            currency=one.currency,
        )
        for one in seen.disputes
    ]
    renewal = _renewals(seen.renewal, payment) if seen.renewal else []
    return [payment, *refunds, *disputes, *renewal]


def _renewals(seen: RenewalSeen, first: PaymentFact) -> list[Fact]:
    """Return how a renewal stands, and every further payment of it."""
    paid = [
        RenewalFact(
            reference=one.known,
            subscription=seen.known,
            outcome=Outcome.DONE,
            amount_minor=one.amount_minor,
            currency=one.currency,
            references=one.others,
        )
        for one in seen.paid
    ]
    return [_subscription(seen, first.order), *paid]


def _subscription(seen: RenewalSeen, order: str) -> SubscriptionFact:
    return SubscriptionFact(
        reference=seen.known,
        order=order,
        state=SubscriptionState(seen.state),
        period_end=seen.period_end,
        cancel_at_period_end=seen.ends,
    )


def _refund(seen: RefundSeen, payment: PaymentFact) -> RefundFact:
    order, number = _ours(seen.reference, "r")
    return RefundFact(
        reference=seen.known,
        payment_references=(payment.reference,),
        outcome=Outcome(seen.outcome),
        amount_minor=seen.amount_minor,
        currency=payment.currency,
        refund=number,
        order=order or payment.order,
        reason=seen.reason,
    )


def _ours(reference: str, letter: str) -> tuple[str, int]:
    """Return the order and the number in our word for a payment or a refund, or nothing."""
    order, _, number = reference.rpartition("-")
    digits = number.removeprefix(letter) if number.startswith(letter) else ""
    return (order, int(digits)) if digits.isascii() and digits.isdigit() else ("", 0)
