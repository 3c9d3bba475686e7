"""Turn orders into plain values for templates: amounts, days and states in words."""

from collections.abc import Iterable, Mapping
from typing import Final
from uuid import UUID

from kundelik_core.sdk import Json, PluginContext
from kundelik_payments.domain.balance import held, kept, owed, refundable, reserved_on, to_pay
from kundelik_payments.domain.codes import grouped
from kundelik_payments.domain.desk import CASH, is_by_hand, to_hand_over, waits_for_nobody
from kundelik_payments.domain.model import (
    Dispute,
    Order,
    OrderLine,
    OrderState,
    Payment,
    Refund,
    RefundSource,
    RefundState,
    Sale,
)
from kundelik_payments.domain.money import shown
from kundelik_payments.offering import PERIODS
from kundelik_payments.pages.people import day, moment
from kundelik_payments.pages.words import N_, say
from kundelik_payments.providers.registry import Providers

__all__ = ["SHORT", "Names", "acts", "listed", "students_of", "title_of", "whole"]

Names = Mapping[UUID, str]

SHORT: Final[Mapping[str, str]] = {
    "pending": N_("To be paid"),
    "paid": N_("Paid"),
    "expired": N_("Not paid in time"),
    "cancelled": N_("Cancelled"),
}

_BACK: Final = N_("Given back")

_PAYMENTS: Final[Mapping[str, str]] = {
    "created": N_("begun"),
    "pending": N_("waited for"),
    "confirmed": N_("has come"),
    "failed": N_("came to nothing"),
    "canceled": N_("given up"),
    "refunded": N_("given back"),
}

_REFUNDS: Final[Mapping[str, str]] = {
    "external": N_("made outside, waits for a decision"),
    "created": N_("about to be sent"),
    "transit": N_("on its way"),
    "done": N_("given back"),
    "failed": N_("failed: the money is still owed"),
    "canceled": N_("given up"),
}

_SOURCES: Final[Mapping[str, str]] = {
    "buyer": N_("asked for by the family"),
    "admin": N_("by the school"),
    "external": N_("at the payment service"),
    "unused": N_("asked for by the family, for time of no use"),
}

_IDLE: Final = frozenset({"failed", "canceled"})
"""What providers say where they say no reason."""

_ACTS: Final[Mapping[str, str]] = {
    "cash": N_("Taken in cash"),
    "handed": N_("Handed over in cash"),
    "refund": N_("Money back was ordered"),
    "owed": N_("What was owed was sent again"),
    "by_hand": N_("What was owed was handed over in cash"),
    "decided": N_("Decided what a refund was for"),
}

_DISPUTES: Final[Mapping[str, str]] = {
    "inquiry": N_("the bank asks"),
    "open": N_("open: access rests"),
    "won": N_("won"),
    "lost": N_("lost: access has ended"),
}


def listed(ctx: PluginContext, sale: Sale, pupils: Names) -> dict[str, Json]:
    """Return an order of a list."""
    order = sale.order
    names = {pupils.get(one.student, "") for one in order.lines if one.student} - {""}
    return {
        "id": str(order.id),
        "code": grouped(order.public_id),
        **_standing(sale),
        "day": day(ctx, order.placed_at),
        "total": shown(order.total_minor, order.currency),
        "titles": ", ".join(dict.fromkeys(title_of(ctx, one) for one in order.lines)),
        "names": ", ".join(sorted(names)),
        "owed": shown(owed(sale), order.currency) if _owes(sale) else "",
    }


def _standing(sale: Sale) -> dict[str, Json]:
    """Return how an order of a list stands; one that was paid and given back is not just paid."""
    state = sale.order.state
    if state is OrderState.PAID and not any(kept(sale, line) for line in sale.order.lines):
        return {"state": "returned", "short": _BACK}
    return {"state": state.value, "short": SHORT[state.value]}


def title_of(ctx: PluginContext, line: OrderLine) -> str:
    """Return what a line is for in the reader's language; what is sold no more, as it was sold."""
    for one in ctx.catalogue:
        if one.product.sku == line.sku and line.student is not None:
            locale = ctx.i18n.locale
            return f"{one.product.title.of(locale)}, {PERIODS[line.interval].of(locale)}"
    return line.title


def students_of(sales: Iterable[Sale]) -> set[UUID]:
    """Return for whom orders are."""
    return {line.student for sale in sales for line in sale.order.lines if line.student}


def whole(
    ctx: PluginContext,
    sale: Sale,
    providers: Providers,
    pupils: Names,
    subjects: Mapping[str, str],
) -> dict[str, Json]:
    """Return an order with its lines, money and papers."""
    order = sale.order
    return {
        "id": str(order.id),
        "code": grouped(order.public_id),
        "state_now": order.state.value,
        "short": _standing(sale)["short"],
        "told": _told(ctx, sale),
        "placed": day(ctx, order.placed_at),
        "until": moment(ctx, order.expires_at),
        "total": shown(order.total_minor, order.currency),
        "to_pay": shown(to_pay(sale), order.currency) if to_pay(sale) else "",
        "owed": shown(owed(sale), order.currency) if _owes(sale) else "",
        "renews": order.renews and order.renewal_ended_at is None,
        "lines": [_line(ctx, sale, line, pupils, subjects) for line in order.lines],
        "payments": [_payment(ctx, sale, one, providers) for one in sale.payments],
        "refunds": [_refund(ctx, sale, one, providers) for one in sale.refunds],
        "disputes": [_dispute(ctx, order, one) for one in sale.disputes],
        "receipts": [
            {
                "number": one.number,
                "back": one.kind.value == "cancellation",
                "day": day(ctx, one.at),
                "amount": shown(one.amount_minor, one.currency),
            }
            for one in sale.receipts
        ],
    }


