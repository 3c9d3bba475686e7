"""Take and give cash at the school's desk: each click is written down with who made it."""

from datetime import datetime
from uuid import UUID

from kundelik_core.sdk import NotFound, PageAnswer, PageRequest, PluginContext, Redirect
from kundelik_payments.cashdesk import cashier_for
from kundelik_payments.domain import desk
from kundelik_payments.domain.balance import to_pay, unreserved
from kundelik_payments.domain.model import OrderState, Sale
from kundelik_payments.domain.refused import Refused
from kundelik_payments.pages.desk import view
from kundelik_payments.pages.people import actor_of
from kundelik_payments.pages.words import N_, refusal, say

__all__ = ["by_hand", "handed", "instead", "take"]


async def take(ctx: PluginContext, request: PageRequest) -> PageAnswer:
    """Take what is missing of an order, in cash; a second click finds it paid."""
    cashier, staff = await cashier_for(ctx), actor_of(ctx).person_id
    sale = await cashier.store.sale(UUID(request.params["order"]))
    if sale is None:
        return NotFound()
    seen = request.field("seen")
    amount = int(seen) if seen.isascii() and seen.isdigit() and len(seen) < 15 else -1
    waits, terms = sale.order.state is OrderState.PENDING, cashier.providers.get(desk.CASH).terms
    if waits and not terms.takes(to_pay(sale), sale.order.currency):
        fault = say(N_("This amount cannot be paid this way. Choose another way."))
        return await view(ctx, request, cashier, sale, {"form": fault})

    def change(locked: Sale, now: datetime) -> Sale:
        return desk.take_cash(locked, amount, staff, now)

    try:
        await cashier.step(sale.order.id, change)
    except Refused as error:
        return await view(ctx, request, cashier, sale, {"form": refusal(error)})
    return Redirect(to=f"desk/{sale.order.id}?done=cash")


async def handed(ctx: PluginContext, request: PageRequest) -> PageAnswer:
    """Note that money which went back in cash was handed over."""
    cashier, staff = await cashier_for(ctx), actor_of(ctx).person_id
    sale = await cashier.store.sale(UUID(request.params["order"]))
    number = int(request.params["refund"])
    if sale is None or not any(one.number == number for one in sale.refunds):
        return NotFound()
    await cashier.step(
        sale.order.id, lambda locked, now: desk.handed_over(locked, number, staff, now)
    )
    return Redirect(to=f"desk/{sale.order.id}?done=handed")


async def by_hand(ctx: PluginContext, request: PageRequest) -> PageAnswer:
    """Note that all that is owed was handed over, as when a card takes nothing back."""
    cashier, staff = await cashier_for(ctx), actor_of(ctx).person_id
    sale = await cashier.store.sale(UUID(request.params["order"]))
    if sale is None:
        return NotFound()
    if not unreserved(sale):
        return Redirect(to=f"desk/{sale.order.id}")
    try:
        await cashier.step(
            sale.order.id, lambda locked, now: desk.paid_out_by_hand(locked, staff, now)
        )
    except Refused as error:
        return await view(ctx, request, cashier, sale, {"form": refusal(error)})
    return Redirect(to=f"desk/{sale.order.id}?done=handed")


async def instead(ctx: PluginContext, request: PageRequest) -> PageAnswer:
    """Note that somebody has handed over what waits for a service that is there no more."""
    cashier, staff = await cashier_for(ctx), actor_of(ctx).person_id
    sale = await cashier.store.sale(UUID(request.params["order"]))
    number = int(request.params["refund"])
    if sale is None or not any(one.number == number for one in sale.refunds):
        return NotFound()
    if sale.payment(sale.refund(number).payment).provider in cashier.providers:
        fault = say(N_("The payment service is there: it gives this back by itself."))
        return await view(ctx, request, cashier, sale, {"form": fault})
    await cashier.step(
        sale.order.id, lambda locked, now: desk.handed_instead(locked, number, staff, now)
    )
    return Redirect(to=f"desk/{sale.order.id}?done=handed")
