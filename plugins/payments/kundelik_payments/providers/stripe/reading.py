"""Turn Stripe's objects into facts."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

from kundelik_payments.domain.model import DisputeState
from kundelik_payments.domain.subscribing import SubscriptionState
from kundelik_payments.providers.spi import (
    DisputeFact,
    Outcome,
    PaymentFact,
    PayoutFact,
    RefundFact,
    RenewalFact,
    SubscriptionFact,
    VendorFact,
)
from kundelik_payments.providers.stripe.shapes import Shape

__all__ = [
    "dispute_fact",
    "order_in",
    "payment_fact",
    "payout_fact",
    "refund_fact",
    "renewal_fact",
    "subscription_fact",
    "transfer_fact",
    "vendor_fact",
]

_DETAILS: Final = "parent.subscription_details.metadata"
_PAID: Final = frozenset({"paid", "no_payment_required"})
_REFUND: Final = {
    "succeeded": Outcome.DONE,
    "failed": Outcome.FAILED,
    "canceled": Outcome.CANCELED,
}
_DISPUTE: Final = {
    "warning_needs_response": DisputeState.INQUIRY,
    "warning_under_review": DisputeState.INQUIRY,
    "warning_closed": DisputeState.WON,
    "needs_response": DisputeState.OPEN,
    "under_review": DisputeState.OPEN,
    "won": DisputeState.WON,
    "prevented": DisputeState.WON,
    "lost": DisputeState.LOST,
}
_SUBSCRIPTION: Final = {
    "active": SubscriptionState.ACTIVE,
    "trialing": SubscriptionState.ACTIVE,
    "past_due": SubscriptionState.PAST_DUE,
    "unpaid": SubscriptionState.PAST_DUE,
    "incomplete": SubscriptionState.PAST_DUE,
    "paused": SubscriptionState.PAUSED,
    "canceled": SubscriptionState.CANCELED,
    "incomplete_expired": SubscriptionState.CANCELED,
}
_PAYOUT: Final = {"paid": Outcome.DONE, "failed": Outcome.FAILED, "canceled": Outcome.CANCELED}


def order_in(found: Mapping[str, Any]) -> str:
    """Return our word for the order that an object names, of whatever kind it is."""
    kind = found.get("object")
    if kind not in {"checkout.session", "payment_intent", "charge", "refund", "subscription"}:
        return Shape(found).meta("order", _DETAILS) if kind == "invoice" else ""
    return Shape(found).meta("order")


def payment_fact(session: Shape, intent: Shape | None) -> PaymentFact:
    """Return how the payment behind a session stands; only ``payment_status`` says paid."""
    state, status = session.text("status"), session.text("payment_status")
    if status in _PAID and state == "complete":
        outcome = Outcome.DONE
    elif state == "expired":
        outcome = Outcome.CANCELED
    elif state == "complete" and intent and intent.text("status") == "requires_payment_method":
        # A slow way of paying that came to nothing after the page was done.
        outcome = Outcome.FAILED
    else:
        outcome = Outcome.PENDING
    references = [session.id_of("payment_intent"), session.id_of("invoice")]
    if intent:
        references.append(intent.id_of("latest_charge"))
    error = intent.get("last_payment_error") if intent else None
    return PaymentFact(
        reference=session.text("id"),
        outcome=outcome,
        amount_minor=session.count("amount_total"),
        currency=session.text("currency").upper(),
        order=session.meta("order"),
        payment=session.number("payment"),
        references=tuple(one for one in references if one),
        reason=str((error or {}).get("code", "")) if outcome is Outcome.FAILED else "",
    )


def refund_fact(refund: Shape) -> RefundFact:
    """Return how a refund stands."""
    return RefundFact(
        reference=refund.text("id"),
        payment_references=_paid_by(refund),
        outcome=_REFUND.get(refund.text("status"), Outcome.PENDING),
        amount_minor=refund.count("amount"),
        currency=refund.text("currency").upper(),
        refund=refund.number("refund"),
        order=refund.meta("order"),
        reason=refund.text("status"),
    )


def dispute_fact(dispute: Shape) -> DisputeFact:
    """Return how a dispute stands."""
    return DisputeFact(
        reference=dispute.text("id"),
        payment_references=_paid_by(dispute),
        state=_DISPUTE.get(dispute.text("status"), DisputeState.OPEN),
        amount_minor=dispute.count("amount"),
        currency=dispute.text("currency").upper(),
    )


def _paid_by(shape: Shape) -> tuple[str, ...]:
    return tuple(one for one in (shape.id_of("payment_intent"), shape.id_of("charge")) if one)


def subscription_fact(subscription: Shape) -> SubscriptionFact:
    """Return how a subscription stands; its period belongs to its item, not to itself."""
    state = _SUBSCRIPTION.get(subscription.text("status"), SubscriptionState.PAST_DUE)
    if state is SubscriptionState.ACTIVE and subscription.get("pause_collection"):
        state = SubscriptionState.PAUSED
    ends = subscription.count("items.data.current_period_end")
    return SubscriptionFact(
        reference=subscription.text("id"),
        order=subscription.meta("order"),
        state=state,
        period_end=datetime.fromtimestamp(ends, UTC),
        cancel_at_period_end=bool(subscription.get("cancel_at_period_end")),
    )


def renewal_fact(invoice: Shape, references: tuple[str, ...]) -> RenewalFact:
    """Return how a further period of a subscription stands."""
    paid = invoice.text("status") == "paid"
    return RenewalFact(
        reference=invoice.text("id"),
        subscription=invoice.id_of("parent.subscription_details.subscription"),
        outcome=Outcome.DONE if paid else Outcome.PENDING,
        amount_minor=invoice.count("amount_paid" if paid else "amount_due"),
        currency=invoice.text("currency").upper(),
        references=references,
    )


def vendor_fact(account: Shape) -> VendorFact:
    """Return whether a vendor can take money."""
    return VendorFact(
        account=account.text("id"),
        can_charge=bool(account.get("charges_enabled")),
        can_be_paid=bool(account.get("payouts_enabled")),
    )


def transfer_fact(transfer: Shape) -> PayoutFact:
    """Return how a vendor's share stands."""
    return PayoutFact(
        reference=transfer.text("id"),
        outcome=Outcome.CANCELED if transfer.get("reversed") else Outcome.DONE,
        amount_minor=transfer.count("amount"),
        reversed_minor=transfer.count("amount_reversed"),
    )


def payout_fact(payout: Shape) -> PayoutFact:
    """Return how a payout to a bank account stands."""
    return PayoutFact(
        reference=payout.text("id"),
        outcome=_PAYOUT.get(payout.text("status"), Outcome.PENDING),
        amount_minor=payout.count("amount"),
    )
