"""The page to buy: price, length, renewal and how to stop it, all before anything is paid."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID, uuid4

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
from kundelik_payments.domain.model import Order, OrderLine, OrderState
from kundelik_payments.domain.money import shown
from kundelik_payments.domain.pricing import hold_until
from kundelik_payments.offering import (
    MONTHS,
    PERIODS,
    Choice,
    amount_for,
    choices,
    renews,
    until,
)
from kundelik_payments.pages.choosing import (
    Asked,
    Counted,
    Shop,
    check_way,
    count,
    read_form,
    read_query,
    shop_for,
)
from kundelik_payments.pages.paying import SLOW, go_to_pay, ways
from kundelik_payments.pages.people import actor_of, buyer, last_day, uuid_of
from kundelik_payments.pages.words import N_, say
from kundelik_payments.service.cashier import Cashier

__all__ = ["buy", "send"]

_MOST_FAMILY: Final = 20


async def buy(ctx: PluginContext, request: PageRequest) -> PageAnswer:
    """Show what can be bought for the reader's children, with all that is to be known of it."""
    if buyer(actor_of(ctx)) is None:
        return _not_here(ctx)
    feature = request.asked("feature")
    if not feature:
        return _shelf(ctx)
    student = request.asked("student")
    if student and uuid_of(student) not in actor_of(ctx).students:
        return NotFound()
    shop = await shop_for(ctx, feature)
    if not shop.choices or not shop.children:
        return _shelf(ctx)
    asked = read_query(request, shop)
    return _page(
        ctx, await cashier_for(ctx, offered=True), shop, asked, count(shop, asked), fresh=True
    )


async def send(ctx: PluginContext, request: PageRequest) -> PageAnswer:
    """Make one order of what was chosen and lead to where it is paid."""
    payer = buyer(actor_of(ctx))
    if payer is None:
        return _not_here(ctx, status=422)
    shop, asked = await shop_for(ctx, request.field("feature")), read_form(request)
    if not shop.choices or set(asked.students) - shop.children.keys():
        return NotFound()
    cashier, counted = await cashier_for(ctx, offered=True), count(shop, asked)
    faults = dict(counted.faults)
    if not faults and counted.total_minor != asked.seen_minor:
        total = shown(counted.total_minor, _currency(counted))
        faults["form"] = say(
            N_("For this choice it is %(total)s. If that is right, press the button again."),
            total=total,
        )
    elif not faults and (wrong := check_way(cashier.providers, asked, counted)):
        faults["way"] = wrong
    if faults:
        return _page(ctx, cashier, shop, asked, replace(counted, faults=faults))
    sale = await cashier.place(_order(ctx, cashier, payer, asked, counted))
    if sale.order.state in {OrderState.EXPIRED, OrderState.CANCELLED}:
        over = say(N_("That order is over. If you still want it, press the button again."))
        again = replace(asked, token=uuid4())
        return _page(ctx, cashier, shop, again, replace(counted, faults={"form": over}))
    if sale.order.state is OrderState.PAID:
        return Redirect(to=f"orders/{sale.order.id}")
    answer = await go_to_pay(ctx, cashier, sale.order, asked.way)
    return answer if isinstance(answer, Away) else Redirect(to=f"orders/{sale.order.id}{answer}")


def _currency(counted: Counted) -> str:
    assert counted.choice is not None
    return counted.choice.price.currency


def _order(
    ctx: PluginContext, cashier: Cashier, payer: UUID, asked: Asked, counted: Counted
) -> Order:
    """Return the order of a choice that was found good."""
    choice, now = counted.choice, ctx.clock.now()
    assert choice is not None
    return Order(
        id=asked.order_id(payer, ctx.school.id),
        public_id=cashier.code(),
        school_id=ctx.school.id,
        payer=payer,
        currency=choice.price.currency,
        placed_at=now,
        expires_at=expiry(ctx, asked.way, now),
        lines=tuple(
            _line(ctx, choice, number, student, minor, asked)
            for number, (student, minor) in enumerate(counted.amounts, 1)
        ),
        renews=asked.renew,
        skip_summer=asked.summer and choice.renewable,
    )


def _line(
    ctx: PluginContext, choice: Choice, number: int, student: UUID, minor: int, asked: Asked
) -> OrderLine:
    product, price = choice.listed.product, choice.price
    locale = ctx.i18n.locale
    return OrderLine(
        number=number,
        sku=product.sku,
        title=f"{product.title.of(locale)}, {PERIODS[price.interval].of(locale)}",
        price_minor=minor,
        feature=product.feature,
        price_id=price.id,
        interval=price.interval,
        months=MONTHS.get(price.interval, 0),
        student=student,
        scope=asked.scope if choice.by_part else "*",
        vendor=choice.listed.vendor,
        tax_bp=price.tax_bp,
    )


