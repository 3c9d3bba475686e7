"""Fill a demo school with orders, by the same steps that real ones take."""

import random
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID, uuid5
from zoneinfo import ZoneInfo

from kundelik_core.sdk import DemoRequest, PluginContext
from kundelik_payments.domain.codes import new_code
from kundelik_payments.domain.model import Order, OrderLine, OrderState, Sale
from kundelik_payments.domain.money import whole_units
from kundelik_payments.offering import EVERYTHING, MONTHS, Choice, choices
from kundelik_payments.providers.invoice.account import Account
from kundelik_payments.providers.invoice.provider import InvoiceProvider
from kundelik_payments.providers.invoice.statement.line import StatementLine
from kundelik_payments.providers.registry import Providers
from kundelik_payments.service import checkout
from kundelik_payments.service.cashier import Cashier
from kundelik_payments.service.facts import take
from kundelik_payments.service.importing import Confirmed, confirm_line
from kundelik_payments.store import PgStore

__all__ = ["fill"]

_ACCOUNT: Final = Account(
    name="«Күнделік» ЖШС", bin="000000000000", iban="KZ000000000000000000",
    bank="Демо Банк", bic="DEMOKZKA",
)  # fmt: skip
_MADE_UP: Final = UUID("0191e2a4-0c00-7d10-8f00-64656d6f7061")
_AGO: Final = (2, 5, 9, 14, 20, 27)
_UNPAID_AGO: Final = 4
_FAMILIES: Final = """
  select g.guardian_id, g.student_id from core_api.guardian_v1 g
   where g.begin_date <= $1 and (g.end_date is null or g.end_date >= $1)
   order by g.student_id, g.guardian_id
"""


class _Then:
    """A clock that was stopped some days ago."""

    def __init__(self, moment: datetime) -> None:
        self.moment = moment

    def now(self) -> datetime:
        return self.moment


async def fill(ctx: PluginContext, request: DemoRequest) -> None:
    """Make a few orders; where nothing has a price yet, nothing is paid."""
    dice = random.Random(request.seed)
    families: dict[UUID, Mapping[str, Any]] = {}
    async with ctx.db.read() as tx:
        for row in await tx.fetch(_FAMILIES, ctx.clock.today()):
            families.setdefault(row["student_id"], row)
    chosen = [families[one] for one in sorted(families)][: 3 if request.size == "small" else 12]
    priced = [one for one in choices(ctx.catalogue, "parent") if not one.listed.product.required]
    for number, family in enumerate(chosen):
        # What is not paid must not be overdue already: nobody asks for it any more.
        days = _UNPAID_AGO if _unpaid(number) else _AGO[number % len(_AGO)]
        now = ctx.clock.now() - timedelta(days=days)
        cashier = _cashier(ctx, dice, now)
        order = _order(ctx, dice, now, family, priced[0] if priced else None)
        await _lead(cashier, await cashier.place(order), number, paid=bool(priced))


def _cashier(ctx: PluginContext, dice: random.Random, now: datetime) -> Cashier:
    return Cashier(
        store=PgStore(ctx),
        providers=Providers([InvoiceProvider(_ACCOUNT)]),
        clock=_Then(now),
        zone=ZoneInfo(ctx.school.zone),
        code=lambda: new_code(dice.choice),
    )


def _order(
    ctx: PluginContext,
    dice: random.Random,
    now: datetime,
    family: Mapping[str, Any],
    choice: Choice | None,
) -> Order:
    locale = "ru" if ctx.i18n.locale == "ru" else "kk"
    title = "Қосымша қызмет" if locale == "kk" else "Дополнительная услуга"
    return Order(
        id=UUID(int=dice.getrandbits(128), version=4),
        public_id=new_code(dice.choice),
        school_id=ctx.school.id,
        payer=family["guardian_id"],
        currency=choice.price.currency if choice else "KZT",
        placed_at=now,
        expires_at=now + timedelta(days=14),
        test=True,
        lines=(
            OrderLine(
                number=1,
                sku=choice.listed.product.sku if choice else "demo.extra",
                title=choice.listed.product.title.of(locale) if choice else title,
                price_minor=whole_units(choice.price.amount_minor) if choice else 99_000,
                feature=choice.listed.product.feature if choice else "demo.extra",
                price_id=choice.price.id if choice else uuid5(_MADE_UP, "price"),
                interval=choice.price.interval if choice else "month",
                months=MONTHS.get(choice.price.interval, 0) if choice else 1,
                student=family["student_id"],
                scope=EVERYTHING,
            ),
        ),
    )


def _unpaid(number: int) -> bool:
    return number % 4 == 2


async def _lead(cashier: Cashier, sale: Sale, number: int, *, paid: bool) -> None:
    """Take an order to one of the places where orders stand; the second is refunded."""
    order = sale.order
    way = checkout.Way(return_url="/", cancel_url="/", locale="kk")
    await checkout.start(cashier, order.id, "invoice", way)
    if not paid or _unpaid(number):
        return
    line = StatementLine(
        booked=order.placed_at.date(),
        amount_minor=order.total_minor,
        currency=order.currency,
        purpose=order.public_id,
        bank_reference=f"demo-{number}",
    )
    await confirm_line(cashier, Confirmed(line=line, order=order.public_id, by="demo"))
    if number % 4 == 1 and (await cashier.get(order.id)).order.state is OrderState.PAID:
        await _give_back(cashier, sale, line)


async def _give_back(cashier: Cashier, sale: Sale, line: StatementLine) -> None:
    order, provider = sale.order, cashier.providers.get("invoice")
    refund = await checkout.ask_refund(cashier, order.id, 1, {1: order.total_minor})
    await checkout.send_refund(cashier, order.id, refund.number)
    if isinstance(provider, InvoiceProvider):
        back = StatementLine(
            booked=line.booked,
            amount_minor=-line.amount_minor,
            currency=line.currency,
            purpose=line.purpose,
            bank_reference=f"{line.bank_reference}-back",
        )
        fact = provider.sent_back(back, order.reference, refund.number)
        await take(cashier, provider.name, [fact])
