"""Let a family have its money back, and end or rest a renewal: each at one click."""

from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from kundelik_core.sdk import Away, NotFound, PageAnswer, PageRequest, PluginContext, Redirect
from kundelik_payments.cashdesk import cashier_for
from kundelik_payments.domain.balance import kept, refundable, reserved_on
from kundelik_payments.domain.model import OrderState, Sale
from kundelik_payments.domain.refused import Refused
from kundelik_payments.domain.subscribing import Subscription
from kundelik_payments.pages.people import actor_of
from kundelik_payments.providers.spi import ProviderError
from kundelik_payments.service.cashier import LOG, Cashier
from kundelik_payments.service.checkout import ask_refund, send_refund
from kundelik_payments.service.renewing import end_renewal, pause, portal
from kundelik_payments.store import PgStore

__all__ = ["ask", "card", "end_with", "refund_until", "rest", "returnable", "stop"]

_SEPTEMBER: Final = 9


def refund_until(ctx: PluginContext, sale: Sale) -> datetime | None:
    """Return until when a family may have its money back without asking anybody."""
    order = sale.order
    if order.state is not OrderState.PAID or order.paid_at is None:
        return None
    ends = order.paid_at + timedelta(days=ctx.settings.refund_days)
    return ends if ctx.clock.now() < ends else None


def returnable(ctx: PluginContext, sale: Sale) -> dict[int, int]:
    """Return what of each line a family may have back now: all that is left of its price."""
    if refund_until(ctx, sale) is None:
        return {}
    left = {
        line.number: kept(sale, line) - reserved_on(sale, line.number) for line in sale.order.lines
    }
    return {number: minor for number, minor in left.items() if minor > 0}


async def ask(ctx: PluginContext, request: PageRequest) -> PageAnswer:
    """Give back what was paid for some lines; what they opened closes."""
    cashier, person = await cashier_for(ctx), actor_of(ctx).person_id
    sale = await cashier.store.sale(UUID(request.params["order"]))
    if sale is None or person is None or sale.order.payer != person:
        return NotFound()
    address = f"orders/{sale.order.id}"
    can = returnable(ctx, sale)
    parts = {number: can[number] for number in _numbers(request) if number in can}
    amount = sum(parts.values())
    payment = next((one for one in sale.payments if refundable(sale, one) >= amount), None)
    if not parts or payment is None:
        return Redirect(to=f"{address}?trouble=refused")
    if parts == can:
        await end_with(ctx, cashier, sale.order.id)
    try:
        refund = await ask_refund(cashier, sale.order.id, payment.number, parts)
    except Refused as error:
        LOG.info("%s: no refund by the payer: %s", sale.order.id, error.code)
        return Redirect(to=f"{address}?trouble=refused")
    try:
        await send_refund(cashier, sale.order.id, refund.number)
    except ProviderError as error:
        LOG.warning("%s: refund %s waits: %s", sale.order.id, refund.number, error)
        return Redirect(to=f"{address}?trouble=refund-later")
    return Redirect(to=f"{address}?done=refund")


def _numbers(request: PageRequest) -> set[int]:
    sent = request.form.get("line", ())
    return {int(one) for one in sent if one.isascii() and one.isdigit() and len(one) < 5}


async def end_with(ctx: PluginContext, cashier: Cashier, order: UUID) -> None:
    """Let a renewal end before its money goes back; should that fail, the person sees it."""
    one = await PgStore(ctx).subscription_of(order)
    if one is None or one.ends:
        return
    try:
        await end_renewal(cashier, one)
    except (ProviderError, Refused) as error:
        LOG.warning("%s does not end yet: %s", one.reference, error)


async def stop(ctx: PluginContext, request: PageRequest) -> PageAnswer:
    """End a renewal; what is paid for stays open to its end."""
    cashier = await cashier_for(ctx)
    found = await _own(ctx, cashier, request)
    if found is None:
        return NotFound()
    order, one = found
    try:
        if not one.ends:
            await end_renewal(cashier, one)
    except (ProviderError, Refused) as error:
        LOG.warning("%s does not end: %s", one.reference, error)
        return Redirect(to=f"orders/{order}?trouble=no-answer")
    return Redirect(to=f"orders/{order}?done=renewal")


async def rest(ctx: PluginContext, request: PageRequest) -> PageAnswer:
    """Take no payments until September, or go on with them."""
    cashier = await cashier_for(ctx)
    found = await _own(ctx, cashier, request)
    if found is None:
        return NotFound()
    order, one = found
    on = request.field("rest") == "yes"
    now = ctx.clock.now()
    autumn = now.replace(month=_SEPTEMBER, day=1, hour=0, minute=0, second=0, microsecond=0)
    if one.ends or (on and now >= autumn):
        return Redirect(to=f"orders/{order}?trouble=refused")
    try:
        await pause(cashier, one, autumn if on else None)
    except (ProviderError, Refused) as error:
        LOG.warning("%s does not rest: %s", one.reference, error)
        return Redirect(to=f"orders/{order}?trouble=no-answer")
    return Redirect(to=f"orders/{order}?done={'summer' if on else 'again'}")


async def card(ctx: PluginContext, request: PageRequest) -> PageAnswer:
    """Lead to the provider's page where the payer changes the card."""
    cashier = await cashier_for(ctx)
    found = await _own(ctx, cashier, request)
    if found is None:
        return NotFound()
    order, one = found
    try:
        page = await portal(cashier, one, f"{ctx.address}/x/payments/orders/{order}")
    except (ProviderError, Refused) as error:
        LOG.warning("%s has no portal: %s", one.reference, error)
        return Redirect(to=f"orders/{order}?trouble=no-answer")
    return Away(url=page.url)


async def _own(
    ctx: PluginContext, cashier: Cashier, request: PageRequest
) -> tuple[UUID, Subscription] | None:
    """Return an order of the reader's own with what renews it."""
    sale = await cashier.store.sale(UUID(request.params["order"]))
    person = actor_of(ctx).person_id
    if sale is None or person is None or sale.order.payer != person:
        return None
    one = await PgStore(ctx).subscription_of(sale.order.id)
    return (sale.order.id, one) if one else None
