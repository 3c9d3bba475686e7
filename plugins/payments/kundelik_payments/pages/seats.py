"""Let the school itself buy places for its pupils, by invoice."""

from datetime import timedelta
from typing import Final
from uuid import UUID, uuid4, uuid5

from kundelik_core.sdk import (
    Html,
    Json,
    NotFound,
    PageAnswer,
    PageRequest,
    PluginContext,
    Redirect,
)
from kundelik_payments.cashdesk import cashier_for
from kundelik_payments.domain.model import Order, OrderLine
from kundelik_payments.domain.money import shown
from kundelik_payments.domain.refused import Refused
from kundelik_payments.offering import EVERYTHING, MONTHS, PERIODS, Choice, choices
from kundelik_payments.pages.paying import REMEMBER, go_to_pay
from kundelik_payments.pages.people import actor_of, uuid_of
from kundelik_payments.pages.words import N_, refusal, say
from kundelik_payments.service.cashier import Cashier

__all__ = ["form", "send"]

_MOST: Final = 5000


def _on_sale(ctx: PluginContext) -> list[Choice]:
    """Return what a school can buy: not what is for a part only, say one subject."""
    return [one for one in choices(ctx.catalogue, "school") if not one.listed.product.required]


async def form(ctx: PluginContext, request: PageRequest) -> PageAnswer:  # noqa: ARG001 - every page has it
    """Show what the school can buy places of."""
    return await _page(ctx, await cashier_for(ctx), {"token": str(uuid4())}, {})


async def send(ctx: PluginContext, request: PageRequest) -> PageAnswer:
    """Make one order of places, and its invoice."""
    cashier, person = await cashier_for(ctx), actor_of(ctx).person_id
    if person is None:
        return NotFound()
    sent = {key: request.field(key) for key in ("token", "price", "seats", "seen")}
    choice = next((one for one in _on_sale(ctx) if str(one.price.id) == sent["price"]), None)
    seats = int(sent["seats"]) if sent["seats"].isascii() and sent["seats"].isdigit() else 0
    faults: dict[str, Json] = {}
    if choice is None:
        faults["price"] = say(N_("Choose one of these."))
    if not 1 <= seats <= _MOST:
        faults["seats"] = say(N_("Write a number from 1 to %(most)s."), most=_MOST)
    if faults or choice is None:
        return await _page(ctx, cashier, sent, faults)
    total = choice.price.amount_minor * seats
    if sent["seen"] != str(total):
        amount = shown(total, choice.price.currency)
        faults["form"] = say(
            N_("For this choice it is %(total)s. If that is right, press the button again."),
            total=amount,
        )
        return await _page(ctx, cashier, sent | {"seen": str(total)}, faults, amount)
    order = _order(ctx, cashier, person, choice, seats, sent["token"])
    try:
        sale = await cashier.place(order)
    except Refused as error:
        return await _page(ctx, cashier, sent, {"form": refusal(error)})
    answer = await go_to_pay(ctx, cashier, sale.order, REMEMBER)
    return Redirect(to=f"desk/{sale.order.id}{answer if isinstance(answer, str) else ''}")


def _order(
    ctx: PluginContext, cashier: Cashier, person: UUID, choice: Choice, seats: int, token: str
) -> Order:
    product, price, now = choice.listed.product, choice.price, ctx.clock.now()
    locale = ctx.i18n.locale
    key = uuid5(uuid_of(token) or uuid4(), f"{person}|{ctx.school.id}|{price.id}|{seats}")
    line = OrderLine(
        number=1,
        sku=product.sku,
        title=f"{product.title.of(locale)}, {PERIODS[price.interval].of(locale)} × {seats}",
        price_minor=price.amount_minor * seats,
        feature=product.feature,
        price_id=price.id,
        interval=price.interval,
        months=MONTHS.get(price.interval, 0),
        scope=EVERYTHING,
        quantity=seats,
        vendor=choice.listed.vendor,
        tax_bp=price.tax_bp,
    )
    return Order(
        id=key,
        public_id=cashier.code(),
        school_id=ctx.school.id,
        payer=person,
        currency=price.currency,
        placed_at=now,
        expires_at=now + timedelta(days=ctx.settings.invoice_days),
        lines=(line,),
    )


async def _page(
    ctx: PluginContext,
    cashier: Cashier,
    sent: dict[str, str],
    faults: dict[str, Json],
    total: str = "",
) -> PageAnswer:
    locale, found = ctx.i18n.locale, _on_sale(ctx)
    context: dict[str, Json] = {
        "prices": [
            {
                "id": str(one.price.id),
                "title": one.listed.product.title.of(locale),
                "period": PERIODS[one.price.interval].of(locale),
                "amount": shown(one.price.amount_minor, one.price.currency),
                "chosen": str(one.price.id) == (sent.get("price") or str(found[0].price.id)),
            }
            for one in found
        ],
        "token": sent["token"],
        "seats": sent.get("seats", ""),
        "seen": sent.get("seen", ""),
        "total": total,
        "most": _MOST,
        "open": any(one.name == REMEMBER for one in cashier.providers),
        "faults": {key: faults.get(key) for key in ("form", "price", "seats")},
    }
    return Html(template="seats.html", context=context, status=422 if faults else 200)
