"""Show the operator what vendors are owed, and let somebody pay by hand what no service pays."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Any, Final
from uuid import UUID

import msgspec
from litestar import Response
from litestar.params import FromPath
from litestar.response import Redirect

from kundelik_core.entitlements.catalogue import entry
from kundelik_core.entitlements.ledger.queries import losses
from kundelik_core.entitlements.payouts import actions
from kundelik_core.entitlements.payouts.by_hand import (
    came_back,
    confirm,
    not_payable,
    to_hand_over,
)
from kundelik_core.entitlements.payouts.model import BY_HAND, Due, Payee, Underway
from kundelik_core.entitlements.payouts.payees import set_payee
from kundelik_core.entitlements.payouts.queries import (
    dues,
    open_confirmations,
    paid_by_hand,
    payees,
    underway,
)
from kundelik_core.identity.access import Permission
from kundelik_core.identity.queries import account_by_login, logins_of
from kundelik_core.kernel import clock
from kundelik_core.kernel.audit import Doer
from kundelik_core.kernel.db import tenant
from kundelik_core.kernel.errors import Problem
from kundelik_core.kernel.i18n import N_, _
from kundelik_core.web.frame import NOTES, Note, after, view
from kundelik_core.web.plugin_view import at
from kundelik_core.web.routes import form, page
from kundelik_core.web.visit import Request, actor_of, form_of

__all__ = ["HANDLERS", "PATH"]

NOTES["payout-paid"] = Note(N_("It is written down as paid. Nobody pays it again."))
NOTES["payout-back"] = Note(N_("It is ripe again, and decided anew on another day."))
NOTES["payout-mine"] = Note(N_("It stands on the list to pay by hand now."))
NOTES["payee-set"] = Note(N_("The vendor is paid so from now on. What was decided goes its way."))

PATH: Final = "/platform/payouts"
FIELDS: Final = ("method", "destination", "least", "login")
_BACK: Final = timedelta(days=90)
_MOST: Final = 200
_STATES: Final = {"open": N_("waits"), "begun": N_("asked, no answer yet")}


@page(PATH, access=Permission.PLATFORM)
async def payouts(request: Request) -> Response[bytes]:
    """Show what is to be paid by hand, what is on its way, and what every vendor has."""
    return await _page(request)


@form(f"{PATH}/paid", access=Permission.PLATFORM)
async def paid(request: Request) -> Response[bytes] | Redirect:
    """Note that somebody has paid all that stands on a vendor's list."""
    fields = await form_of(request)
    try:
        await confirm(*_listed(fields), _minor(fields), actor_of(request).account_id)
    except Problem as problem:
        return await _page(request, problem=problem)
    return after(request, PATH, "payout-paid")


@form(f"{PATH}/impossible", access=Permission.PLATFORM)
async def impossible(request: Request) -> Redirect:
    """Book back what cannot be paid to a vendor now."""
    fields = await form_of(request)
    await not_payable(*_listed(fields), actor_of(request).account_id)
    return after(request, PATH, "payout-back")


@form(f"{PATH}/transfers/{{confirmation:uuid}}/back", access=Permission.PLATFORM)
async def back(request: Request, confirmation: FromPath[UUID]) -> Redirect:
    """Note that the bank has sent a transfer back."""
    await came_back(confirmation, actor_of(request).account_id)
    return after(request, PATH, "payout-back")


@form(f"{PATH}/{{school:int}}/{{payout:uuid}}/by-hand", access=Permission.PLATFORM)
async def by_hand(request: Request, school: FromPath[int], payout: FromPath[UUID]) -> Redirect:
    """Let somebody pay by hand what no service was asked for yet."""
    async with tenant(school, write=True, quiet=True) as tx:
        await actions.take_over(tx, payout, Doer(actor_of(request).account_id))
    return after(request, PATH, "payout-mine")


@form(f"{PATH}/{{school:int}}/{{payout:uuid}}/not-paid", access=Permission.PLATFORM)
async def not_paid(request: Request, school: FromPath[int], payout: FromPath[UUID]) -> Redirect:
    """Book back what somebody has seen was never paid at the service, though it was asked."""
    async with tenant(school, write=True, quiet=True) as tx:
        await actions.fail(tx, payout, "not paid there", Doer(actor_of(request).account_id))
    return after(request, PATH, "payout-back")


@form(f"{PATH}/payee", access=Permission.PLATFORM)
async def payee(request: Request) -> Response[bytes] | Redirect:
    """Let a vendor be paid so from now on."""
    fields = await form_of(request)
    try:
        await _set(fields, actor_of(request).account_id)
    except Problem as problem:
        return await _page(request, fields, problem)
    return after(request, PATH, "payee-set")


async def _set(fields: Mapping[str, str], by: UUID | None) -> None:
    login, least = fields.get("login", "").strip(), fields.get("least", "").strip()
    account = await account_by_login(login) if login else None
    if login and account is None:
        raise Problem(
            "no-such-login", N_("Nobody signs in as %(login)s."), status=422, field="login",
            params={"login": login},
        )  # fmt: skip
    made = Payee(
        vendor=fields.get("vendor", "").strip()[:60],
        method=fields.get("method", "").strip()[:30],
        destination=fields.get("destination", "").strip()[:200],
        least_minor=entry.amount(least, "least") if least else 0,
        account_id=account,
    )
    if made.vendor not in {one.vendor for one in await dues(clock.now())} | (await payees()).keys():
        raise Problem("not-found", N_("There is no such vendor."), status=404)
    await set_payee(made, by)


