"""Offer a family the worth of what it cannot use any more, and give it back at one click."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Final
from uuid import UUID

from kundelik_core.sdk import Json, NotFound, PageAnswer, PageRequest, PluginContext, Redirect
from kundelik_payments.cashdesk import cashier_for
from kundelik_payments.domain.model import Sale
from kundelik_payments.domain.money import shown
from kundelik_payments.domain.refused import Refused
from kundelik_payments.domain.unused import Inert, Unused, unused
from kundelik_payments.pages import showing
from kundelik_payments.pages.people import actor_of, day
from kundelik_payments.pages.returning import end_with, returnable
from kundelik_payments.pages.words import N_, say
from kundelik_payments.providers.spi import Busy, ProviderError, Unclear
from kundelik_payments.service.cashier import LOG
from kundelik_payments.service.checkout import send_refund
from kundelik_payments.service.giving import ask_unused, inert_lines

__all__ = ["ask", "unused_of"]

_WHY: Final[Mapping[str, str]] = {
    "left": N_("%(name)s left the school: since %(day)s this is of no use."),
    "no-guardianship": N_(
        "The school has not had you as a parent of %(name)s since %(day)s: this is closed to you."
    ),
    "disabled": N_("The school switched this off on %(day)s."),
}
_NAMELESS: Final = N_("Since %(day)s this cannot be used.")


def unused_of(
    ctx: PluginContext,
    sale: Sale,
    inert: Mapping[int, Inert],
    names: Mapping[UUID, str],
    *,
    whole: bool = False,
) -> dict[str, Json] | None:
    """Return what a family may have back of an order, line by line and together.

    What it may have back without any reason stands on the order's page by itself, and is more;
    ``whole``: that is told too.
    """
    free = returnable(ctx, sale)
    found = [
        replace(one, amount_minor=free.get(one.line, one.amount_minor))
        for one in unused(sale, inert, ctx.clock.now())
        if whole or one.line not in free
    ]
    if not found:
        return None
    currency = sale.order.currency
    return {
        "lines": [_line(ctx, sale, one, names) for one in found],
        "total": shown(sum(one.amount_minor for one in found), currency),
    }


def _line(
    ctx: PluginContext, sale: Sale, one: Unused, names: Mapping[UUID, str]
) -> dict[str, Json]:
    line = sale.order.line(one.line)
    name = names.get(line.student, "") if line.student else ""
    text = _WHY[one.reason] if name or one.reason == "disabled" else _NAMELESS
    return {
        "title": showing.title_of(ctx, line),
        "name": name,
        "why": say(text, name=name, day=day(ctx, one.since)),
        "amount": shown(one.amount_minor, sale.order.currency),
    }


async def ask(ctx: PluginContext, request: PageRequest) -> PageAnswer:
    """Give back what is unused of one's own order; a second click finds nothing left."""
    cashier, person = await cashier_for(ctx), actor_of(ctx).person_id
    sale = await cashier.store.sale(UUID(request.params["order"]))
    if sale is None or person is None or sale.order.payer != person:
        return NotFound()
    address = f"orders/{sale.order.id}"
    async with ctx.db.read() as tx:
        inert = (await inert_lines(tx, [sale])).get(sale.order.id, {})
    if not unused(sale, inert, ctx.clock.now()):
        return Redirect(to=f"{address}?trouble=refused")
    # Nothing is taken any more for what cannot be used.
    await end_with(ctx, cashier, sale.order.id)
    try:
        refunds = await ask_unused(cashier, sale.order.id, inert)
    except Refused as error:
        LOG.info("%s: nothing unused goes back: %s", sale.order.id, error.code)
        return Redirect(to=f"{address}?trouble=to-school")
    answer = "done=refund"
    for refund in refunds:
        try:
            await send_refund(cashier, sale.order.id, refund.number)
        except (Busy, Unclear) as error:
            LOG.warning("%s: refund %s waits: %s", sale.order.id, refund.number, error)
            answer = "trouble=refund-later"
        except ProviderError as error:
            LOG.warning("%s: refund %s is refused: %s", sale.order.id, refund.number, error)
            answer = "trouble=to-school"
    return Redirect(to=f"{address}?{answer}")
