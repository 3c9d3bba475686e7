"""The provider ``stripe``: its pages take the cards, we see amounts and an order's public id."""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final

import stripe
from stripe.params import (
    RefundCreateParams,
    TransferCreateParams,
    TransferReversalCreateParams,
)
from stripe.params.checkout import SessionCreateParams

from kundelik_core.sdk import Text
from kundelik_payments.domain.codes import grouped, public_id_of
from kundelik_payments.providers.spi import (
    Capabilities,
    Fact,
    Forged,
    Misconfigured,
    Notice,
    Outcome,
    Redirect,
    RefundAnswer,
    RefundRequest,
    Started,
    StartRequest,
    SubscriptionFact,
    Terms,
    TransferAnswer,
    TransferRequest,
)
from kundelik_payments.providers.stripe.caller import Caller
from kundelik_payments.providers.stripe.listing import Listings, gone_through
from kundelik_payments.providers.stripe.looking import (
    about,
    find_refund,
    find_session,
    order_behind,
    session_facts,
)
from kundelik_payments.providers.stripe.reading import order_in, refund_fact, subscription_fact
from kundelik_payments.providers.stripe.shapes import Shape

__all__ = ["StripeProvider"]

_SAID_ALREADY: Final = frozenset(
    {
        *("payment_intent.created", "payment_intent.succeeded", "payment_intent.processing"),
        *("charge.succeeded", "charge.pending", "charge.updated", "invoice.created"),
        *(
            "invoice.finalized",
            "invoice.updated",
            "invoice.payment_succeeded",
            "invoice_payment.paid",
        ),
        *("customer.created", "customer.updated", "payment_method.attached"),
    }
)
_TOLERANCE: Final = timedelta(seconds=300)
_LEAD: Final = timedelta(minutes=5)
_SHORTEST: Final = timedelta(minutes=31)
_LONGEST: Final = timedelta(hours=23)


