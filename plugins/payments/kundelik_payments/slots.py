"""Remind who pays, below the week of the diary, that a payment comes by itself in some days."""

from datetime import datetime
from typing import Final

from kundelik_core.sdk import DiaryWeek, Fragment, PluginContext
from kundelik_payments.domain.money import shown
from kundelik_payments.rows import SALE, sale_of

__all__ = ["diary_week"]

_COMING: Final = f"""
{SALE}
 where o.payer_id = $1
   and o.id in (select s.latest_id from subscription s
                 where s.state = 'active' and not s.cancel_at_period_end
                   and s.reminded_for = s.period_end and s.period_end > $2)
 order by o.placed_at limit 5
"""
_ENDS: Final = "select max(period_end) from subscription where latest_id = $1"


async def diary_week(ctx: PluginContext, args: DiaryWeek) -> Fragment | None:
    """Return the reminder to the payer, or None for everybody else and at all other times."""
    actor = ctx.actor
    if args.viewer != "guardian" or actor is None or actor.person_id is None:
        return None
    now, coming = ctx.clock.now(), []
    async with ctx.db.read() as tx:
        for row in await tx.fetch(_COMING, actor.person_id, now):
            order = sale_of(row["sale"]).order
            if args.student_id not in {line.student for line in order.lines}:
                continue
            ends: datetime = await tx.fetchval(_ENDS, order.id)
            coming.append(
                {
                    "order": str(order.id),
                    "day": ctx.i18n.day(ends.astimezone(now.tzinfo).date()),
                    "amount": shown(order.total_minor, order.currency),
                }
            )
    if not coming:
        return None
    return Fragment(template="renewal_notice.html", context={"coming": coming})
