"""Tell who pays, below the week of the diary: a payment comes by itself, or money can go back."""

from datetime import timedelta
from typing import Final

from kundelik_core.sdk import DiaryWeek, Fragment, Json, PluginContext
from kundelik_payments.domain.money import shown
from kundelik_payments.domain.unused import unused
from kundelik_payments.pages.returning import returnable
from kundelik_payments.rows import SALE, sale_of
from kundelik_payments.service.giving import inert_lines

__all__ = ["diary_week"]

# What was paid for the child whose diary it is; and when it goes on by itself, once that is near.
_ORDERS: Final = """
select p.id,
       (select max(u.period_end) from subscription u
         where u.latest_id = p.id and u.state = 'active' and not u.cancel_at_period_end
           and u.reminded_for = u.period_end and u.period_end > $2) as ends
  from purchase p
 where p.payer_id = $1 and p.state = 'paid' and p.placed_at > $3
   and p.lines @> jsonb_build_array(jsonb_build_object('student', $4::text))
 order by p.placed_at desc limit 20
"""
_WHOLE: Final = f"{SALE} where o.id = any($1::uuid[])"
_YEAR: Final = timedelta(days=400)


async def diary_week(ctx: PluginContext, args: DiaryWeek) -> Fragment | None:
    """Return what is to be told the payer, or None for everybody else and at all other times."""
    actor = ctx.actor
    if args.viewer != "guardian" or actor is None or actor.person_id is None:
        return None
    now = ctx.clock.now()
    coming: list[dict[str, Json]] = []
    back: list[dict[str, Json]] = []
    asked = (actor.person_id, now, now - _YEAR, str(args.student_id))
    async with ctx.db.read() as tx:
        # Most often nobody has paid for anything: then this is all.
        found = {row["id"]: row["ends"] for row in await tx.fetch(_ORDERS, *asked)}
        whole = await tx.fetch(_WHOLE, list(found)) if found else ()
        sales = {one.order.id: one for one in (sale_of(row["sale"]) for row in whole)}
        inert = await inert_lines(tx, sales.values())
    for sale, ends in ((sales[order], ends) for order, ends in found.items()):
        order = sale.order
        if ends is not None:
            day = ctx.i18n.day(ends.astimezone(now.tzinfo).date())
            amount = shown(order.total_minor, order.currency)
            coming.append({"order": str(order.id), "day": day, "amount": amount})
        free = returnable(ctx, sale)
        idle = unused(sale, inert.get(order.id, {}), now)
        if minor := sum(free.get(one.line, one.amount_minor) for one in idle):
            back.append({"order": str(order.id), "amount": shown(minor, order.currency)})
    if not coming and not back:
        return None
    return Fragment(template="renewal_notice.html", context={"coming": coming, "back": back})
