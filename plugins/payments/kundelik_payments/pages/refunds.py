"""Give money back for the school: by item and amount, what is owed, and decide what others did."""

from datetime import datetime
from uuid import UUID

from kundelik_core.sdk import Json, NotFound, PageAnswer, PageRequest, PluginContext, Redirect
from kundelik_payments.cashdesk import cashier_for
from kundelik_payments.domain import refunding
from kundelik_payments.domain.balance import refundable, unreserved
from kundelik_payments.domain.desk import acted, given_in_cash
from kundelik_payments.domain.model import ActKind, RefundSource, Sale
from kundelik_payments.domain.refused import Refused
from kundelik_payments.pages.desk import view, way_is_gone
from kundelik_payments.pages.people import actor_of
from kundelik_payments.pages.words import N_, refusal, say
from kundelik_payments.providers.invoice.statement.line import StatementError, minor_of
from kundelik_payments.providers.spi import ProviderError
from kundelik_payments.service.cashier import LOG
from kundelik_payments.service.checkout import ask_refund, send_refund

__all__ = ["decide", "give_back", "pay_out"]


async def give_back(ctx: PluginContext, request: PageRequest) -> PageAnswer:
    """Give back amounts of an order's items; what they opened is shortened or ends."""
    cashier = await cashier_for(ctx)
    sale = await cashier.store.sale(UUID(request.params["order"]))
    if sale is None:
        return NotFound()
    parts, faults = _parts(request, sale)
    if not faults and not parts:
        faults["form"] = say(N_("Say how much is to be given back."))
    if faults:
        return await view(ctx, request, cashier, sale, faults)
    if request.field("how") == "cash":
        return await _in_cash(ctx, request, sale, parts)
    return await _send(ctx, request, sale, parts, 0, ActKind.REFUND)


async def _in_cash(
    ctx: PluginContext, request: PageRequest, sale: Sale, parts: dict[int, int]
) -> PageAnswer:
    """Note what somebody has handed over, where the way that was paid is there no more."""
    cashier, staff = await cashier_for(ctx), actor_of(ctx).person_id
    if not way_is_gone(sale, cashier.providers):
        fault = say(N_("The payment service is there: give it back the way it was paid."))
        return await view(ctx, request, cashier, sale, {"form": fault})
    try:
        await cashier.step(
            sale.order.id, lambda locked, now: given_in_cash(locked, parts, staff, now)
        )
    except Refused as error:
        return await view(ctx, request, cashier, sale, {"form": refusal(error)})
    return Redirect(to=f"desk/{sale.order.id}?done=handed")


async def pay_out(ctx: PluginContext, request: PageRequest) -> PageAnswer:
    """Give back what is owed anyway, as after a refund that failed."""
    cashier = await cashier_for(ctx)
    sale = await cashier.store.sale(UUID(request.params["order"]))
    if sale is None:
        return NotFound()
    return await _send(ctx, request, sale, {}, unreserved(sale), ActKind.OWED)


async def _send(
    ctx: PluginContext,
    request: PageRequest,
    sale: Sale,
    parts: dict[int, int],
    extra: int,
    kind: ActKind,
) -> PageAnswer:
    cashier, amount = await cashier_for(ctx), sum(parts.values()) + extra
    payment = next((one for one in sale.payments if refundable(sale, one) >= amount), None)
    if payment is None:
        fault = say(N_("No single payment of this order holds that much. Give back less at once."))
        return await view(ctx, request, cashier, sale, {"form": fault})
    try:
        refund = await ask_refund(
            *(cashier, sale.order.id, payment.number, parts, extra, RefundSource.ADMIN),
            act=(kind, actor_of(ctx).person_id),
        )
    except Refused as error:
        return await view(ctx, request, cashier, sale, {"form": refusal(error)})
    address = f"desk/{sale.order.id}"
    try:
        await send_refund(cashier, sale.order.id, refund.number)
    except ProviderError as error:
        LOG.warning("%s: refund %s waits: %s", sale.order.id, refund.number, error)
        return Redirect(to=f"{address}?trouble=refund-later")
    return Redirect(to=f"{address}?done=refund")


async def decide(ctx: PluginContext, request: PageRequest) -> PageAnswer:
    """Say for which items money went back outside of here; for none: they are kept."""
    cashier = await cashier_for(ctx)
    sale = await cashier.store.sale(UUID(request.params["order"]))
    number = int(request.params["refund"])
    if sale is None or not any(one.number == number for one in sale.refunds):
        return NotFound()
    parts, faults = _parts(request, sale)
    if faults:
        return await view(ctx, request, cashier, sale, faults)
    staff = actor_of(ctx).person_id

    def change(locked: Sale, now: datetime) -> Sale:
        after = refunding.decide(locked, number, parts, now)
        if after == locked:
            return locked
        amount = after.refund(number).amount_minor
        return acted(after, ActKind.DECIDED, amount, staff, now)

    try:
        await cashier.step(sale.order.id, change)
    except Refused as error:
        return await view(ctx, request, cashier, sale, {"form": refusal(error)})
    return Redirect(to=f"desk/{sale.order.id}?done=decided")


def _parts(request: PageRequest, sale: Sale) -> tuple[dict[int, int], dict[str, Json]]:
    """Return the amounts that were typed, by line, and what is wrong with them."""
    parts: dict[int, int] = {}
    faults: dict[str, Json] = {}
    for line in sale.order.lines:
        key = f"line-{line.number}"
        text = request.field(key).strip().rstrip("\N{TENGE SIGN}").strip()
        if not text:
            continue
        try:
            minor = minor_of(text)
        except StatementError:
            faults[key] = say(N_("Write an amount, like 500."))
            continue
        if minor < 0:
            faults[key] = say(N_("Write an amount, like 500."))
        elif minor:
            parts[line.number] = minor
    return parts, faults
