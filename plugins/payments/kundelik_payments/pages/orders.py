"""What a payer sees of orders: a list, one with its papers, paying, coming back, giving up."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from kundelik_core.sdk import (
    Away,
    Html,
    Json,
    NotFound,
    PageAnswer,
    PageRequest,
    PluginContext,
    Redirect,
)
from kundelik_payments.cashdesk import cashier_for
from kundelik_payments.domain.balance import held, to_pay
from kundelik_payments.domain.codes import is_code
from kundelik_payments.domain.model import OrderState, Sale
from kundelik_payments.domain.money import shown
from kundelik_payments.domain.ordering import cancel
from kundelik_payments.domain.refused import Refused
from kundelik_payments.domain.subscribing import Subscription
from kundelik_payments.domain.unused import Inert
from kundelik_payments.offering import Stretch, choices, renews, stretches, until
from kundelik_payments.pages import lookup, showing
from kundelik_payments.pages.papers import at_desk, instructions
from kundelik_payments.pages.paying import SLOW, go_to_pay, ways
from kundelik_payments.pages.people import actor_of, buyer, day, last_day
from kundelik_payments.pages.returning import refund_until, returnable
from kundelik_payments.pages.unused import unused_of
from kundelik_payments.pages.words import DONE, TROUBLES
from kundelik_payments.providers.registry import Providers
from kundelik_payments.providers.spi import ProviderError, Renews
from kundelik_payments.service.cashier import LOG, Cashier
from kundelik_payments.service.facts import NotYet
from kundelik_payments.service.giving import inert_lines
from kundelik_payments.service.intake import returned
from kundelik_payments.store import PgStore

__all__ = ["back", "call_off", "mine", "one", "own", "pay"]

_LONG: Final = timedelta(days=1)
_SUMMER: Final = ((5, 15), (8, 25))


async def own(ctx: PluginContext, cashier: Cashier, order: UUID) -> Sale | None:
    """Return an order of the reader's own."""
    sale, person = await cashier.store.sale(order), actor_of(ctx).person_id
    return sale if sale and person is not None and sale.order.payer == person else None


async def mine(ctx: PluginContext, request: PageRequest) -> PageAnswer:  # noqa: ARG001 - every page has it
    """Show the reader's orders, and whether there is something to buy."""
    actor = actor_of(ctx)
    if actor.person_id is None:
        return NotFound()
    sales = await PgStore(ctx).of_payer(actor.person_id)
    async with ctx.db.read() as tx:
        named = await lookup.pupils(tx, showing.students_of(sales))
        inert = await inert_lines(tx, sales)
    context: dict[str, Json] = {
        "orders": [
            showing.listed(ctx, sale, named)
            | {"unused": unused_of(ctx, sale, inert.get(sale.order.id, {}), named, whole=True)}
            for sale in sales
        ],
        "buys": buyer(actor) is not None and bool(choices(ctx.catalogue, "parent")),
    }
    return Html(template="orders.html", context=context)


async def one(ctx: PluginContext, request: PageRequest) -> PageAnswer:
    """Show one order: how it stands, what it gives, and everything that can be done with it."""
    cashier = await cashier_for(ctx)
    sale = await own(ctx, cashier, UUID(request.params["order"]))
    if sale is None:
        return NotFound()
    students = showing.students_of([sale])
    async with ctx.db.read() as tx:
        names = await lookup.pupils(tx, students)
        subjects = await lookup.subjects(tx, students, ctx.clock.today(), ctx.i18n.locale)
        known = await stretches(tx, list(students), sale.order.payer, ctx.clock.now())
        inert = (await inert_lines(tx, [sale])).get(sale.order.id, {})
    titles = {code: title for found in subjects.values() for code, title in found.items()}
    subscription = await PgStore(ctx).subscription_of(sale.order.id)
    open_ways = _ways(ctx, (await cashier_for(ctx, offered=True)).providers, sale)
    transfer, desk = instructions(ctx, cashier, sale), at_desk(ctx, sale)
    shown_ways = {name for name, there in (("invoice", transfer), ("cash", desk)) if there}
    context: dict[str, Json] = {
        **showing.whole(ctx, sale, cashier.providers, names, titles),
        "opens": _opens(ctx, sale, known, names, inert),
        "ways": _others(open_ways, shown_ways) if shown_ways else open_ways,
        "transfer_to": transfer,
        "at_desk": desk,
        "unused": unused_of(ctx, sale, inert, names),
        "cancels": sale.order.state is OrderState.PENDING and not held(sale),
        "renewal": _renewal(ctx, cashier.providers, subscription),
        "refund_until": day(ctx, refund_until(ctx, sale)),
        "refundable": [
            {"number": number, "amount": shown(minor, sale.order.currency)}
            for number, minor in returnable(ctx, sale).items()
        ],
        "trouble": TROUBLES.get(request.asked("trouble"), ""),
        "done": DONE.get(request.asked("done"), ""),
        "back": request.asked("back") == "1",
        "public_id": sale.order.public_id,
    }
    return Html(template="order.html", context=context)


