"""Let a school give out what it has: seats of licences, places for families, codes on slips.

Who has a free place stands on this page and on no other; families see what they have, not why.
"""

from collections.abc import Mapping
from datetime import date, datetime
from http import HTTPStatus
from typing import Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo

import msgspec
from litestar import Response
from litestar.params import FromPath
from litestar.response import Redirect

from kundelik_core.entitlements.office import (
    Licence,
    Place,
    end_place,
    give_place,
    licences,
    places,
)
from kundelik_core.entitlements.rules import end_of_day
from kundelik_core.entitlements.sharing import set_sharing, sharing_history
from kundelik_core.entitlements.vouchers import (
    NewVoucher,
    Voucher,
    make_voucher,
    vouchers,
    withdraw_voucher,
)
from kundelik_core.identity.access import Permission
from kundelik_core.kernel import clock
from kundelik_core.kernel.audit import Doer
from kundelik_core.kernel.clock import SCHOOL_ZONE
from kundelik_core.kernel.db import Tenant, tenant
from kundelik_core.kernel.errors import Problem
from kundelik_core.kernel.i18n import N_, _, current_locale, long_date
from kundelik_core.kernel.ids import new_id
from kundelik_core.kernel.names import full_name
from kundelik_core.schools.calendar import school_year_of
from kundelik_core.schools.queries.directory_of_people import Found, Search, find_people
from kundelik_core.web.frame import NOTES, Note, after, school_name, view
from kundelik_core.web.modules import allowed
from kundelik_core.web.offer_titles import feature_title, features_on, last_day
from kundelik_core.web.plugin_view import at
from kundelik_core.web.routes import form, page
from kundelik_core.web.school_choice import asked_school, learn_schools, missing, school_tabs
from kundelik_core.web.visit import Request, actor_of, form_of

__all__ = ["HANDLERS", "MAY", "doer_of", "pupils_like", "zone_of"]

NOTES["place-given"] = Note(N_("The family has it from now on."))
NOTES["place-ended"] = Note(N_("It has ended."))
NOTES["sharing-on"] = Note(N_("What one guardian buys for a child serves all of them."))
NOTES["sharing-off"] = Note(N_("What somebody buys serves that guardian and the child alone."))
NOTES["code-withdrawn"] = Note(N_("That code opens nothing more. What it has opened stays."))

MAY: Final = Permission.MODULES
PATH: Final = "/office/licences"
MOST_CODES: Final = 200


@page(PATH, access=MAY)
async def overview(request: Request) -> Response[bytes]:
    """Show what the school has to give, and what it has given."""
    return await _page(request, await _school(request))


@form(f"{PATH}/places", access=MAY)
async def give(request: Request) -> Response[bytes] | Redirect:
    """Give a family a feature for some months."""
    school_id, fields = await _school(request), await form_of(request)
    try:
        pupil, ref = _id(fields, "pupil"), _id(fields, "ref") or new_id()
        if pupil is None:
            raise Problem("no-pupil", N_("Choose a pupil."), status=422, field="pupil")
        feature = await _feature(school_id, fields)
        async with tenant(school_id, write=True) as tx:
            zone, doer = await zone_of(tx), doer_of(request, school_id)
            await give_place(tx, feature, pupil, _number(fields, "months"), ref, zone, doer)
    except Problem as problem:
        return await _page(request, school_id, fields, problem)
    return after(request, f"{PATH}?school={school_id}", "place-given")


@form(f"{PATH}/places/{{place:uuid}}/end", access=MAY)
async def take_back(request: Request, place: FromPath[UUID]) -> Redirect:
    """End a place before its time."""
    school_id = await _school(request)
    async with tenant(school_id, write=True) as tx:
        await end_place(tx, place, doer_of(request, school_id))
    return after(request, f"{PATH}?school={school_id}", "place-ended")


@form(f"{PATH}/codes", access=MAY)
async def codes(request: Request) -> Response[bytes]:
    """Make codes and show them on slips, once."""
    school_id, fields = await _school(request), await form_of(request)
    try:
        feature = await _feature(school_id, fields)
        months, uses = _number(fields, "months", 60), _number(fields, "uses", 100_000)
        several = _number(fields, "codes", MOST_CODES)
        async with tenant(school_id, write=True) as tx:
            until = end_of_day(_day(fields.get("expires", "")), await zone_of(tx))
            new = NewVoucher(feature=feature, months=months, uses=uses, expires_at=until)
            doer = doer_of(request, school_id)
            made = [(await make_voucher(tx, new, doer))[1] for _n in range(several)]
    except Problem as problem:
        return await _page(request, school_id, fields, problem)
    locale = current_locale()
    return view(
        request,
        "codes.html",
        school=school_name(school_id, locale),
        back=f"{PATH}?school={school_id}",
        title=feature_title(feature, locale),
        months=months,
        until=last_day(until, locale),
        address=str(request.base_url).rstrip("/"),
        codes=made,
    )


@form(f"{PATH}/codes/{{voucher:uuid}}/withdraw", access=MAY)
async def withdraw(request: Request, voucher: FromPath[UUID]) -> Redirect:
    """Let a code open nothing more."""
    school_id = await _school(request)
    async with tenant(school_id, write=True) as tx:
        if voucher not in {one.id for one in await vouchers(tx)}:
            raise missing()
        await withdraw_voucher(tx, voucher, doer_of(request, school_id))
    return after(request, f"{PATH}?school={school_id}", "code-withdrawn")


@form(f"{PATH}/sharing", access=MAY)
async def share(request: Request) -> Redirect:
    """Say whom a purchase serves: all guardians of the child, or the one who made it."""
    school_id, fields = await _school(request), await form_of(request)
    shared = fields.get("shared") == "yes"
    async with tenant(school_id, write=True) as tx:
        await set_sharing(tx, shared, doer_of(request, school_id))
    note = "sharing-on" if shared else "sharing-off"
    return after(request, f"{PATH}?school={school_id}", note)