def _owes(sale: Sale) -> bool:
    """Say whether something has to go back; what a pending order was paid so far is no debt."""
    return sale.order.state is not OrderState.PENDING and owed(sale) > 0


def _told(ctx: PluginContext, sale: Sale) -> dict[str, Json]:
    """Return in a sentence how an order stands."""
    order = sale.order
    came, until = held(sale), moment(ctx, order.expires_at)
    if order.state is OrderState.PENDING and came:
        return say(
            N_("%(came)s of %(total)s has come. The rest can be paid until %(until)s."),
            came=shown(came, order.currency),
            total=shown(order.total_minor, order.currency),
            until=until,
        )
    if order.state is OrderState.PENDING:
        return say(N_("Not paid yet. You can pay until %(until)s."), until=until)
    if order.state is OrderState.PAID:
        return say(N_("Paid on %(day)s."), day=day(ctx, order.paid_at))
    if _owes(sale):
        return say(N_("It is over. What was paid for it goes back to the payer."))
    if order.state is OrderState.EXPIRED:
        return say(N_("It was not paid in time. Nothing was charged; you can order again."))
    return say(N_("It is cancelled."))


def _line(
    ctx: PluginContext, sale: Sale, line: OrderLine, pupils: Names, subjects: Mapping[str, str]
) -> dict[str, Json]:
    currency = sale.order.currency
    left = kept(sale, line) - reserved_on(sale, line.number)
    return {
        "number": line.number,
        "title": title_of(ctx, line),
        "name": pupils.get(line.student, "") if line.student else "",
        "subject": "" if line.scope == "*" else subjects.get(line.scope, line.scope),
        "seats": line.quantity if line.student is None else 0,
        "price": shown(line.price_minor, currency),
        "left": shown(left, currency) if left > 0 else "",
        "back": sale.order.paid_at is not None and left <= 0,
    }


def _way(providers: Providers, name: str, locale: str) -> str:
    return next((one.title.of(locale) for one in providers if one.name == name), name)


def _payment(ctx: PluginContext, sale: Sale, one: Payment, providers: Providers) -> dict[str, Json]:
    currency = sale.order.currency
    left = refundable(sale, one)
    return {
        "number": one.number,
        "way": _way(providers, one.provider, ctx.i18n.locale),
        "provider": one.provider,
        "state": _PAYMENTS[one.state.value],
        "good": one.state.value == "confirmed",
        "day": day(ctx, one.confirmed_at or one.created_at),
        "amount": shown(one.received_minor or one.amount_minor, currency),
        "left": shown(left, currency) if left else "",
        "reason": one.reason,
    }


def _refund(ctx: PluginContext, sale: Sale, one: Refund, providers: Providers) -> dict[str, Json]:
    payment = sale.payment(one.payment)
    return {
        "number": one.number,
        "way": _way(
            providers,
            CASH if is_by_hand(one) else payment.provider,
            ctx.i18n.locale,
        ),
        "state": _refund_state(one),
        "bad": one.state in {RefundState.FAILED, RefundState.EXTERNAL},
        "external": one.state is RefundState.EXTERNAL,
        "by_hand": one.state is RefundState.TRANSIT and payment.provider == "invoice",
        "at_desk": to_hand_over(sale, one),
        "instead": waits_for_nobody(one) and payment.provider not in providers,
        "tried": one.tried_at is not None,
        "by": _SOURCES[one.source.value],
        "day": day(ctx, one.done_at or one.created_at),
        "amount": shown(one.amount_minor, sale.order.currency),
        "reason": "" if one.reason in _IDLE else one.reason,
    }


def _refund_state(one: Refund) -> str:
    """Return how a refund stands; of one that never left, nothing is owed."""
    never = one.accepted_at is None or (one.source is RefundSource.EXTERNAL and not one.parts)
    if one.state is RefundState.FAILED and never:
        return N_("failed: it stayed here")
    return _REFUNDS[one.state.value]


def acts(ctx: PluginContext, sale: Sale, people: Names) -> list[dict[str, Json]]:
    """Return what people of the school did with an order, the latest first."""
    return [
        {
            "what": _ACTS[one.kind.value],
            "at": moment(ctx, one.at),
            "who": people.get(one.staff_id, "") if one.staff_id else "",
            "amount": shown(one.amount_minor, sale.order.currency),
        }
        for one in reversed(sale.acts)
    ]


def _dispute(ctx: PluginContext, order: Order, one: Dispute) -> dict[str, Json]:
    return {
        "state": _DISPUTES[one.state.value],
        "waits": one.closed_at is None,
        "day": day(ctx, one.closed_at or one.opened_at),
        "amount": shown(one.amount_minor, order.currency),
        "reference": one.reference,
    }
