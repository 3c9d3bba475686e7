"""A provider of the local shape: a signed link, a signed message, a status to ask for, payouts.

What stands in messages is not believed: they say which payment to ask about.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from kundelik_core.sdk import Text
from kundelik_payments.providers.redirect.calling import Service
from kundelik_payments.providers.redirect.signing import prove, signed_query
from kundelik_payments.providers.spi import (
    Capabilities,
    Fact,
    Forged,
    Notice,
    Outcome,
    PaymentFact,
    Redirect,
    RefundAnswer,
    RefundFact,
    RefundRequest,
    Started,
    StartRequest,
    Terms,
    TransferAnswer,
    TransferRequest,
    Unclear,
)

__all__ = ["LOCAL_TERMS", "RedirectProvider", "Shop"]

LOCAL_TERMS: Final = Terms(
    currencies=("KZT",),
    min_minor={"KZT": 10_000},
    max_minor={"KZT": 100_000_000},
    fee_bp=95,
    refund_within=timedelta(days=365),
)
_OUTCOMES: Final = {
    "paid": Outcome.DONE,
    "done": Outcome.DONE,
    "failed": Outcome.FAILED,
    "expired": Outcome.CANCELED,
    "canceled": Outcome.CANCELED,
}
_LIST_MOST: Final = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Shop:
    """How a service knows us: our number there and our secrets, two of them during a change."""

    merchant: str
    secrets: tuple[str, ...]
    webhook_path: str


class RedirectProvider:
    """One account at such a service, under a name of its own."""

    capabilities = Capabilities(
        redirect=True,
        refund_full=True,
        refund_partial=True,
        payout=True,
        poll_status=True,
        webhook_verify=True,
    )

    def __init__(
        self, name: str, title: Text, shop: Shop, service: Service, terms: Terms = LOCAL_TERMS
    ) -> None:
        self.name, self.title, self.terms = name, title, terms
        self._shop, self._service = shop, service

    async def start(self, request: StartRequest) -> Started:
        """Return a link that nobody can alter; the service is not asked, so it may be repeated."""
        reference = f"{request.order}-{request.payment}"
        fields = {
            "merchant": self._shop.merchant,
            "reference": reference,
            "amount": str(request.amount_minor),
            "currency": request.currency,
            "expires": str(int(request.expires_at.timestamp())),
            "return_url": request.return_url,
            "language": request.locale,
        }
        query = signed_query(fields, self._shop.secrets[0])
        return Started(
            reference=reference, action=Redirect(url=f"{self._service.base}/pay?{query}")
        )

    def verify(self, headers: Mapping[str, str], body: bytes, now: datetime) -> Notice:
        """Prove a message, and take from it only what it is about."""
        prove(headers, self._shop.webhook_path, body, self._shop.secrets, now)
        try:
            found = json.loads(body)
            event, type_, about = (str(found[key]) for key in ("event", "type", "reference"))
        except (ValueError, KeyError, TypeError) as error:
            raise Forged("not a message") from error
        order, _, _number = about.rpartition("-")
        return Notice(event_id=event[:100], type=type_[:100], hint=about[:100], order=order[:100])

    def hears(self, notice_type: str) -> bool:  # noqa: ARG002
        """Hear all."""
        return True

    async def order_of(self, notice: Notice) -> str:
        """Return what the message says: references are ours, and signed."""
        return notice.order

    async def look(self, notice_type: str, hint: str) -> Sequence[Fact]:  # noqa: ARG002 - as above
        """Ask about the payment that a message was about."""
        return await self.poll(hint)

    async def poll(self, reference: str) -> Sequence[Fact]:
        """Ask how a payment stands, with its refunds."""
        if not reference.replace("-", "").isalnum():
            return []
        found = await self._service.call("GET", f"/payments/{reference}")
        return _facts(found) if found else []

    async def refund(self, request: RefundRequest) -> RefundAnswer:
        """Give money back; the service knows the key, and our number of the refund too."""
        (reference, *_) = request.payment_references or ("",)
        body = {
            "payment": reference,
            "reference": f"{request.order}-r{request.refund}",
            "amount": request.amount_minor,
            "currency": request.currency,
        }
        found = await self._service.call("POST", "/refunds", body, request.idempotency_key)
        if found is None:
            raise Unclear("no such payment there")
        return RefundAnswer(
            reference=str(found["id"]), outcome=_outcome(found), reason=str(found.get("code", ""))
        )

    async def transfer(self, request: TransferRequest) -> TransferAnswer:
        """Pay out to a vendor's account."""
        body = {
            "reference": f"{request.order}-t{request.transfer}",
            "destination": request.destination,
            "amount": request.amount_minor,
            "currency": request.currency,
        }
        found = await self._service.call("POST", "/payouts", body, request.idempotency_key)
        if found is None:
            raise Unclear("no such destination there")
        return TransferAnswer(reference=str(found["id"]), outcome=_outcome(found))

    async def take_back(
        self, transfer: str, amount_minor: int, idempotency_key: str
    ) -> TransferAnswer:
        """Ask for a part of a payout back."""
        body = {"payout": transfer, "amount": amount_minor}
        found = await self._service.call("POST", "/payout-returns", body, idempotency_key)
        if found is None:
            raise Unclear("no such payout there")
        return TransferAnswer(
            reference=transfer,
            outcome=_outcome(found),
            reversed_minor=int(found.get("returned", 0)),
        )

    async def reconcile(self, since: datetime, until: datetime) -> Sequence[Fact]:
        """List payments that changed in a stretch of time, a page at a time."""
        facts: list[Fact] = []
        after = ""
        while True:
            begin, end = int(since.timestamp()), int(until.timestamp())
            path = f"/payments?since={begin}&until={end}&limit={_LIST_MOST}&after={after}"
            found = await self._service.call("GET", path) or {}
            page = [one for one in found.get("payments", []) if isinstance(one, dict)]
            for one in page:
                facts += _facts(one)
            if len(page) < _LIST_MOST:
                return facts
            after = str(page[-1]["reference"])


def _outcome(found: Mapping[str, Any]) -> Outcome:
    return _OUTCOMES.get(str(found.get("state")), Outcome.PENDING)


def _facts(found: Mapping[str, Any]) -> list[Fact]:
    """Read a payment as the service tells it; the reference is ours and says which it is."""
    try:
        reference, currency = str(found["reference"]), str(found["currency"])
        order, _, number = reference.rpartition("-")
        payment = PaymentFact(
            reference=reference,
            outcome=_outcome(found),
            amount_minor=int(found["amount"]),
            currency=currency,
            order=order,
            payment=int(number),
            references=(str(found["id"]),),
            reason=str(found.get("code", "")),
        )
        refunds = [_refund_fact(one, payment) for one in found.get("refunds", [])]
    except (KeyError, ValueError, TypeError) as error:
        raise Unclear("an answer that cannot be read") from error
    return [payment, *refunds]


def _refund_fact(found: Mapping[str, Any], payment: PaymentFact) -> RefundFact:
    _, _, number = str(found.get("reference", "")).rpartition("-r")
    return RefundFact(
        reference=str(found["id"]),
        payment_references=(payment.reference,),
        outcome=_outcome(found),
        amount_minor=int(found["amount"]),
        currency=payment.currency,
        refund=int(number) if number.isdecimal() else 0,
        order=payment.order,
        reason=str(found.get("code", "")),
    )