async def _school(request: Request) -> int:
    await learn_schools(actor_of(request))
    return asked_school(request, MAY)


async def zone_of(tx: Tenant) -> str:
    """Return the time zone of the school."""
    zone = await tx.fetchval("select s.time_zone from core.school s where s.id = $1", tx.school_id)
    return str(zone or SCHOOL_ZONE)


def doer_of(request: Request, school_id: int) -> Doer:
    """Return who acts, for the log."""
    actor = actor_of(request)
    return Doer(actor.account_id, actor.person(school_id))


async def pupils_like(tx: Tenant, text: str, class_id: UUID | None = None) -> list[dict[str, str]]:
    """Return pupils by the beginning of a name, or of one class."""
    if not text and class_id is None:
        return []
    today = clock.today()
    wanted = Search(text=text, roles=frozenset({"pupil"}), class_id=class_id)
    found, _total = await find_people(tx, wanted, school_year_of(today), today)
    return [_pupil(one) for one in found]


def _pupil(one: Found) -> dict[str, str]:
    return {
        "id": str(one.id),
        "name": full_name(one.surname, one.given, one.patronymic),
        "sub": ", ".join(one.class_titles),
    }


async def _page(
    request: Request,
    school_id: int,
    fields: Mapping[str, str] | None = None,
    problem: Problem | None = None,
) -> Response[bytes]:
    now, typed = clock.now(), dict(fields or {})
    q = (typed.get("q") or request.query_params.get("q") or "").strip()[:80]
    async with tenant(school_id) as tx:
        has, given = await licences(tx, now), await places(tx, now)
        out, shares = await vouchers(tx), await sharing_history(tx)
        found = await pupils_like(tx, q)
    offered = await _offered(school_id)
    features = [
        {"value": key, "label": title, "current": key == typed.get("feature")}
        for key, title in offered.items()
    ]
    return view(
        request,
        "licences.html",
        status=HTTPStatus.UNPROCESSABLE_ENTITY if problem else HTTPStatus.OK,
        school_id=school_id,
        licences=[_licence(one, school_id) for one in has],
        places=[_place(one, school_id) for one in given],
        vouchers=[_voucher(one, school_id, now) for one in out],
        features=features,
        shared=not shares or shares[0].shared,
        shares=[{"shared": one.shared, "since": at(one.since)} for one in shares],
        q=q,
        found=found,
        chosen=typed.get("pupil", ""),
        typed={name: typed.get(name, "") for name in ("months", "uses", "codes", "expires")},
        ref=typed.get("ref") or str(new_id()),
        error=_(problem.message) % problem.params if problem else "",
        for_codes="codes" in typed,
        most=MOST_CODES,
        schools=school_tabs(request, MAY, school_id),
    )


async def _offered(school_id: int) -> dict[str, str]:
    return features_on(await allowed().active(school_id))


async def _feature(school_id: int, fields: Mapping[str, str]) -> str:
    feature = fields.get("feature", "")
    if feature not in await _offered(school_id):
        raise Problem(
            "no-such-feature", N_("No module of your school offers that."), status=422,
            field="feature",
        )  # fmt: skip
    return feature


def _licence(one: Licence, school_id: int) -> dict[str, str]:
    locale = current_locale()
    taken = {"taken": one.taken, "seats": one.seats}
    return {
        "title": feature_title(one.feature, locale),
        "seats": _("%(taken)s of %(seats)s seats taken") % taken if one.seats else "",
        "until": last_day(one.ends, locale),
        "href": f"{PATH}/{one.id}?school={school_id}" if one.seats else "",
    }


def _place(one: Place, school_id: int) -> dict[str, str]:
    locale = current_locale()
    return {
        "name": f"{one.surname} {one.given}",
        "title": feature_title(one.feature, locale),
        "until": last_day(one.ends, locale),
        "action": f"{PATH}/places/{one.id}/end?school={school_id}",
    }


def _voucher(one: Voucher, school_id: int, now: datetime) -> dict[str, str]:
    locale, over = current_locale(), one.expires_at <= now
    open_ = one.withdrawn_at is None and not over and one.used < one.uses
    state = _("withdrawn") if one.withdrawn_at else last_day(one.expires_at, locale)
    return {
        "title": feature_title(one.feature, locale),
        "months": str(one.months),
        "used": _("used %(used)s of %(uses)s") % {"used": one.used, "uses": one.uses},
        "state": state,
        "made": long_date(one.made_at.astimezone(ZoneInfo(SCHOOL_ZONE)).date(), locale),
        "action": f"{PATH}/codes/{one.id}/withdraw?school={school_id}" if open_ else "",
    }


def _id(fields: Mapping[str, str], name: str) -> UUID | None:
    try:
        return UUID(fields[name])
    except (KeyError, ValueError):
        return None


def _number(fields: Mapping[str, str], name: str, most: int = 24) -> int:
    text = fields.get(name, "").strip()
    if text.isascii() and text.isdigit() and len(text) < 7 and 1 <= int(text) <= most:
        return int(text)
    raise Problem(
        "number-form", N_("Write a number from 1 to %(most)s."), status=422, field=name,
        params={"most": most},
    )  # fmt: skip


def _day(text: str) -> date:
    try:
        return msgspec.convert(text, date, strict=False)
    except msgspec.ValidationError:
        raise Problem(
            "day-form", N_("Choose the last day on which the codes can be used."), status=422,
            field="expires",
        ) from None  # fmt: skip


HANDLERS: Final[tuple[Any, ...]] = (overview, give, take_back, codes, withdraw, share)
