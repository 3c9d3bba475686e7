"""Begin payments and refunds: the key is stored first, the provider is asked outside the lock."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from kundelik_payments.domain import paying, refunding
from kundelik_payments.domain.desk import acted
from kundelik_payments.domain.model import ActKind, Order, Payment, Refund, RefundSource, Sale
from kundelik_payments.domain.refused import Refused
from kundelik_payments.ports import ProviderObject
from kundelik_payments.providers.spi import (
    Action,
    Declined,
    Misconfigured,
    NotSetUp,
    Outcome,
    RefundRequest,
    Started,
    StartRequest,
    Unclear,
)
from kundelik_payments.service.cashier import Cashier

__all__ = [
    "Way",
    "ask_refund",
    "check_way_back",
    "give_up",
    "payment_key",
    "refund_key",
    "send_refund",
    "start",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """Where a payer comes back to, and the language to be spoken to in."""

    return_url: str
    cancel_url: str
    locale: str
    phone: str = ""


def payment_key(order: Order, payment: Payment) -> str:
    """Return the key under which a provider begins this payment once."""
    return f"pay-{order.id.hex}-{payment.number}-start-{payment.attempt}"


def refund_key(order: Order, refund: Refund) -> str:
    """Return the key under which a provider gives this money back once."""
    return f"pay-{order.id.hex}-refund-{refund.number}-{refund.attempt}"


async def start(cashier: Cashier, order: UUID, provider_name: str, way: Way) -> Action:
    """Send a payer to a provider; a second click finds the same payment again.

    Raises:
        Refused: the order cannot be paid, or not there.
        ProviderError: the provider did not answer well; Busy and Unclear may be tried again.
    """
    provider = cashier.providers.get(provider_name)
    if cashier.providers.is_off(provider_name):
        raise NotSetUp(provider_name)
    payment, again = await _prepare_payment(cashier, order, provider_name)
    sale = await cashier.get(order)
    wanted = StartRequest(
        order=sale.order.reference,
        payment=payment.number,
        amount_minor=payment.amount_minor,
        currency=sale.order.currency,
        idempotency_key=payment_key(sale.order, payment),
        expires_at=sale.order.expires_at,
        return_url=way.return_url,
        cancel_url=way.cancel_url,
        locale=way.locale,
        again=again,
        tried_at=payment.created_at,
        renew_months=sale.order.lines[0].months if sale.order.renews else 0,
        phone=way.phone,
        reference=payment.reference or "",
    )
    try:
        started = await provider.start(wanted)
    except Unclear as error:
        if error.fresh_key:
            await cashier.step(
                order, lambda s, now: paying.tried(s, payment.number, now, fresh_key=True)
            )
        raise
    except (Declined, Misconfigured) as error:
        reason = str(error)
        await cashier.step(order, lambda s, _: paying.fail(s, payment.number, reason))
        raise
    await _keep_started(cashier, order, provider_name, payment.number, started)
    return started.action


async def _prepare_payment(cashier: Cashier, order: UUID, provider: str) -> tuple[Payment, bool]:
    """Store an attempt with its key, and say whether the provider may have heard of it before."""
    terms = cashier.providers.get(provider).terms
    made: list[Payment] = []

    def change(sale: Sale, now: datetime) -> Sale:
        after, payment = paying.new_payment(sale, provider, now)
        if not terms.takes(payment.amount_minor, sale.order.currency):
            raise Refused("amount", "This amount cannot be paid this way.")
        made.append(payment)
        return paying.tried(after, payment.number, now, fresh_key=False)

    await cashier.step(order, change)
    return made[-1], made[-1].tried_at is not None


async def _keep_started(
    cashier: Cashier, order: UUID, provider: str, number: int, started: Started
) -> None:
    await cashier.store.refer(
        ProviderObject(
            provider=provider,
            reference=started.reference,
            kind="payment",
            order=order,
            number=number,
        )
    )
    await cashier.step(order, lambda sale, _: paying.pending(sale, number, started.reference))


async def give_up(cashier: Cashier, order: UUID, number: int) -> Sale:
    """Let a payment be that the payer turned back from."""
    return await cashier.step(order, lambda sale, _: paying.cancel_payment(sale, number))


async def ask_refund(
    cashier: Cashier,
    order: UUID,
    payment: int,
    parts: Mapping[int, int],
    extra_minor: int = 0,
    source: RefundSource = RefundSource.BUYER,
    act: tuple[ActKind, UUID | None] | None = None,
) -> Refund:
    """Reserve money that is to go back; ``send_refund`` sets it on its way.

    ``act`` says who of the school did it, to be written down with it.

    Raises:
        Refused: that much is not there, or the provider cannot give back so.
    """
    made: list[Refund] = []

    def change(sale: Sale, now: datetime) -> Sale:
        after, refund = refunding.new_refund(sale, payment, parts, extra_minor, source, now)
        check_way_back(cashier, sale.payment(payment), refund, now)
        made.append(refund)
        if act:
            after = acted(after, act[0], refund.amount_minor, act[1], now)
        return after

    await cashier.step(order, change)
    return made[-1]


def check_way_back(cashier: Cashier, payment: Payment, refund: Refund, now: datetime) -> None:
    """Check that money can go back the way it came.

    Raises:
        Refused: that way gives nothing back so, or not any more.
    """
    if payment.provider not in cashier.providers:
        # The school has switched it off, or the operator has taken its keys away.
        raise Refused("no-way-back", "This cannot be given back the way it was paid.")
    provider = cashier.providers.get(payment.provider)
    whole = refund.amount_minor == payment.received_minor
    can = provider.capabilities
    if not (can.refund_partial or (whole and can.refund_full)):
        raise Refused("no-way-back", "This cannot be given back the way it was paid.")
    within, paid = provider.terms.refund_within, payment.confirmed_at
    if within and paid and now > paid + within:
        raise Refused("too-late", "It is too late to give this back the way it was paid.")


async def send_refund(cashier: Cashier, order: UUID, number: int) -> Sale:
    """Ask the provider to give money back that was reserved; asked again it is given once.

    Raises:
        ProviderError: Busy and Unclear leave it reserved, to be tried again.
    """
    before = await cashier.get(order)
    refund = before.refund(number)
    if refund.state != "created":
        return before
    again = refund.tried_at is not None
    await cashier.step(order, lambda s, now: refunding.tried(s, number, now, fresh_key=False))
    payment = before.payment(refund.payment)
    provider = cashier.providers.get(payment.provider)
    wanted = RefundRequest(
        order=before.order.reference,
        refund=number,
        amount_minor=refund.amount_minor,
        currency=before.order.currency,
        idempotency_key=refund_key(before.order, refund),
        payment_references=(payment.reference,) if payment.reference else (),
        again=again,
    )
    try:
        answer = await provider.refund(wanted)
    except Unclear as error:
        if error.fresh_key:
            await cashier.step(
                order, lambda s, now: refunding.tried(s, number, now, fresh_key=True)
            )
        raise
    except (Declined, Misconfigured) as error:
        reason = str(error)
        await cashier.step(order, lambda s, now: refunding.refuse(s, number, reason, now))
        raise
    await cashier.store.refer(
        ProviderObject(
            provider=payment.provider,
            reference=answer.reference,
            kind="refund",
            order=order,
            number=number,
        )
    )
    if answer.outcome in {Outcome.FAILED, Outcome.CANCELED}:
        return await cashier.step(
            order, lambda s, now: refunding.refuse(s, number, answer.reason, now)
        )
    done = answer.outcome is Outcome.DONE
    return await cashier.step(
        order, lambda s, now: refunding.accept(s, number, answer.reference, now, done=done)
    )
