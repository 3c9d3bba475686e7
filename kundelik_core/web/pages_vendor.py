"""Show a vendor what its modules have earned and what it was paid; nothing of anybody's data."""

from collections import Counter
from collections.abc import Sequence
from datetime import timedelta
from typing import Any, Final

from litestar import Response

from kundelik_core.entitlements.catalogue import entry
from kundelik_core.entitlements.payouts.model import Due, Payee, Settled, Underway
from kundelik_core.entitlements.payouts.queries import dues, settled, underway, vendors_of
from kundelik_core.identity.access import Permission
from kundelik_core.kernel import clock
from kundelik_core.kernel.i18n import N_, _, current_locale, long_date
from kundelik_core.web.frame import view
from kundelik_core.web.routes import page
from kundelik_core.web.visit import Request, actor_of

__all__ = ["HANDLERS"]

_BACK: Final = timedelta(days=400)
_STATES: Final = {
    "paid": N_("paid"),
    "failed": N_("came to nothing; it is paid another day"),
}


@page("/vendor", access=Permission.VENDOR)
async def vendor(request: Request) -> Response[bytes]:
    """Show what is earned, ripe and paid out of each of somebody's vendors."""
    now = clock.now()
    mine = await vendors_of(actor_of(request).account_id)
    several, going = (await dues(now), await underway()) if mine else ([], [])
    shown = [_vendor(one, several, going, await settled(now - _BACK, one.vendor)) for one in mine]
    return view(request, "vendor.html", vendors=shown)


def _vendor(
    one: Payee, several: Sequence[Due], going: Sequence[Underway], ended: Sequence[Settled]
) -> dict[str, Any]:
    held = [each for each in several if each.vendor == one.vendor]
    on_way: Counter[str] = Counter()
    for each in going:
        if each.vendor == one.vendor and not each.back:
            on_way[each.currency] += each.amount_minor
    return {
        "name": one.vendor,
        "way": one.method or _("by hand"),
        "destination": one.destination,
        "least": entry.money_text(one.least_minor, "KZT") if one.least_minor else "",
        "sums": [_sums(held, currency) for currency in sorted({d.currency for d in held})],
        "on_way": [entry.money_text(minor, cur) for cur, minor in sorted(on_way.items())],
        "payouts": [_payout(each) for each in ended],
    }


def _payout(one: Settled) -> dict[str, Any]:
    back = entry.money_text(one.returned_minor, one.currency) if one.returned_minor else ""
    return {
        "day": long_date(one.batch, current_locale()),
        "amount": entry.money_text(one.amount_minor, one.currency),
        "back": back,
        "schools": one.payouts,
        "state": _(_STATES[one.state]),
        "ok": one.state == "paid",
    }


def _sums(several: Sequence[Due], currency: str) -> dict[str, Any]:
    mine = [one for one in several if one.currency == currency]
    payable, ripe = sum(one.payable for one in mine), sum(one.matured for one in mine)
    return {
        "all": entry.money_text(payable, currency),
        "ripe": entry.money_text(max(ripe, 0), currency),
        "owes": entry.money_text(-payable, currency) if payable < 0 else "",
        "paid": entry.money_text(sum(one.paid_out for one in mine), currency),
        "schools": len(mine),
    }


HANDLERS: Final[tuple[Any, ...]] = (vendor,)