def expiry(ctx: PluginContext, way: str, now: datetime) -> datetime:
    """Return until when an order is held: a transfer, or the way to school, takes its days."""
    if way in SLOW:
        return now + timedelta(days=ctx.settings.invoice_days)
    return hold_until(now)


def _not_here(ctx: PluginContext, status: int = 200) -> PageAnswer:
    """Say plainly who can buy."""
    actor = actor_of(ctx)
    why = "pupil" if "pupil" in actor.roles else "staff"
    return Html(
        template="buy_not.html",
        context={"why": why, "manages": actor.may("payments.manage")},
        status=status,
    )


def _shelf(ctx: PluginContext) -> PageAnswer:
    """Show everything that families can buy here."""
    locale = ctx.i18n.locale
    found = {
        one.listed.product.feature: one.listed.product.title.of(locale)
        for one in reversed(choices(ctx.catalogue, "parent"))
    }
    items = [{"feature": key, "title": title} for key, title in sorted(found.items())]
    return Html(template="shelf.html", context={"items": items})


def _page(
    ctx: PluginContext,
    cashier: Cashier,
    shop: Shop,
    asked: Asked,
    counted: Counted,
    *,
    fresh: bool = False,
) -> PageAnswer:
    """Show the form as it was sent, with what is wrong beside its field."""
    # The first look at a form blames nobody.
    faults = {} if fresh else counted.faults
    currency = shop.choices[0].price.currency
    choice = counted.choice
    renewable = any(one.capabilities.recurring for one in cashier.providers) and any(
        one.renewable for one in shop.choices
    )
    context: dict[str, Json] = {
        "feature": shop.feature,
        "token": str(asked.token),
        "faults": {key: faults.get(key) for key in ("form", *_FIELDS)},
        "children": [_child(ctx, shop, asked, one) for one in shop.children],
        "prices": [_price(ctx, shop, one, asked) for one in shop.choices],
        "subjects": [
            {"code": code, "title": title, "chosen": code == asked.scope}
            for code, title in shop.titles().items()
        ],
        "by_part": any(one.by_part for one in shop.choices),
        "whole": any(not one.by_part for one in shop.choices),
        "renewable": renewable,
        "summer": asked.summer,
        "summer_comes": asked.summer or renewable or _summer_comes(ctx, shop),
        "renew": asked.renew,
        "ways": ways(ctx, cashier.providers, counted.total_minor, currency, asked.way),
        "seen": counted.total_minor,
        "total": shown(counted.total_minor, currency) if counted.amounts else "",
        "refund_days": ctx.settings.refund_days,
        "shared": shop.shared,
        "amounts": [
            {"name": shop.children[one], "amount": shown(minor, currency)}
            for one, minor in counted.amounts
        ],
    }
    return Html(
        template="buy.html",
        context=context,
        title=(choice or shop.choices[0]).listed.product.title.of(ctx.i18n.locale),
        status=422 if faults else 200,
    )


def _summer_comes(ctx: PluginContext, shop: Shop) -> bool:
    """Say whether any length on sale reaches into the summer: nobody else is asked about it."""
    month = ctx.clock.today().month
    longest = max((MONTHS.get(one.price.interval, 0) for one in shop.choices), default=0)
    return month in _SUMMER or (bool(longest) and (_SUMMER[0] - month) % 12 <= longest)


_SUMMER: Final = (6, 7, 8)
_FIELDS: Final = ("price", "student", "scope", "renew", "way")


def _child(ctx: PluginContext, shop: Shop, asked: Asked, student: UUID) -> dict[str, Json]:
    there, ends = until(shop.known, student, shop.feature, "*")
    goes_on = renews(shop.known, student, shop.feature, "*")
    return {
        "id": str(student),
        "name": shop.children[student],
        "chosen": student in asked.students,
        "open": there,
        "until": last_day(ctx, ends),
        "renews": goes_on,
    }


def _price(ctx: PluginContext, shop: Shop, one: Choice, asked: Asked) -> dict[str, Json]:
    """Return a price with what further children of the family pay."""
    locale, price = ctx.i18n.locale, one.price
    further: list[dict[str, Json]] = []
    for nth in range(2, min(len(shop.children), _MOST_FAMILY) + 1):
        minor = amount_for(price, nth)
        if minor != amount_for(price, nth - 1):
            further.append({"nth": nth, "amount": shown(minor, price.currency)})
    return {
        "id": str(price.id),
        "title": one.listed.product.title.of(locale),
        "period": PERIODS[price.interval].of(locale),
        "amount": shown(price.amount_minor, price.currency),
        "by_part": one.by_part,
        "further": further,
        "chosen": price.id == asked.price,
    }