def _others(found: list[dict[str, Json]], told: set[str]) -> list[dict[str, Json]]:
    """Return the ways beside those about which the page says all already."""
    rest = [way for way in found if way["name"] not in told]
    return [way | {"chosen": number == 0} for number, way in enumerate(rest)]


def _opens(
    ctx: PluginContext,
    sale: Sale,
    known: list[Stretch],
    names: showing.Names,
    inert: Mapping[int, Inert],
) -> list[dict[str, Json]]:
    """Return for whom what was paid for is open now, and until when."""
    if sale.order.state is not OrderState.PAID:
        return []
    found: list[dict[str, Json]] = []
    for line in sale.order.lines:
        if line.student is None:
            continue
        there, ends = until(known, line.student, line.feature, line.scope)
        # It is in force, and of no use to anybody who could open it.
        idle = inert.get(line.number)
        there = there and (idle is None or idle.since > ctx.clock.now())
        found.append(
            {
                "name": names.get(line.student, ""),
                "title": showing.title_of(ctx, line),
                "open": there,
                "until": last_day(ctx, ends),
                "renews": renews(known, line.student, line.feature, line.scope),
            }
        )
    return found


def _ways(ctx: PluginContext, providers: Providers, sale: Sale) -> list[dict[str, Json]]:
    """Return the ways to pay an order that waits; those that take days only where it waits days."""
    order = sale.order
    if order.state is not OrderState.PENDING or ctx.clock.now() >= order.expires_at:
        return []
    waiting = [one.provider for one in sale.payments if one.state in {"created", "pending"}]
    found = ways(ctx, providers, to_pay(sale), order.currency, waiting[-1] if waiting else "")
    long = order.expires_at - order.placed_at > _LONG
    return [
        way
        for way in found
        if way["able"]
        and (long or way["name"] not in SLOW)
        and (way["recurring"] or not order.renews)
    ]


def _renewal(
    ctx: PluginContext, providers: Providers, one: Subscription | None
) -> dict[str, Json] | None:
    """Return how a renewal stands and what can be done about it."""
    if one is None:
        return None
    provider = next((each for each in providers if each.name == one.provider), None)
    today = ctx.clock.today()
    summer = _SUMMER[0] <= (today.month, today.day) <= _SUMMER[1]
    return {
        "ends": one.ends,
        "state": one.state.value,
        "until": last_day(ctx, one.period_end),
        "next": day(ctx, one.period_end),
        "able": isinstance(provider, Renews),
        "summer": summer and one.state.value == "active" and not one.ends,
        "paused": one.state.value == "paused",
    }


async def pay(ctx: PluginContext, request: PageRequest) -> PageAnswer:
    """Lead to where an order that waits is paid; a second click finds the same payment."""
    cashier = await cashier_for(ctx, offered=True)
    sale = await own(ctx, cashier, UUID(request.params["order"]))
    if sale is None:
        return NotFound()
    way = request.field("way")
    if way not in {one["name"] for one in _ways(ctx, cashier.providers, sale)}:
        return Redirect(to=f"orders/{sale.order.id}?trouble=over")
    answer = await go_to_pay(ctx, cashier, sale.order, way)
    return answer if isinstance(answer, Away) else Redirect(to=f"orders/{sale.order.id}{answer}")


async def call_off(ctx: PluginContext, request: PageRequest) -> PageAnswer:
    """Cancel an order that nobody has paid."""
    cashier = await cashier_for(ctx)
    sale = await own(ctx, cashier, UUID(request.params["order"]))
    if sale is None:
        return NotFound()

    def change(locked: Sale, now: datetime) -> Sale:
        # Looked at again under the lock: the money may have come a moment ago.
        unpaid = locked.order.state is OrderState.PENDING and not held(locked)
        return cancel(locked, now) if unpaid else locked

    after = await cashier.step(sale.order.id, change)
    if after.order.state is not OrderState.CANCELLED:
        return Redirect(to=f"orders/{sale.order.id}?trouble=over")
    return Redirect(to=f"orders/{sale.order.id}?done=cancelled")


async def back(ctx: PluginContext, request: PageRequest) -> PageAnswer:
    """Take a payer back from a provider: ask what is true, and show the order as it is."""
    code = request.params["code"]
    cashier = await cashier_for(ctx)
    sale = await cashier.store.by_public_id(code) if is_code(code) else None
    if sale is None or sale.order.payer != actor_of(ctx).person_id:
        return NotFound()
    address = f"orders/{sale.order.id}"
    try:
        await returned(cashier, sale.order.id)
    except (ProviderError, Refused, NotYet) as error:
        LOG.info("%s: nobody could say how it was paid: %s", sale.order.id, error)
    after = await cashier.get(sale.order.id)
    if after.order.state is OrderState.PENDING and request.asked("left"):
        return Redirect(to=f"{address}?trouble=left")
    return Redirect(to=f"{address}?back=1")
