"""Make the cashier of a call: the school's orders, its ways to pay, its clock."""

from zoneinfo import ZoneInfo

from kundelik_core.sdk import PluginContext
from kundelik_payments.providing import providers_of
from kundelik_payments.service.cashier import Cashier
from kundelik_payments.settings import Options
from kundelik_payments.store import PgStore

__all__ = ["Desk", "cashier_for"]


class Desk(Cashier):
    """The cashier at the plugin's own tables."""

    store: PgStore


async def cashier_for(ctx: PluginContext, *, offered: bool = False) -> Desk:
    """Return the cashier of this call; ``offered``: with the ways to pay that are offered now."""
    options: Options = ctx.settings
    return Desk(
        store=PgStore(ctx),
        providers=providers_of(ctx, options, offered=offered),
        clock=ctx.clock,
        zone=ZoneInfo(ctx.school.zone),
    )