class StripeProvider:
    """One account at Stripe; during a change of secrets messages of both are taken.

    Many schools share the account: ``school`` is the one whose part of it is gone through, with the
    ``listings`` that others have made.
    """

    name = "stripe"
    title = Text(kk="Карта (Stripe)", ru="Карта (Stripe)", en="Card (Stripe)")
    capabilities = Capabilities(
        redirect=True,
        recurring=True,
        refund_full=True,
        refund_partial=True,
        payout=True,
        dispute=True,
        poll_status=True,
        webhook_verify=True,
    )
    # The least is about half a dollar; the fee is of a foreign card in a foreign currency.
    terms = Terms(
        currencies=("KZT", "EUR", "USD"),
        min_minor={"KZT": 30_000, "EUR": 50, "USD": 50},
        max_minor={"KZT": 99_999_999, "EUR": 99_999_999, "USD": 99_999_999},
        fee_bp=440,
        fee_minor=15_000,
    )

    def __init__(
        self,
        caller: Caller,
        secrets: Sequence[str],
        *,
        school: int | None = None,
        listings: Listings | None = None,
        tolerance: timedelta = _TOLERANCE,
    ) -> None:
        if not secrets or not all(secrets):
            raise Misconfigured("there is no secret to prove messages with")
        self._caller = caller
        self._secrets = tuple(secrets)
        self._school = school
        self._listings = listings or Listings()
        self._tolerance = tolerance

    async def start(self, request: StartRequest) -> Started:
        """Open a page of Stripe for a payment."""
        params = _session_params(request)

        def call(client: stripe.StripeClient) -> Shape:
            if request.reference:
                return Shape(client.v1.checkout.sessions.retrieve(request.reference))
            if request.again and request.tried_at:
                since = int((request.tried_at - _LEAD).timestamp())
                if found := find_session(client, request.order, request.payment, since):
                    return found
            options: stripe.RequestOptions = {"idempotency_key": request.idempotency_key}
            return Shape(client.v1.checkout.sessions.create(params, options))

        session = await self._caller.run(call)
        return Started(
            reference=session.text("id"),
            action=Redirect(url=session.text("url") or request.return_url),
        )

    def verify(self, headers: Mapping[str, str], body: bytes, now: datetime) -> Notice:
        """Prove a message by its signature, with each secret in turn."""
        signature = next((v for k, v in headers.items() if k.lower() == "stripe-signature"), "")
        self._check_age(signature, now)
        for secret in self._secrets:
            try:
                # As the SDK's construct_event, but without making objects of all that is in it.
                stripe.WebhookSignature.verify_header(body.decode(), signature, secret)
                event = json.loads(body)
            except stripe.SignatureVerificationError:
                continue
            except ValueError as error:
                raise Forged("not an event") from error
            if not isinstance(event, dict):
                raise Forged("not an event")
            shape = Shape(event)
            inner = shape.get("data.object")
            about_it = inner if isinstance(inner, Mapping) else {}
            return Notice(
                event_id=shape.text("id"),
                type=shape.text("type"),
                hint=str(about_it.get("id", "")),
                order=order_in(about_it),
            )
        raise Forged("signed by nobody we know")

    def _check_age(self, signature: str, now: datetime) -> None:
        """Refuse an old message by our clock; the SDK would ask the machine's."""
        stamps = [part[2:] for part in signature.split(",") if part.startswith("t=")]
        if not stamps or not stamps[0].isdecimal():
            raise Forged("not signed")
        age = abs(now.timestamp() - int(stamps[0]))
        if age > self._tolerance.total_seconds():
            raise Forged("signed long ago")

    def hears(self, notice_type: str) -> bool:
        """Pass over what a purchase says a second and a third time."""
        return notice_type not in _SAID_ALREADY

    async def order_of(self, notice: Notice) -> str:
        """Return what the message says, or what hangs on the payment that it is about."""
        if notice.order or not notice.hint:
            return notice.order
        return await self._caller.run(lambda client: order_behind(client, notice.type, notice.hint))

    async def look(self, notice_type: str, hint: str) -> Sequence[Fact]:
        """Fetch again what a message was about."""
        if not hint:
            return []
        return await self._caller.run(lambda client: about(client, notice_type, hint))

    async def poll(self, reference: str) -> Sequence[Fact]:
        """Fetch a session with all that hangs on it."""
        if not reference.startswith("cs_"):
            return []
        return await self._caller.run(lambda client: session_facts(client, reference))

    async def refund(self, request: RefundRequest) -> RefundAnswer:
        """Give money back the way it came."""
        (reference, *_) = request.payment_references or ("",)

        def call(client: stripe.StripeClient) -> Shape:
            intent = _intent_of(client, reference)
            if request.again and (
                found := find_refund(client, intent, request.order, request.refund)
            ):
                return found
            params: RefundCreateParams = {
                "payment_intent": intent,
                "amount": request.amount_minor,
                "metadata": {"order": request.order, "refund": str(request.refund)},
            }
            options: stripe.RequestOptions = {"idempotency_key": request.idempotency_key}
            return Shape(client.v1.refunds.create(params, options))

        fact = refund_fact(await self._caller.run(call))
        return RefundAnswer(reference=fact.reference, outcome=fact.outcome, reason=fact.reason)

    async def reconcile(self, since: datetime, until: datetime) -> Sequence[Fact]:
        """List what was made in a stretch of time, once for all schools of the account."""
        ours = f"{self._school}-"
        return await gone_through(self._listings, self._caller, since, until, ours)

    async def end_renewal(self, subscription: str, idempotency_key: str) -> SubscriptionFact:
        """Let a subscription end with its period, at one click."""
        found = await self._caller.run(
            lambda client: Shape(
                client.v1.subscriptions.update(
                    subscription,
                    {"cancel_at_period_end": True},
                    {"idempotency_key": idempotency_key},
                )
            )
        )
        return subscription_fact(found)

    async def pause(
        self, subscription: str, until: datetime | None, idempotency_key: str
    ) -> SubscriptionFact:
        """Take nothing until then."""

        def call(client: stripe.StripeClient) -> Shape:
            options: stripe.RequestOptions = {"idempotency_key": idempotency_key}
            if until is None:
                return Shape(
                    client.v1.subscriptions.update(subscription, {"pause_collection": ""}, options)
                )
            resumes = int(until.timestamp())
            return Shape(
                client.v1.subscriptions.update(
                    subscription,
                    {"pause_collection": {"behavior": "void", "resumes_at": resumes}},
                    options,
                )
            )

        return subscription_fact(await self._caller.run(call))

    async def portal(self, subscription: str, return_url: str) -> Redirect:
        """Open Stripe's page for the payer's cards."""

        def call(client: stripe.StripeClient) -> Shape:
            customer = Shape(client.v1.subscriptions.retrieve(subscription)).id_of("customer")
            return Shape(
                client.v1.billing_portal.sessions.create(
                    {"customer": customer, "return_url": return_url}
                )
            )

        return Redirect(url=(await self._caller.run(call)).text("url"))

    async def transfer(self, request: TransferRequest) -> TransferAnswer:
        """Hand a vendor its share, from what has come to the account.

        A key is forgotten there after a day, so what may have been done is looked for first.
        """

        def call(client: stripe.StripeClient) -> Shape:
            known = client.v1.transfers.list({"transfer_group": request.reference, "limit": 1})
            if known.data:
                return Shape(known.data[0])
            params: TransferCreateParams = {
                "amount": request.amount_minor,
                "currency": request.currency.lower(),
                "destination": request.destination,
                "transfer_group": request.reference,
                "metadata": {"payout": request.reference},
            }
            options: stripe.RequestOptions = {"idempotency_key": request.idempotency_key}
            return Shape(client.v1.transfers.create(params, options))

        made = await self._caller.run(call)
        return TransferAnswer(reference=made.text("id"), outcome=Outcome.DONE)

    async def take_back(
        self, transfer: str, amount_minor: int, idempotency_key: str
    ) -> TransferAnswer:
        """Reverse a part of a share: refunds do not do that by themselves."""

        def call(client: stripe.StripeClient) -> Shape:
            known = client.v1.transfers.reversals.list(transfer, {"limit": 100})
            done = [Shape(one).meta("key") for one in known.data]
            if idempotency_key not in done:
                params: TransferReversalCreateParams = {
                    "amount": amount_minor,
                    "metadata": {"key": idempotency_key},
                }
                options: stripe.RequestOptions = {"idempotency_key": idempotency_key}
                client.v1.transfers.reversals.create(transfer, params, options)
            return Shape(client.v1.transfers.retrieve(transfer))

        found = await self._caller.run(call)
        return TransferAnswer(
            reference=transfer,
            outcome=Outcome.DONE,
            reversed_minor=found.count("amount_reversed"),
        )


