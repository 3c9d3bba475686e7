"""Look things up at Stripe: what a message was about, how a payment stands, what was missed."""

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Final

import stripe

from kundelik_payments.providers.spi import Fact
from kundelik_payments.providers.stripe.reading import (
    dispute_fact,
    order_in,
    payment_fact,
    payout_fact,
    refund_fact,
    renewal_fact,
    subscription_fact,
    transfer_fact,
    vendor_fact,
)
from kundelik_payments.providers.stripe.shapes import Shape

if TYPE_CHECKING:
    from stripe.params import PaymentIntentRetrieveParams

__all__ = ["about", "find_refund", "find_session", "invoice_facts", "order_behind", "session_facts"]

_PAGE: Final = 100
# Only the charge that went through can be given back, and a payment has one: one call for all.
_CHARGE_REFUNDS: Final = "latest_charge.refunds"


def about(client: stripe.StripeClient, kind: str, hint: str) -> list[Fact]:
    """Return the facts behind a message of type ``kind`` about the object ``hint``."""
    v1 = client.v1
    match kind.split("."):
        case ["checkout", "session", *_]:
            return session_facts(client, hint)
        case ["payment_intent", *_]:
            return _of_intent(client, hint)
        case ["charge", "dispute", *_]:
            return [dispute_fact(Shape(v1.disputes.retrieve(hint)))]
        case ["charge", "refund", *_] | ["refund", *_]:
            return [refund_fact(Shape(v1.refunds.retrieve(hint)))]
        case ["charge", *_]:
            return _refunds_of(client, Shape(v1.charges.retrieve(hint, {"expand": ["refunds"]})))
        case ["invoice", *_]:
            return invoice_facts(client, hint)
        case ["customer", "subscription", *_]:
            return [subscription_fact(Shape(v1.subscriptions.retrieve(hint)))]
        case ["account", *_]:
            return [vendor_fact(Shape(v1.accounts.retrieve(hint)))]
        case ["transfer", *_]:
            return [transfer_fact(Shape(v1.transfers.retrieve(hint)))]
        case ["payout", *_]:
            return [payout_fact(Shape(v1.payouts.retrieve(hint)))]
    return []


def session_facts(client: stripe.StripeClient, session_id: str) -> list[Fact]:
    """Return how a session's payment stands, with its refunds, and the subscription it began."""
    session = Shape(
        client.v1.checkout.sessions.retrieve(
            session_id, {"expand": [f"payment_intent.{_CHARGE_REFUNDS}"]}
        )
    )
    inner = session.get("payment_intent")
    intent = Shape(inner) if isinstance(inner, dict) else None
    if intent is None and session.id_of("invoice"):
        # A subscription's first payment hangs on its invoice, and refunds hang on the payment.
        paid_by = _payments_of(client, session.id_of("invoice"))
        whole: PaymentIntentRetrieveParams = {"expand": [_CHARGE_REFUNDS]}
        found = client.v1.payment_intents.retrieve(paid_by[0], whole) if paid_by else None
        intent = Shape(found) if found else None
        fact = payment_fact(session, intent)
        extra = (*fact.references, *paid_by)
        facts: list[Fact] = [replace(fact, references=extra)]
    else:
        facts = [payment_fact(session, intent)]
    if subscription := session.id_of("subscription"):
        facts.append(subscription_fact(Shape(client.v1.subscriptions.retrieve(subscription))))
    charge = intent.get("latest_charge") if intent else None
    if isinstance(charge, Mapping):
        facts += _refunds_of(client, Shape(charge))
    return facts


def _of_intent(client: stripe.StripeClient, intent: str) -> list[Fact]:
    sessions = client.v1.checkout.sessions.list({"payment_intent": intent, "limit": 1})
    return [fact for one in sessions.data for fact in session_facts(client, one.id)]


def _payments_of(client: stripe.StripeClient, invoice: str) -> tuple[str, ...]:
    payments = client.v1.invoice_payments.list({"invoice": invoice, "limit": 10})
    shapes = [Shape(one) for one in payments.data]
    intents = [one for one in shapes if one.text("payment.type") == "payment_intent"]
    return tuple(one.id_of("payment.payment_intent") for one in intents)


def invoice_facts(client: stripe.StripeClient, invoice_id: str) -> list[Fact]:
    """Return how a subscription and its further period stand, by their invoice."""
    invoice = Shape(client.v1.invoices.retrieve(invoice_id))
    subscription = invoice.id_of("parent.subscription_details.subscription")
    if not subscription:
        return []
    facts: list[Fact] = [subscription_fact(Shape(client.v1.subscriptions.retrieve(subscription)))]
    if invoice.text("billing_reason") == "subscription_create":
        # The first period was bought with the session, whose own message tells of it.
        return facts
    return [*facts, renewal_fact(invoice, _payments_of(client, invoice_id))]


def _refunds(client: stripe.StripeClient, intent: str) -> list[Fact]:
    if not intent:
        return []
    refunds = client.v1.refunds.list({"payment_intent": intent, "limit": _PAGE})
    return [refund_fact(Shape(one)) for one in refunds.auto_paging_iter()]


def _refunds_of(client: stripe.StripeClient, charge: Shape) -> list[Fact]:
    """Return the refunds that came along with a charge; where they are more, ask for all."""
    listed = charge.get("refunds")
    if isinstance(listed, Mapping) and not listed["has_more"]:
        return [refund_fact(Shape(one)) for one in listed["data"]]
    return _refunds(client, charge.id_of("payment_intent"))


def find_session(client: stripe.StripeClient, order: str, payment: int, since: int) -> Shape | None:
    """Return the session that an earlier call made for a payment, if it did."""
    sessions = client.v1.checkout.sessions.list({"created": {"gte": since}, "limit": _PAGE})
    for one in sessions.auto_paging_iter():
        session = Shape(one)
        if session.text("client_reference_id") == order and session.number("payment") == payment:
            return session
    return None


def find_refund(client: stripe.StripeClient, intent: str, order: str, refund: int) -> Shape | None:
    """Return the refund that an earlier call made, if it did."""
    refunds = client.v1.refunds.list({"payment_intent": intent, "limit": _PAGE})
    for one in refunds.auto_paging_iter():
        found = Shape(one)
        if found.meta("order") == order and found.number("refund") == refund:
            return found
    return None


def order_behind(client: stripe.StripeClient, kind: str, hint: str) -> str:
    """Return our word for the order of an object that does not name it, by its payment."""
    v1 = client.v1
    match kind.split("."):
        case ["charge", "dispute", *_]:
            shape = Shape(v1.disputes.retrieve(hint))
        case ["charge", "refund", *_] | ["refund", *_]:
            shape = Shape(v1.refunds.retrieve(hint))
        case ["charge", *_]:
            shape = Shape(v1.charges.retrieve(hint))
        case ["payment_intent", *_]:
            return _order_of_intent(client, hint)
        case _:
            return ""
    return _order_of_intent(client, shape.id_of("payment_intent"))


def _order_of_intent(client: stripe.StripeClient, intent: str) -> str:
    if not intent:
        return ""
    if order := order_in(Shape(client.v1.payment_intents.retrieve(intent)).raw):
        return order
    # The payments of a subscription hang on its invoices, which know its words.
    found = client.v1.invoice_payments.list(
        {"payment": {"type": "payment_intent", "payment_intent": intent}, "limit": 1}
    )
    if not found.data:
        return ""
    invoice = Shape(found.data[0]).id_of("invoice")
    return order_in(Shape(client.v1.invoices.retrieve(invoice)).raw)
