"""Show the school's orders to whoever keeps its books: what waits for a person stands in front."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from kundelik_core.sdk import Html, Json, NotFound, PageAnswer, PageRequest, PluginContext
from kundelik_payments.cashdesk import cashier_for
from kundelik_payments.domain.balance import (
    kept,
    owed,
    refundable,
    reserved_on,
    short,
    to_pay,
    unreserved,
)
from kundelik_payments.domain.codes import typed
from kundelik_payments.domain.desk import CASH, to_hand_over
from kundelik_payments.domain.model import OrderState, Refund, RefundSource, RefundState, Sale
from kundelik_payments.domain.money import shown
from kundelik_payments.pages import lookup, showing
from kundelik_payments.pages.papers import instructions
from kundelik_payments.pages.unused import unused_of
from kundelik_payments.pages.words import DONE, N_, TROUBLES, say
from kundelik_payments.providers.invoice.provider import InvoiceProvider
from kundelik_payments.providers.registry import Providers
from kundelik_payments.service.cashier import Cashier
from kundelik_payments.service.giving import inert_lines
from kundelik_payments.store import PgStore

__all__ = ["desk", "one", "view", "way_is_gone"]

_STATES: Final = ("pending", "paid", "expired", "cancelled")


async def desk(ctx: PluginContext, request: PageRequest) -> PageAnswer:
    """Show what waits for a person, then all orders by their state."""
    state, search = request.asked("state"), request.asked("q").strip()[:60]
    if state not in _STATES:
        state = ""
    store = PgStore(ctx)
    waiting = [] if search or state else await _waiting(ctx, store)
    before = _moment(request.asked("before"))
    async with ctx.db.read() as tx:
        many = await lookup.counts(tx)
        found = await lookup.by_name(tx, search) if search and not typed(search) else []
    if found:
        named = [sale for one in found if (sale := await store.sale(one))]
        sales = [sale for sale in named if state in {"", sale.order.state.value}]
    elif search and not typed(search):
        sales = []
    else:
        text, states = typed(search) or "", [state] if state else []
        sales = await store.listed(states, text, lookup.MOST + 1, before)
    async with ctx.db.read() as tx:
        names = await lookup.pupils(tx, showing.students_of([*sales, *waiting]))
        people = await lookup.payers(tx, _payers([*sales, *waiting]))
    shown_now = sales[: lookup.MOST]
    more = len(sales) > lookup.MOST
    context: dict[str, Json] = {
        "state": state,
        "search": search,
        "tabs": [
            {"state": one, "short": showing.SHORT[one], "many": many.get(one, 0)} for one in _STATES
        ],
        "orders": [
            showing.listed(ctx, sale, names) | {"payer": _name(people, sale)} for sale in shown_now
        ],
        "waiting": [
            showing.listed(ctx, sale, names) | {"payer": _name(people, sale), "why": why}
            for sale in waiting
            if (why := reasons(sale))
        ],
        "more": shown_now[-1].order.placed_at.isoformat() if more else "",
        "seats": any(
            price.audience == "school" for listed in ctx.catalogue for price in listed.prices
        ),
        "month": f"{ctx.clock.today():%Y-%m}",
    }
    return Html(template="desk.html", context=context)


async def _waiting(ctx: PluginContext, store: PgStore) -> list[Sale]:
    """Return the orders with which a person has to do something."""
    found = await store.waiting_decisions()
    known = {sale.order.id for sale in found}
    async with ctx.db.read() as tx:
        more = await lookup.by_hand(tx, InvoiceProvider.name, CASH)
    return found + [sale for one in more if one not in known and (sale := await store.sale(one))]


def _payers(sales: Sequence[Sale]) -> set[UUID]:
    return {sale.order.payer for sale in sales if sale.order.payer}


def _name(people: showing.Names, sale: Sale) -> str:
    return people.get(sale.order.payer, "") if sale.order.payer else ""


def _moment(text: str) -> datetime | None:
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    return found if found.tzinfo else None


def reasons(sale: Sale) -> list[dict[str, Json]]:
    """Return in words why an order waits for a person."""
    currency, found = sale.order.currency, []
    for refund in sale.refunds:
        amount = shown(refund.amount_minor, currency)
        if refund.state is RefundState.EXTERNAL:
            text = N_("%(amount)s went back outside of here: decide what it was for.")
            found.append(say(text, amount=amount))
        elif to_hand_over(sale, refund):
            found.append(say(N_("%(amount)s has to be handed over in cash."), amount=amount))
        elif _refused_unused(sale, refund):
            text = N_("The family asked for %(amount)s back, and it could not go the way it came.")
            found.append(say(text, amount=amount))
        elif _by_hand(sale, refund):
            found.append(say(N_("%(amount)s has to be transferred back."), amount=amount))
    for one in sale.disputes:
        if one.closed_at is None:
            amount = shown(one.amount_minor, currency)
            text = N_("The payer's bank disputes %(amount)s: answer it at the payment service.")
            found.append(say(text, amount=amount))
    if sale.order.state is not OrderState.PENDING and unreserved(sale):
        amount = shown(unreserved(sale), currency)
        found.append(say(N_("%(amount)s is owed to the payer."), amount=amount))
    if short(sale) and not any(one.closed_at is None for one in sale.disputes):
        external = any(one.state is RefundState.EXTERNAL for one in sale.refunds)
        if not external:
            amount = shown(short(sale), currency)
            found.append(say(N_("%(amount)s is missing of what was paid."), amount=amount))
    return found


def _refused_unused(sale: Sale, refund: Refund) -> bool:
    """Say whether a family got nothing for what is of no use to it, though it has asked."""
    again = any(one.number > refund.number and one.parts == refund.parts for one in sale.refunds)
    return (
        refund.source is RefundSource.UNUSED
        and refund.state is RefundState.FAILED
        and refund.accepted_at is None
        and not again
    )


def _by_hand(sale: Sale, refund: Refund) -> bool:
    way = sale.payment(refund.payment).provider
    return refund.state is RefundState.TRANSIT and way == InvoiceProvider.name


async def one(ctx: PluginContext, request: PageRequest) -> PageAnswer:
    """Show one order with everything that belongs to it."""
    cashier = await cashier_for(ctx)
    sale = await cashier.store.sale(UUID(request.params["order"]))
    if sale is None:
        return NotFound()
    return await view(ctx, request, cashier, sale)


async def view(
    ctx: PluginContext,
    request: PageRequest,
    cashier: Cashier,
    sale: Sale,
    faults: dict[str, Json] | None = None,
) -> PageAnswer:
    """Show one order; with ``faults`` the form as it was sent, and what is wrong with it."""
    students = showing.students_of([sale])
    async with ctx.db.read() as tx:
        names = await lookup.pupils(tx, students)
        subjects = await lookup.subjects(tx, students, ctx.clock.today(), ctx.i18n.locale)
        staff = {one.staff_id for one in sale.acts if one.staff_id}
        people = await lookup.payers(tx, _payers([sale]) | staff)
        inert = (await inert_lines(tx, [sale])).get(sale.order.id, {})
    titles = {code: title for found in subjects.values() for code, title in found.items()}
    subscription = await PgStore(ctx).subscription_of(sale.order.id)
    back = any(refundable(sale, one) for one in sale.payments)
    sent = {key: request.field(key) for key in request.form}
    context: dict[str, Json] = {
        **showing.whole(ctx, sale, cashier.providers, names, titles),
        "payer": _name(people, sale),
        "why": reasons(sale),
        "transfer_to": instructions(ctx, cashier, sale),
        "cash": _cash(ctx, sale),
        "acts": showing.acts(ctx, sale, people),
        "unused": unused_of(ctx, sale, inert, names),
        "left": [_left(ctx, sale, line.number, names, sent) for line in sale.order.lines]
        if back and sale.order.paid_at
        else [],
        "owing": shown(unreserved(sale), sale.order.currency)
        if back and sale.order.state is not OrderState.PENDING and unreserved(sale)
        else "",
        "gone": owed(sale) == 0,
        "in_cash": way_is_gone(sale, cashier.providers),
        "sub": {"state": subscription.state.value, "ends": subscription.ends}
        if subscription
        else None,
        "faults": {key: (faults or {}).get(key) for key in _fields(sale)},
        "trouble": TROUBLES.get(request.asked("trouble"), ""),
        "done": DONE.get(request.asked("done"), ""),
    }
    return Html(template="desk_order.html", context=context, status=422 if faults else 200)


def way_is_gone(sale: Sale, providers: Providers) -> bool:
    """Say whether money is here that came by a way which is there no more, on or off."""
    return any(refundable(sale, one) and one.provider not in providers for one in sale.payments)


def _cash(ctx: PluginContext, sale: Sale) -> dict[str, Json] | None:
    """Return what can be taken at the desk now."""
    order = sale.order
    if order.state is not OrderState.PENDING or ctx.clock.now() >= order.expires_at:
        return None
    chosen = any(one.provider == CASH for one in sale.payments)
    if not chosen and not ctx.settings.cash:
        return None
    return {"amount": shown(to_pay(sale), order.currency), "seen": str(to_pay(sale))}


def _fields(sale: Sale) -> list[str]:
    return ["form", *(f"line-{line.number}" for line in sale.order.lines)]


def _left(
    ctx: PluginContext, sale: Sale, number: int, names: showing.Names, sent: dict[str, str]
) -> dict[str, Json]:
    line = sale.order.line(number)
    left = kept(sale, line) - reserved_on(sale, number)
    return {
        "number": number,
        "title": showing.title_of(ctx, line),
        "name": names.get(line.student, "") if line.student else "",
        "left": shown(left, sale.order.currency) if left > 0 else "",
        "sent": sent.get(f"line-{number}", ""),
    }
