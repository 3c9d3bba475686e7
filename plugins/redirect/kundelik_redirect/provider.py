"""Pay at a service of the local shape: a signed link, a status to ask for, refunds, payouts.

Whether a payment was made is always asked of the service, never read from an address or a message.
"""

from collections.abc import Mapping
from typing import Any, Final

from kundelik_core.sdk import (
    PaymentCan,
    PaymentOutcome,
    PaymentProvider,
    PaymentQuery,
    PaymentsBetween,
    PaymentSeen,
    PaymentsSeen,
    PaymentStart,
    PaymentStarted,
    PaymentTerms,
    PayoutReturn,
    PayoutSeen,
    PayoutStart,
    PluginContext,
    RefundSeen,
    RefundStart,
    Taken,
    Text,
)
from kundelik_redirect.calling import Trouble
from kundelik_redirect.shop import NEEDS, Shop, told
from kundelik_redirect.signing import signed_query

__all__ = ["PROVIDER", "TAKES"]

TAKES: Final = Taken(currency="KZT", least_minor=10_000, most_minor=100_000_000)
_OUTCOMES: Final[Mapping[str, PaymentOutcome]] = {
    "paid": "done",
    "done": "done",
    "failed": "failed",
    "expired": "canceled",
    "canceled": "canceled",
}
_PAGE: Final = 50


@told
async def _start(_ctx: PluginContext, shop: Shop, asked: PaymentStart) -> PaymentStarted:
    """Return a link that nobody can alter; the service is not asked, so it may be repeated."""
    most = TAKES.most_minor or asked.amount_minor
    if asked.currency != TAKES.currency or not TAKES.least_minor <= asked.amount_minor <= most:
        raise Trouble("declined", "this amount is not taken")
    fields = {
        "merchant": shop.merchant,
        "reference": asked.reference,
        "amount": str(asked.amount_minor),
        "currency": asked.currency,
        "expires": str(int(asked.expires_at.timestamp())),
        "return_url": asked.return_url,
        "language": asked.locale,
    }
    query = signed_query(fields, shop.secrets[0])
    return PaymentStarted(known=asked.reference, url=f"{shop.service.base}/pay?{query}")


@told
async def _status(_ctx: PluginContext, shop: Shop, asked: PaymentQuery) -> PaymentsSeen:
    """Ask how a payment stands, with its refunds; a word that is not ours is not passed on."""
    if not (asked.known.isascii() and asked.known.replace("-", "").isalnum()):
        return PaymentsSeen()
    found = await shop.service.call("GET", f"/payments/{asked.known}")
    return PaymentsSeen(payments=(_seen(found),) if found else ())


@told
async def _reconcile(_ctx: PluginContext, shop: Shop, asked: PaymentsBetween) -> PaymentsSeen:
    """List payments that changed in a stretch of time, a page at a time."""
    begin, end = int(asked.since.timestamp()), int(asked.until.timestamp())
    path = f"/payments?since={begin}&until={end}&limit={_PAGE}&after={asked.after}"
    found = await shop.service.call("GET", path) or {}
    page = [one for one in found.get("payments", []) if isinstance(one, dict)][:_PAGE]
    seen = tuple(_seen(one) for one in page)
    return PaymentsSeen(payments=seen, after=seen[-1].known if len(page) == _PAGE else "")


@told
async def _refund(_ctx: PluginContext, shop: Shop, asked: RefundStart) -> RefundSeen:
    """Give money back; the service knows the key, and our word for the refund too."""
    body = {
        "payment": asked.payment,
        "reference": asked.reference,
        "amount": asked.amount_minor,
        "currency": asked.currency,
    }
    found = await shop.service.call("POST", "/refunds", body, asked.key)
    if found is None:
        raise Trouble("unclear", "no such payment there")
    return RefundSeen(
        known=str(found["id"]),
        outcome=_outcome(found),
        amount_minor=asked.amount_minor,
        reference=asked.reference,
        reason=str(found.get("code", "")),
    )


@told
async def _payout(_ctx: PluginContext, shop: Shop, asked: PayoutStart) -> PayoutSeen:
    """Pay out to a vendor's account."""
    body = {
        "reference": asked.reference,
        "destination": asked.destination,
        "amount": asked.amount_minor,
        "currency": asked.currency,
    }
    found = await shop.service.call("POST", "/payouts", body, asked.key)
    if found is None:
        raise Trouble("unclear", "no such destination there")
    return PayoutSeen(known=str(found["id"]), outcome=_outcome(found))


@told
async def _take_back(_ctx: PluginContext, shop: Shop, asked: PayoutReturn) -> PayoutSeen:
    """Ask for a part of a payout back."""
    body = {"payout": asked.payout, "amount": asked.amount_minor}
    found = await shop.service.call("POST", "/payout-returns", body, asked.key)
    if found is None:
        raise Trouble("unclear", "no such payout there")
    return PayoutSeen(
        known=asked.payout,
        outcome=_outcome(found),
        returned_minor=int(found.get("returned", 0)),
    )


def _outcome(found: Mapping[str, Any]) -> PaymentOutcome:
    return _OUTCOMES.get(str(found.get("state")), "pending")


def _seen(found: Mapping[str, Any]) -> PaymentSeen:
    """Read a payment as the service tells it; the reference there is ours."""
    try:
        reference = str(found["reference"])
        return PaymentSeen(
            known=reference,
            outcome=_outcome(found),
            amount_minor=int(found["amount"]),
            currency=str(found["currency"]),
            reference=reference,
            others=(str(found["id"]),),
            reason=str(found.get("code", ""))[:200],
            refunds=tuple(
                RefundSeen(
                    known=str(one["id"]),
                    outcome=_outcome(one),
                    amount_minor=int(one["amount"]),
                    reference=str(one.get("reference", "")),
                    reason=str(one.get("code", ""))[:200],
                )
                for one in found.get("refunds", [])
            ),
        )
    except (KeyError, ValueError, TypeError) as error:
        raise Trouble("unclear", "an answer that cannot be read") from error


PROVIDER: Final = PaymentProvider(
    title=Text(kk="Жергілікті төлем", ru="Местная оплата", en="Local payment"),
    terms=PaymentTerms(takes=(TAKES,), fee_bp=95, refund_days=365),
    can=PaymentCan(refund_full=True, refund_partial=True, payout=True),
    needs=NEEDS,
    start=_start,
    status=_status,
    reconcile=_reconcile,
    refund=_refund,
    payout=_payout,
    take_back=_take_back,
)