def _intent_of(client: stripe.StripeClient, reference: str) -> str:
    """Return the payment behind a session or an invoice; its own id is returned as it is."""
    if reference.startswith("cs_"):
        session = Shape(client.v1.checkout.sessions.retrieve(reference))
        if intent := session.id_of("payment_intent"):
            return intent
        reference = session.id_of("invoice")
    if reference.startswith("in_"):
        payments = client.v1.invoice_payments.list({"invoice": reference, "limit": 1})
        return Shape(payments.data[0]).id_of("payment.payment_intent") if payments.data else ""
    return reference


def _closing(request: StartRequest) -> datetime:
    """Return when the page closes: with the order, within the bounds that Stripe has for pages.

    It is counted from when the attempt was made, so that a call that is repeated says the same.
    """
    if request.tried_at is None:
        return request.expires_at
    return min(max(request.expires_at, request.tried_at + _SHORTEST), request.tried_at + _LONGEST)


def _session_params(request: StartRequest) -> SessionCreateParams:
    """Return what Stripe is told: an amount and the order's public id, and nothing about people."""
    metadata = {"order": request.order, "payment": str(request.payment)}
    currency = request.currency.lower()
    params: SessionCreateParams = {
        "client_reference_id": request.order,
        "metadata": metadata,
        "success_url": request.return_url,
        "cancel_url": request.cancel_url,
        "locale": "ru" if request.locale == "ru" else "auto",
        "expires_at": int(_closing(request).timestamp()),
    }
    if not request.renew_months:
        params["mode"] = "payment"
        # What is said of the session is not copied to the payment.
        params["payment_intent_data"] = {
            "metadata": metadata,
            "transfer_group": request.order,
        }
        params["line_items"] = [
            {
                "quantity": 1,
                "price_data": {
                    "currency": currency,
                    "unit_amount": request.amount_minor,
                    "product_data": {"name": grouped(public_id_of(request.order))},
                },
            }
        ]
        return params
    params["mode"] = "subscription"
    params["subscription_data"] = {"metadata": metadata}
    params["line_items"] = [
        {
            "quantity": 1,
            "price_data": {
                "currency": currency,
                "unit_amount": request.amount_minor,
                "product_data": {"name": grouped(public_id_of(request.order))},
                "recurring": {"interval": "month", "interval_count": request.renew_months},
            },
        }
    ]
    return params