def _listed(fields: Mapping[str, str]) -> tuple[str, str, datetime]:
    try:
        until = msgspec.convert(fields.get("until", ""), datetime, strict=False)
    except msgspec.ValidationError:
        until = datetime.min.replace(tzinfo=clock.now().tzinfo)
    return fields.get("vendor", "")[:60], fields.get("currency", "")[:3], until


def _minor(fields: Mapping[str, str]) -> int:
    seen = fields.get("seen", "")
    return int(seen) if seen.isascii() and seen.isdigit() and len(seen) < 16 else -1


async def _page(
    request: Request, fields: Mapping[str, str] | None = None, problem: Problem | None = None
) -> Response[bytes]:
    now, ways = clock.now(), await payees()
    going, confirmed = await underway(), await open_confirmations()
    waiting = to_hand_over(going, confirmed)
    on_way = [one for one in going if one.method != BY_HAND or one.back]
    transfers = await paid_by_hand(now - _BACK)
    vendors = _by_vendor(await dues(now), ways)
    lost = await losses(now - _BACK)
    return view(
        request,
        "payouts.html",
        status=HTTPStatus.UNPROCESSABLE_ENTITY if problem else HTTPStatus.OK,
        waiting=[_list(*key, several, ways.get(key[0])) for key, several in waiting.items()],
        on_way=[_going(one) for one in on_way[:_MOST]],
        vendors=[await _vendor(name, several, ways.get(name)) for name, several in vendors],
        transfers=[
            {
                "vendor": one.vendor,
                "amount": entry.money_text(one.amount_minor, one.currency),
                "at": at(one.paid_at),
                "returned": at(one.returned_at),
                "action": "" if one.returned_at or not one.done_at
                else f"{PATH}/transfers/{one.id}/back",
            }
            for one in transfers
        ],
        losses=[
            {
                "school": one.school_id,
                "order": one.order_ref,
                "amount": entry.money_text(one.losses, one.currency),
                "at": at(one.latest),
            }
            for one in lost[:_MOST]
        ],
        wrong=(fields or {}).get("vendor", "") if problem and fields else "",
        typed={name: (fields or {}).get(name, "") for name in FIELDS},
        error_field=(problem.field or "") if problem else "",
        error=_(problem.message) % problem.params if problem else "",
    )  # fmt: skip


def _by_vendor(several: Sequence[Due], ways: Mapping[str, Payee]) -> list[tuple[str, list[Due]]]:
    found: dict[str, list[Due]] = {name: [] for name in ways}
    for one in several:
        found.setdefault(one.vendor, []).append(one)
    return sorted(found.items())


def _list(
    vendor: str, currency: str, several: Sequence[Underway], payee: Payee | None
) -> dict[str, Any]:
    total = sum(one.amount_minor for one in several)
    return {
        "vendor": vendor,
        "currency": currency,
        "seen": total,
        "amount": entry.money_text(total, currency),
        "schools": len({one.school_id for one in several}),
        "destination": payee.destination if payee else several[-1].destination,
        "until": max(one.listed_at for one in several).isoformat(),
    }


def _going(one: Underway) -> dict[str, Any]:
    address = f"{PATH}/{one.school_id}/{one.id}"
    return {
        "vendor": one.vendor,
        "school": one.school_id,
        "amount": entry.money_text(one.amount_minor, one.currency),
        "back": one.back,
        "method": one.method,
        "state": _(_STATES[one.state]),
        "reason": one.reason,
        "since": at(one.listed_at),
        "by_hand": f"{address}/by-hand" if one.state == "open" and not one.back else "",
        "not_paid": f"{address}/not-paid" if one.state == "begun" and not one.back else "",
    }


async def _vendor(name: str, several: Sequence[Due], payee: Payee | None) -> dict[str, Any]:
    logins = await logins_of(payee.account_id) if payee and payee.account_id else []
    sums = []
    for currency in sorted({one.currency for one in several}):
        mine = [one for one in several if one.currency == currency]
        sums.append(
            {
                "ripe": entry.money_text(sum(max(one.matured, 0) for one in mine), currency),
                "all": entry.money_text(sum(one.payable for one in mine), currency),
                "owes": entry.money_text(-sum(min(one.payable, 0) for one in mine), currency)
                if any(one.payable < 0 for one in mine)
                else "",
                "paid": entry.money_text(sum(one.paid_out for one in mine), currency),
                "schools": len(mine),
            }
        )
    return {
        "name": name,
        "sums": sums,
        "method": payee.method if payee else "",
        "destination": payee.destination if payee else "",
        "least": entry.money_text(payee.least_minor, "KZT") if payee and payee.least_minor else "",
        "login": logins[0] if logins else "",
    }


HANDLERS: Final[tuple[Any, ...]] = (
    payouts, paid, impossible, back, by_hand, not_paid, payee,
)  # fmt: skip
